package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// What import writes, to standard output or to a file, is what validate takes.
func TestImport(t *testing.T) {
	ini := filepath.Join("..", "..", "topology", "openflowini", "testdata", "vrfs.ini")
	data, err := os.ReadFile(ini)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "lab.yaml")
	command := func(stdin string, args ...string) (int, string, string) {
		var out, errs bytes.Buffer
		code := run(t.Context(), args, strings.NewReader(stdin), &out, &errs)
		return code, out.String(), errs.String()
	}
	code, text, said := command("", "import", ini, "--name", "old")
	if code != exitOK || !strings.Contains(text, "name: old\n") || !strings.Contains(said, "vrfs.ini:37: Port2 bgp_med: not kept") {
		t.Errorf("exit code %d\n%s%s", code, text, said)
	}
	if code, out, errs := command(string(data), "import", "-", "--name", "old", "-o", file); code != exitOK || out != "" || !strings.Contains(errs, "standard input:37: ") {
		t.Errorf("exit code %d\n%s%s", code, out, errs)
	}
	if code, out, errs := command("", "validate", file); code != exitOK || !strings.Contains(out, "lab old, 1 router, 3 hosts") {
		t.Errorf("validate: exit code %d\n%s%s", code, out, errs)
	}
	if code, _, errs := command("[Bgp]\n", "import", "-"); code != exitInvalid || !strings.Contains(errs, "standard input:1: Bgp: has no as_number") {
		t.Errorf("exit code %d\n%s", code, errs)
	}
	if code, _, errs := command("", "import", filepath.Join(t.TempDir(), "no.ini")); code != exitNotFound || !strings.Contains(errs, "there is no file") {
		t.Errorf("exit code %d\n%s", code, errs)
	}
}
