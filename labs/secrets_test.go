package labs

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pseudowan/labs/catalog"
	"pseudowan/labs/plan"
)

// lab writes a topology file whose two sessions have a password of that form.
func labWith(t *testing.T, password string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "lab.yaml")
	text := `name: secret
defaults: {router: {as: 65001}}
routers: {pe1: {}, pe2: {}}
links:
- {ends: [pe1:eth1, pe2:eth1], subnets: [192.168.0.0/30], bgp: {password: ` + password + `}}
vrfs: {red: {rts: "65001:1"}}
hosts:
  h1: {to: pe1, vrf: red, addresses: 10.1.0.2/24, bgp: {as: 65100, password: ` + password + `}}
`
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestSecretsThatCannotBeUsed(t *testing.T) {
	dir := t.TempDir()
	file := func(name, text string, mode os.FileMode) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), mode); err != nil {
			t.Fatal(err)
		}
		return path
	}
	t.Setenv("PW_EMPTY", "")
	t.Setenv("PW_LONG", strings.Repeat("x", 81))
	for password, want := range map[string]string{
		"{env: PW_NOT_THERE}": "the variable is not set; set it, with sudo as in sudo --preserve-env=PW_NOT_THERE pseudowan up",
		"{env: PW_EMPTY}":     "the password has 0 octets; use 1 to 80",
		"{env: PW_LONG}":      "the password has 81 octets; use 1 to 80",
		"{file: not-there}":   "there is no such file; write the password into it",
		"{file: .}":           "it is not a regular file; name a file with one line",
		"{file: " + file("open", "hunter2\n", 0o644) + "}":    "others may have access to the file: its mode is 0644; chmod 600 " + dir,
		"{file: " + file("group", "hunter2\n", 0o640) + "}":   "its mode is 0640",
		"{file: " + file("empty", "\nhunter2\n", 0o600) + "}": "the password has 0 octets",
	} {
		top, _, err := catalog.Load(labWith(t, password), nil)
		if err != nil {
			t.Fatal(err)
		}
		err = CheckSecrets(top)
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "lab.yaml:5: password from ") || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v; want %q", password, err, want)
		}
	}
}

// The plan has no password that the topology file keeps elsewhere; the routers'
// configurations have those of their own sessions.
func TestSecretsAreNotInThePlan(t *testing.T) {
	t.Setenv("PW_KEY", "hunter2")
	path := labWith(t, "{env: PW_KEY}")
	if err := os.WriteFile(filepath.Join(filepath.Dir(path), "key"), []byte("hunter2\nmore\n"), 0o400); err != nil {
		t.Fatal(err)
	}
	for _, password := range []string{"{env: PW_KEY}", "{file: key}"} {
		text, _ := os.ReadFile(path)
		text = []byte(strings.ReplaceAll(string(text), "{env: PW_KEY}", password))
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
		top, _, err := catalog.Load(path, nil)
		if err != nil {
			t.Fatal(err)
		}
		secrets, err := Secrets(top, os.LookupEnv)
		if err != nil {
			t.Fatal(err)
		}
		p, err := plan.New(top, plan.Allocations{}, "netns")
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range []any{top, p} {
			if data, err := json.Marshal(v); err != nil || strings.Contains(string(data), "hunter2") {
				t.Errorf("%s: a password in %s, %v", password, data, err)
			}
		}
		a := &applier{secrets: secrets}
		for _, r := range p.Routers {
			c := a.config(r)
			if got := c.Settings(c.Sessions[0].Settings).Password.Text; got != "hunter2" {
				t.Errorf("%s: router %s gets %q", password, r.Name, got)
			}
		}
	}
}
