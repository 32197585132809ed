package support

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"
)

func TestMask(t *testing.T) {
	m := NewMask([]string{"s3cret!", "s3cret!2", "abc", ""})
	for text, want := range map[string]string{
		"bgp: {password: hunter2, hold-time: 3s}":                       "bgp: {password: ********, hold-time: 3s}",
		"password: 'with blanks, and commas'":                           "password: '********'",
		`"password":"a\"b","as":65000`:                                  `"password":"********","as":65000`,
		"DB_PASS=geheim":                                                "DB_PASS=********",
		"MYSQL_ROOT_PASSWORD=geheim":                                    "MYSQL_ROOT_PASSWORD=********",
		"  env: {API_KEY: 1234, COLOUR: red}":                           "  env: {API_KEY: ********, COLOUR: red}",
		"mysqld --password=geheim --port 3306":                          "mysqld --password=******** --port 3306",
		"the peer sent s3cret! and s3cret!2":                            "the peer sent ******** and ********",
		"abc is too short to be looked for":                             "abc is too short to be looked for",
		`{"password":"","shutdown":false}`:                              `{"password":"","shutdown":false}`,
		"pass: through 10.1.0.0/24":                                     "pass: through 10.1.0.0/24",
		"password: 'it''s', as: 1":                                      "password: '********', as: 1",
		"nothing to hide: 10.1.0.0/24 via 192.168.0.2":                  "nothing to hide: 10.1.0.0/24 via 192.168.0.2",
		"a -----BEGIN PRIVATE KEY-----\nx\n-----END PRIVATE KEY----- z": "a ******** z",
	} {
		if got := m.Text(text); got != want {
			t.Errorf("%q becomes %q, want %q", text, got, want)
		}
	}
}

// A secret is found as texts of JSON and YAML spell it.
func TestMaskOfSpellings(t *testing.T) {
	for _, secret := range []string{`p&ss`, `<tag>`, `a"b\c`, `it's`, "ta\tb", `ends"`, "größe"} {
		m := NewMask([]string{secret})
		plain, err := json.Marshal(map[string]string{"x": secret})
		if err != nil {
			t.Fatal(err)
		}
		var b strings.Builder
		e := json.NewEncoder(&b)
		e.SetEscapeHTML(false)
		if err := e.Encode(map[string]string{"x": secret}); err != nil {
			t.Fatal(err)
		}
		for _, text := range []string{string(plain), strings.TrimSpace(b.String())} {
			if got := m.Text(text); got != `{"x":"********"}` {
				t.Errorf("%q: %s becomes %s", secret, text, got)
			}
		}
		if got := m.Text("x: '" + strings.ReplaceAll(secret, "'", "''") + "'"); got != "x: '********'" {
			t.Errorf("%q in YAML becomes %s", secret, got)
		}
		if got := m.Text(fmt.Sprintf("said %q", secret)); got != `said "********"` {
			t.Errorf("%q in a message becomes %s", secret, got)
		}
	}
}

// The secrets of a configuration are found by where they are.
func TestSecretsOfDocuments(t *testing.T) {
	got, err := Secrets([]byte(`{"as": 4200000001, "n": 12345678901234567890, "secrets": {"file /root/kept": "p\u0026", "env X": "ab"}, "l": [{"secrets": {"y": "z"}}]}`), "secrets")
	var b bytes.Buffer
	if err == nil {
		err = json.Compact(&b, got)
	}
	want := `{"as":4200000001,"l":[{"secrets":{"y":"********"}}],"n":12345678901234567890,"secrets":{"env X":"********","file /root/kept":"********"}}`
	if err != nil || b.String() != want {
		t.Errorf("%s, %v, want %s", got, err, want)
	}
	if got, err := Secrets([]byte(`{"secrets": {"x": "p`), "secrets"); err == nil || got != nil {
		t.Errorf("half a document: %s, %v", got, err)
	}
}

func TestArchive(t *testing.T) {
	var b bytes.Buffer
	a := New(&b, "support", NewMask([]string{"hunter2"}), time.Unix(1, 0))
	a.Add("topology.yaml", []byte("x: hunter2\n"))
	a.Add("../../etc/passwd", []byte("stays inside"))
	a.Add("large", bytes.Repeat([]byte("y"), largest+1))
	a.Add("cut", append(append(bytes.Repeat([]byte("x"), 100), "hunter2 "...), append(bytes.Repeat([]byte("y"), largest-5), "\nlast"...)...))
	a.Try("fine", func() ([]byte, error) { return []byte("1"), nil })
	a.Try("broken", func() ([]byte, error) { return nil, errors.New("no answer for hunter2") })
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	gz, err := gzip.NewReader(&b)
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	for r := tar.NewReader(gz); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(r)
		if err != nil || h.Mode != 0o600 {
			t.Fatalf("%s: mode %o, %v", h.Name, h.Mode, err)
		}
		files[h.Name] = string(text)
	}
	for name, want := range map[string]string{
		"support/topology.yaml": "x: ********\n", "support/etc/passwd": "stays inside", "support/fine": "1",
		"support/not-collected.txt": "broken: no answer for ********\n",
	} {
		if files[name] != want {
			t.Errorf("%s: %q, want %q", name, files[name], want)
		}
	}
	if files["support/cut"] != "(the beginning is left out)\nlast" {
		t.Errorf("the end of a cut file is %.80q", files["support/cut"])
	}
	if large := files["support/large"]; !strings.HasPrefix(large, "(the beginning") || len(large) > largest+100 {
		t.Errorf("a large file has %d octets", len(large))
	}
}
