package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const sample = `{"Action":"run","Package":"pseudowan/test/interop","Test":"TestRealFRR"}
{"Action":"run","Package":"pseudowan/test/interop","Test":"TestRealFRR/PE"}
{"Action":"output","Package":"pseudowan/test/interop","Test":"TestRealFRR/PE","Output":"    scene_test.go:76: version: FRR 8.4.4\n"}
{"Action":"run","Package":"pseudowan/test/interop","Test":"TestRealFRR/PE/TCP-MD5,_and_a_wrong_password"}
{"Action":"pass","Package":"pseudowan/test/interop","Test":"TestRealFRR/PE/TCP-MD5,_and_a_wrong_password"}
{"Action":"run","Package":"pseudowan/test/interop","Test":"TestRealFRR/PE/GTSM"}
{"Action":"output","Package":"pseudowan/test/interop","Test":"TestRealFRR/PE/GTSM","Output":"    x_test.go:1: there is none\n"}
{"Action":"skip","Package":"pseudowan/test/interop","Test":"TestRealFRR/PE/GTSM"}
{"Action":"fail","Package":"pseudowan/test/interop","Test":"TestRealFRR/PE"}
{"Action":"fail","Package":"pseudowan/test/lab","Test":"TestRealCustomerFRR"}
{"Action":"pass","Package":"pseudowan/bgp/gate","Test":"TestDemands"}
`

func TestRead(t *testing.T) {
	got, err := read(strings.NewReader(sample))
	if err != nil {
		t.Fatal(err)
	}
	var rows []string
	for _, r := range got.rows {
		rows = append(rows, fmt.Sprint(r.software, "|", r.version, "|", r.feature, "|", r.result, "|", r.test))
	}
	want := []string{
		"FRR|8.4.4|TCP-MD5, and a wrong password|holds|test/interop.TestRealFRR/PE",
		"FRR|8.4.4|GTSM|not tested: there is none|test/interop.TestRealFRR/PE",
		"FRR||customer with TCP-MD5: ping both ways, IPv4 and IPv6|**fails**|test/lab.TestRealCustomerFRR",
	}
	if !slices.Equal(rows, want) {
		t.Errorf("rows:\n%s\nwant:\n%s", strings.Join(rows, "\n"), strings.Join(want, "\n"))
	}
	for _, c := range got.cases {
		want := "not run"
		if slices.Contains(c.tests, "bgp/gate.TestDemands") && len(c.tests) == 1 {
			want = "as expected"
		}
		if c.result != want {
			t.Errorf("case %s: %q; want %q", c.sent, c.result, want)
		}
	}
	if _, err := read(strings.NewReader("ok pseudowan")); err == nil {
		t.Error("text is taken for JSON")
	}
}

var testName = regexp.MustCompile("`([a-z/]+\\.Test[^`]*)`")

// TestPage checks that each row of the page names a test that exists, and that
// none has failed.
func TestPage(t *testing.T) {
	text, err := os.ReadFile("../../../docs/interop.md")
	if err != nil {
		t.Fatal(err)
	}
	rows := 0
	for line := range strings.Lines(string(text)) {
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "| "), " | ")
		names := testName.FindAllStringSubmatch(cells[len(cells)-1], -1)
		if len(cells) < 3 || names == nil {
			continue
		}
		rows++
		if slices.Contains(cells, failure) {
			t.Errorf("fails: %s", line)
		}
		for _, n := range names {
			dir, test, _ := strings.Cut(n[1], ".")
			source, name := sources(t, dir), strings.Split(test, "/")[0]
			if !strings.Contains(source, "func "+name+"(") {
				t.Errorf("there is no test %s in %s: %s", name, dir, line)
			}
			if _, known := elsewhere[n[1]]; !known && dir == "test/interop" && !strings.Contains(source, cells[len(cells)-3]) {
				t.Errorf("no test of %s says %q", dir, cells[len(cells)-3])
			}
		}
	}
	if rows < 50 {
		t.Errorf("the page has %d rows", rows)
	}
}

// sources is the text of all tests of a package.
func sources(t *testing.T, dir string) string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("../../..", dir, "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	var all strings.Builder
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		all.Write(text)
	}
	return all.String()
}
