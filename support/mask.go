package support

import (
	"bytes"
	"encoding/json"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Masked is what stands in the place of a secret.
const Masked = "********"

// Mask takes secrets out of texts.
type Mask struct{ secrets []string }

// shortest is how long a secret must be to be looked for everywhere: a shorter one is in
// many words.
const shortest = 4

// NewMask returns a mask of known secrets, and of what looks like one.
func NewMask(secrets []string) Mask {
	var m Mask
	for _, secret := range secrets {
		if len(secret) < shortest {
			continue
		}
		for _, s := range spellings(secret) {
			if !slices.Contains(m.secrets, s) {
				m.secrets = append(m.secrets, s)
			}
		}
	}
	// One may contain another.
	slices.SortFunc(m.secrets, func(a, b string) int { return len(b) - len(a) })
	return m
}

// spellings returns how a text is written: as it is, and in strings of JSON, YAML and Go.
func spellings(text string) []string {
	all := []string{text, strings.ReplaceAll(text, "'", "''")}
	for _, html := range []bool{false, true} {
		var b strings.Builder
		e := json.NewEncoder(&b)
		e.SetEscapeHTML(html)
		if err := e.Encode(text); err == nil { // a text always has JSON
			quoted := strings.TrimSpace(b.String())
			all = append(all, quoted[1:len(quoted)-1])
		}
	}
	quoted := strconv.Quote(text)
	return append(all, quoted[1:len(quoted)-1])
}

// Secrets replaces all values of the mapping key of a JSON document, whatever their names
// and however short they are.
func Secrets(document []byte, key string) ([]byte, error) {
	var v any
	d := json.NewDecoder(bytes.NewReader(document))
	d.UseNumber() // large ones stay exact
	if err := d.Decode(&v); err != nil {
		return nil, err
	}
	hideIn(v, key)
	return json.MarshalIndent(v, "", "  ")
}

func hideIn(v any, key string) {
	switch v := v.(type) {
	case map[string]any:
		secrets, _ := v[key].(map[string]any)
		for name := range secrets {
			secrets[name] = Masked
		}
		for _, inner := range v {
			hideIn(inner, key)
		}
	case []any:
		for _, inner := range v {
			hideIn(inner, key)
		}
	}
}

// Named reports whether the name of a setting or a variable says that its value is secret.
func Named(name string) bool { return secretName.MatchString(name) }

const secretWords = `password|passwd|passphrase|[-_]pass|secret|token|credential|api[-_]?key|private[-_]?key|pre-?shared[-_]?key|psk`

var (
	secretName = regexp.MustCompile(`(?i)` + secretWords)

	// A name and its value, as in YAML, JSON, shells and options of commands. The value of a
	// name that only says where the secret is stays.
	secretSetting = regexp.MustCompile(`(?i)(["']?[a-z0-9_.-]*(?:` + secretWords + `)[a-z0-9_]*["']?\s*[:=]\s*)("(?:[^"\\\n]|\\.)*"|'(?:[^'\n]|'')*'|[^\s,;{}\[\]"']+)`)

	// The text of a key in PEM (RFC 7468).
	pemKey = regexp.MustCompile(`(?s)-----BEGIN [A-Z ]*PRIVATE KEY-----.*?-----END [A-Z ]*PRIVATE KEY-----`)
)

// Text returns a text without secrets.
func (m Mask) Text(text string) string {
	for _, s := range m.secrets {
		text = strings.ReplaceAll(text, s, Masked)
	}
	text = pemKey.ReplaceAllString(text, Masked)
	return secretSetting.ReplaceAllStringFunc(text, func(match string) string {
		parts := secretSetting.FindStringSubmatch(match)
		switch parts[2] {
		case "null", "true", "false", `""`, "''", Masked:
			return match
		}
		quote := ""
		if c := parts[2][0]; c == '"' || c == '\'' {
			quote = string(c)
		}
		return parts[1] + quote + Masked + quote
	})
}
