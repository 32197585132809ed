package session

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
)

// No way of printing settings shows a password, and JSON shows that of the lab
// file alone.
func TestPasswordIsNotPrinted(t *testing.T) {
	s := Settings{Password: Password{Text: "hunter2"}}
	var logged strings.Builder
	slog.New(slog.NewTextHandler(&logged, nil)).Info("session", "password", s.Password, "settings", s)
	for _, text := range []string{
		fmt.Sprint(s), fmt.Sprintf("%+v", s), fmt.Sprintf("%#v", s), fmt.Sprintf("%s %q %x %d", s.Password, s.Password, s.Password, s.Password),
		fmt.Sprintf("%+v", &s), logged.String(),
	} {
		if strings.Contains(text, "hunter2") || strings.Contains(text, fmt.Sprintf("%x", "hunter2")) {
			t.Errorf("printed: %s", text)
		}
	}
	for _, place := range []Password{{Text: "hunter2", Env: "BGP_KEY"}, {Text: "hunter2", File: "/etc/bgp.key"}} {
		s.Password = place
		if data, err := json.Marshal(s); err != nil || strings.Contains(string(data), "hunter2") || !strings.Contains(string(data), place.Env+place.File) {
			t.Errorf("%v: %s, %v", place, data, err)
		}
	}
}

func TestPasswordInJSON(t *testing.T) {
	for _, p := range []Password{{}, {Text: "x"}, {Text: "{env: A}"}, {Env: "A"}, {File: "/a"}} {
		data, err := json.Marshal(p)
		if err != nil {
			t.Fatal(err)
		}
		var back Password
		if err := json.Unmarshal(data, &back); err != nil || !back.Equal(p) || back.Set() != p.Set() {
			t.Errorf("%s: %+v, %v", data, back, err)
		}
	}
}
