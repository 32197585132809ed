package lab

import (
	"strings"
	"testing"

	"pseudowan/labs/catalog"
)

// Every ready lab comes up, and each pair of its hosts reaches each other or not,
// as its route targets say. Bringing it up again changes nothing.
func TestRealCatalogueIsAsIntended(t *testing.T) {
	for _, name := range catalog.Names() {
		if name == "pseudo-wan-eth1" {
			continue // TestRealOtherSide has a router behind its NIC
		}
		if name == "pseudo-wan" {
			tryAll(t, sharedLab(t), name)
			continue // covered by the other tests
		}
		t.Run(name, func(t *testing.T) {
			l := fromCatalog(t, t.TempDir(), name, "pwt-cat-"+name)
			l.up(t)
			must(t, "verify", l.name)
			tryAll(t, l, name)
			if again := must(t, "up", l.file, "--runtime", "netns"); !strings.Contains(again, "nothing to change") {
				t.Errorf("up again says %q", again)
			}
		})
	}
}

// tryAll runs the commands that a ready lab's file suggests.
func tryAll(t *testing.T, l lab, name string) {
	t.Helper()
	file, _ := catalog.Get(name)
	_, after, found := strings.Cut(string(file), "\n# Try:")
	if !found {
		t.Fatalf("lab %s suggests nothing to try", name)
	}
	for line := range strings.Lines(after) {
		line = strings.TrimPrefix(line, "#")
		if !strings.HasPrefix(line, "  ") {
			break
		}
		line, comment, _ := strings.Cut(line, "#")
		words := strings.Fields(strings.Replace(line, "-c 3", "-c 1 -W 1", 1))[1:]
		args := append([]string{words[0], "--lab", l.name}, words[1:]...)
		r := pseudowan(args...)
		if refused := strings.Contains(comment, "no route"); (r.code != 0) != refused {
			t.Errorf("%s: %s: exit code %d\n%s%s", name, line, r.code, r.stdout, r.stderr)
		}
	}
}
