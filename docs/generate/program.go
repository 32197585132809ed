package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// program is a pseudowan built for this run.
type program struct{ path string }

func build() (program, error) {
	dir, err := os.MkdirTemp("", "pseudowan-docs-")
	if err != nil {
		return program{}, err
	}
	p := program{filepath.Join(dir, "pseudowan")}
	// git refuses to read a checkout of another user, as under sudo.
	cmd := exec.Command("go", "build", "-buildvcs=false", "-o", p.path, "./cmd/pseudowan")
	cmd.Dir = root
	if out, err := cmd.CombinedOutput(); err != nil {
		p.remove()
		return program{}, fmt.Errorf("go build: %w\n%s", err, out)
	}
	return p, nil
}

func (p program) remove() { _ = os.RemoveAll(filepath.Dir(p.path)) }

// output runs the program and returns what it prints.
func (p program) output(stdin []byte, args ...string) ([]byte, error) {
	cmd := exec.Command(p.path, args...)
	var out, errs bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(stdin), &out, &errs
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("pseudowan %s: %w\n%s", strings.Join(args, " "), err, &errs)
	}
	return out.Bytes(), nil
}
