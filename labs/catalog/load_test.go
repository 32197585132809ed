package catalog

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pseudowan/status"
)

func TestLoadResolvesPaths(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "lab.yaml")
	const text = `name: t
routers: {pe1: {as: 65001}}
vrfs: {red: {rts: "1:1"}}
hosts:
  a: {to: pe1, vrf: red, addresses: [10.1.0.2/24], build: image, mounts: ["data:/data", "/etc:/there"]}
`
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	top, data, err := Load(file, nil)
	if err != nil || string(data) != text {
		t.Fatalf("%v\n%s", err, data)
	}
	h := top.Hosts[0]
	if h.Build != filepath.Join(dir, "image") || h.Mounts[0].Source != filepath.Join(dir, "data") || h.Mounts[1].Source != "/etc" {
		t.Errorf("build %s, mounts %v", h.Build, h.Mounts)
	}
	if top, _, err = Load("-", strings.NewReader(text)); err != nil || top.Source != "standard input" {
		t.Errorf("of standard input: %v", err)
	}
}

func TestLoadOfNothing(t *testing.T) {
	for name, want := range map[string]string{
		"./gone.yaml": "there is no file ./gone.yaml",
		"pseudo-wam":  "did you mean pseudo-wan?",
	} {
		if _, _, err := Load(name, nil); !errors.Is(err, status.ErrNotFound) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
