package realtest

import (
	"fmt"
	"os"
	"strconv"
	"testing"

	"pseudowan/topology/random"
)

// randomLabs is how many random labs are tested unless PSEUDOWAN_RANDOM says
// otherwise; PSEUDOWAN_SEED is the seed of the first.
const randomLabs = 3

// Whatever routers, VRFs, route targets, overlapping prefixes and families a
// lab has, its hosts reach what its topology says, and nothing else.
func TestRealRandomLabs(t *testing.T) {
	dir := t.TempDir()
	first := number(t, "PSEUDOWAN_SEED", 1)
	for seed := first; seed < first+number(t, "PSEUDOWAN_RANDOM", randomLabs); seed++ {
		t.Run(strconv.Itoa(seed), func(t *testing.T) {
			name := fmt.Sprintf("pwt-vfr%d", seed)
			text := string(random.Lab(name, uint64(seed), random.Small))
			l := fromText(t, dir, name, text)
			l.up(t)
			if r := pseudowan("verify", name); r.code != 0 {
				t.Errorf("verify: exit code %d\n%s%s\n%s", r.code, r.stdout, r.stderr, text)
			}
		})
	}
}

func number(t *testing.T, variable string, standard int) int {
	t.Helper()
	text := os.Getenv(variable)
	if text == "" {
		return standard
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatalf("%s: %v", variable, err)
	}
	return n
}
