package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"pseudowan/capture"
)

// A capture that does not begin leaves the file of an earlier one alone.
func TestCaptureKeepsTheFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "good.pcapng")
	if err := os.WriteFile(file, []byte("packets"), 0o600); err != nil {
		t.Fatal(err)
	}
	var out, said bytes.Buffer
	if code := run(t.Context(), []string{"capture", "pe1:typo", "--lab", "pwt-none", "-o", file}, nil, &out, &said); code == exitOK {
		t.Errorf("a lab that is not there: %s", &said)
	}
	if text, err := os.ReadFile(file); err != nil || string(text) != "packets" {
		t.Errorf("the file has become %q, %v", text, err)
	}
	o, err := captureTo(streams{nil, &out, &said}, file)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := o.begin("lab", []capture.Point{{Node: "pe1", Interface: "eth1"}}); err != nil || o.close() != nil {
		t.Fatal(err)
	}
	if text, err := os.ReadFile(file); err != nil || bytes.HasPrefix(text, []byte("packets")) || len(text) == 0 || out.Len() > 0 {
		t.Errorf("a capture that begins: %q, %v, and on standard output %q", text, err, &out)
	}
}
