package lab

import (
	"strings"
	"testing"

	"pseudowan/labs/catalog"
)

// Every ready lab comes up, and every pair of its hosts reaches each other or
// does not, as its route targets say. Bringing it up again changes nothing.
func TestRealCatalogueIsAsIntended(t *testing.T) {
	for _, name := range catalog.Names() {
		if name == "pseudo-wan" {
			continue // the other tests are about it
		}
		t.Run(name, func(t *testing.T) {
			l := fromCatalog(t, t.TempDir(), name, "pwt-cat-"+name)
			l.up(t)
			must(t, "verify", l.name)
			if again := must(t, "up", l.file, "--runtime", "netns"); !strings.Contains(again, "nothing to change") {
				t.Errorf("up again says %q", again)
			}
		})
	}
}
