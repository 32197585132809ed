package lab

import (
	"encoding/json"
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// page reads a page of the checkout, which is absent in a virtual machine.
func page(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", name))
	if errors.Is(err, fs.ErrNotExist) && os.Getenv(binaryEnv) != "" {
		t.Skip("skipped: there is no checkout with the pages")
	}
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

var duration = regexp.MustCompile(`[0-9.]+ s\b`)

// The README's commands print what it shows, except times.
func TestRealReadme(t *testing.T) {
	readme := page(t, "README.md")
	l := fromCatalog(t, t.TempDir(), "extranet", "pwt-readme")
	blocks := strings.Split(readme, "```console\n")[1:]
	if len(blocks) < 3 {
		t.Fatalf("%d commands in the README", len(blocks))
	}
	for _, block := range blocks {
		block, _, _ = strings.Cut(block, "```")
		line, want, _ := strings.Cut(block, "\n")
		args, ok := strings.CutPrefix(line, "$ sudo pseudowan ")
		if !ok {
			t.Fatalf("not a command: %s", line)
		}
		var got string
		if words := strings.Fields(args); words[0] == "up" {
			got = l.upSaying(t)
		} else {
			got = must(t, append(words, "--lab", l.name)...)
		}
		got = strings.ReplaceAll(got, l.name, "extranet")
		if duration.ReplaceAllString(got, "_ s") != duration.ReplaceAllString(want, "_ s") {
			t.Errorf("%s prints\n%sand in the README it is\n%s", line, got, want)
		}
	}
}

// contractArgs holds the arguments of commands in the contract.
var contractArgs = map[string][]string{
	"trace":   {"red-a", "172.16.2.1"},
	"measure": {"red-a", "red-b", "--for", "100ms"},
	"explain": {"pe1", "red", "172.16.2.0/24"},
	"verify":  {},
	"doctor":  {},
	"labs":    {},
}

// contractOfOthers holds the commands of which this lab has no rows: see
// TestRealPortSecurity, TestRealCore, TestRealBFD, TestRealAudit, TestRealGC, TestRealPlan and
// TestRealLSPPing.
var contractOfOthers = []string{"show guard", "show bfd", "show core", "show lsp", "audit", "gc", "plan", "lsp ping", "lsp traceroute"}

// contractLine is a command and one of its keys.
var contractLine = regexp.MustCompile(`^(\S+(?: \S+)*) {2,}(\S+) `)

// Every command of the contract prints only keys in docs/json-keys.txt about a
// running lab, and most commands print something.
func TestRealJSONKeys(t *testing.T) {
	list := page(t, "docs/json-keys.txt")
	contract := map[string]map[string]bool{}
	for line := range strings.Lines(list) {
		m := contractLine.FindStringSubmatch(line)
		if m == nil {
			t.Fatalf("docs/json-keys.txt: line %q", line)
		}
		command := m[1]
		if contract[command] == nil {
			contract[command] = map[string]bool{}
		}
		contract[command][m[2]] = true
	}
	dir := t.TempDir()
	l := fromCatalog(t, dir, "ce-bgp", "pwt-keys", func(text string) string {
		return strings.Replace(text, "routers: {pe1: {}", "routers: {pe1: {bmp: 192.168.0.2, mrt: "+dir+"}", 1)
	})
	l.up(t)
	for _, command := range slices.Sorted(maps.Keys(contract)) {
		args := append(strings.Fields(strings.Replace(command, "PEER", "pe2", 1)), contractArgs[command]...)
		switch command {
		case "bmp-collector routers", "bmp-collector peers", "bmp-collector routes":
			continue // not of a lab: test/interop.TestRealCollector
		case "lsp ping", "lsp traceroute":
			continue // the lab has no core
		case "labs", "gc":
		case "doctor":
			args = append(args, l.name)
		case "plan":
			args = append(args, l.file)
		default:
			args = append(args, "--lab", l.name)
		}
		r := pseudowan(append(args, "-o", "json")...)
		if command == "events" { // a document for each
			r.stdout, _, _ = strings.Cut(r.stdout, "\n")
		}
		var printed any
		if err := json.Unmarshal([]byte(r.stdout), &printed); err != nil {
			t.Errorf("%s: %v: exit code %d\n%s%s", command, err, r.code, r.stdout, r.stderr)
			continue
		}
		got := map[string]bool{}
		collectKeys(got, "", printed)
		for key := range got {
			if !contract[command][key] {
				t.Errorf("%s prints %s, which is not in docs/json-keys.txt", command, key)
			}
		}
		if 2*len(got) < len(contract[command]) && !slices.Contains(contractOfOthers, command) {
			t.Errorf("%s prints %d keys of %d:\n%s", command, len(got), len(contract[command]), r.stdout)
		}
	}
}

// collectKeys finds the path of each key below v.
func collectKeys(found map[string]bool, at string, v any) {
	switch v := v.(type) {
	case map[string]any:
		for k, below := range v {
			found[at+"."+k] = true
			collectKeys(found, at+"."+k, below)
		}
	case []any:
		for _, below := range v {
			collectKeys(found, at+"[]", below)
		}
	}
}
