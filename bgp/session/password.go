package session

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
)

// Password is a TCP-MD5 password (RFC 2385), or the place where it is found. Only
// its JSON form contains the text of one that the lab file has; no other form
// shows it.
type Password struct {
	Text string // "" where it is still to be read, or there is none
	Env  string // the environment variable that has it
	File string // the file that has it
	Line int    // of the lab file, for messages
}

// Set reports whether there is a password.
func (p Password) Set() bool { return p.Text != "" || p.Elsewhere() }

// Elsewhere reports whether the lab file only says where the password is.
func (p Password) Elsewhere() bool { return p.Env != "" || p.File != "" }

// Equal reports whether two passwords are the same, or found at the same place.
func (p Password) Equal(o Password) bool {
	return p.Text == o.Text && p.Env == o.Env && p.File == o.File
}

// Source names the place of a password that is elsewhere.
func (p Password) Source() string {
	switch {
	case p.Env != "":
		return "environment variable " + p.Env
	case p.File != "":
		return "file " + p.File
	}
	return ""
}

// String says where the password is, and never what it is.
func (p Password) String() string {
	switch {
	case p.Elsewhere():
		return "from " + p.Source()
	case p.Text != "":
		return "set"
	}
	return "none"
}

// Format implements fmt.Formatter: no verb shows the text.
func (p Password) Format(f fmt.State, _ rune) { fmt.Fprint(f, p.String()) }

// LogValue implements slog.LogValuer.
func (p Password) LogValue() slog.Value { return slog.StringValue(p.String()) }

// placeOfPassword is the JSON form of a password that is elsewhere.
type placeOfPassword struct {
	Env  string `json:"env,omitempty"`
	File string `json:"file,omitempty"`
}

// MarshalJSON writes the text of a password, or its place, and then never the
// text.
func (p Password) MarshalJSON() ([]byte, error) {
	if p.Elsewhere() {
		return json.Marshal(placeOfPassword{p.Env, p.File})
	}
	return json.Marshal(p.Text)
}

// UnmarshalJSON reads what MarshalJSON writes.
func (p *Password) UnmarshalJSON(data []byte) error {
	*p = Password{}
	if !strings.HasPrefix(string(data), "{") {
		return json.Unmarshal(data, &p.Text)
	}
	var place placeOfPassword
	err := json.Unmarshal(data, &place)
	p.Env, p.File = place.Env, place.File
	return err
}

// CheckText refuses the text of a password that no session can have.
func CheckText(text string) *Misfit {
	switch n := len(text); {
	case n == 0 || n > maxPassword:
		return &Misfit{fmt.Sprintf("the password has %d octets", n), fmt.Sprintf("use 1 to %d", maxPassword)}
	case strings.ContainsAny(text, "\x00\r\n"):
		return &Misfit{"the password has several lines, or a zero octet", fmt.Sprintf("use one line of 1 to %d octets", maxPassword)}
	}
	return nil
}
