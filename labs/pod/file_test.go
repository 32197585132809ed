package pod

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pseudowan/labs"
	"pseudowan/labs/catalog"
)

// follow follows files, which are written one after the other, a minute each, and returns
// the texts that it wants to apply. What fails says so.
func follow(t *testing.T, s *site, files []string, fails func(text string, n int) bool) (applied []string) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s.Log = slog.New(slog.DiscardHandler)
		s.apply = func(_ context.Context, o labs.UpOptions) (labs.Report, error) {
			top, err := catalog.Parse(o.Lab, o.Text, filepath.Dir(o.Lab))
			if err == nil {
				_, err = labs.Secrets(top, o.Variables)
			}
			if err != nil {
				return labs.Report{}, err
			}
			applied = append(applied, string(o.Text))
			if fails(string(o.Text), len(applied)) {
				return labs.Report{}, errors.New("half of it is applied")
			}
			return labs.Report{}, nil
		}
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		for i, text := range files {
			if err := os.WriteFile(s.File, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			if i == 0 {
				go s.followFile(ctx)
			}
			time.Sleep(time.Minute)
		}
	})
	return applied
}

// lab is a topology, with some line of its own.
func lab(comment string) string {
	return "name: a\nrouters: {pe1: {as: 65001}, pe2: {as: 65001}}\nlinks:\n- {ends: [pe1:eth1, pe2:eth1], subnets: [192.168.0.0/30]}\n" +
		"defaults: {bgp: {password: {env: PW_OF_TEST}}}\n# " + comment + "\n"
}

// withPassword returns a directory's file, beside one of the passwords.
func withPassword(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, VariablePrefix+"PW_OF_TEST"), []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	return filepath.Join(dir, "lab.yaml")
}

// A file that was applied before one that has failed half-way is applied again. Its
// passwords do not become variables of the process.
func TestRevertIsApplied(t *testing.T) {
	a, b := lab("one"), lab("two")
	s := &site{Options: Options{File: withPassword(t), Site: "pe1", PerSite: 1}}
	got := follow(t, s, []string{a, b, a}, func(text string, _ int) bool { return text == b })
	if len(got) < 3 || got[0] != a || got[1] != b || got[len(got)-1] != a || slices.Index(got[2:], a) != len(got)-3 {
		t.Errorf("%d applied: %q", len(got), got)
	}
	if _, set := os.LookupEnv("PW_OF_TEST"); set {
		t.Error("the processes of hosts get the password")
	}
}

// What an earlier container has applied is tried until it stands, with its passwords beside
// the file that is wrong now; and then no more.
func TestFallBack(t *testing.T) {
	last := strings.Replace(lab("last"), "{env: PW_OF_TEST}", "{file: bgp-password}", 1)
	s := &site{Options: Options{File: withPassword(t), Lab: "a", Site: "pe1", PerSite: 1}}
	if err := os.WriteFile(filepath.Join(filepath.Dir(s.File), "bgp-password"), []byte("secret\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s.applied = func(name string) ([]byte, error) {
		if name != "a" {
			return nil, fmt.Errorf("lab %s", name)
		}
		return []byte(last), nil
	}
	got := follow(t, s, []string{"nonsense"}, func(_ string, n int) bool { return n == 1 })
	if !slices.Equal(got, []string{last, last}) {
		t.Errorf("applied %q", got)
	}
}
