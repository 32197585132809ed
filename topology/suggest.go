package topology

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Nearest returns the known name of which name is most likely a misspelling, or ""
// if none is near.
func Nearest(name string, known []string) string {
	best, distance := "", len(name)/3+2
	for _, k := range slices.Sorted(slices.Values(known)) {
		if e := edits(strings.ToLower(name), strings.ToLower(k)); e < distance {
			best, distance = k, e
		}
	}
	return best
}

// suggest returns the remedy for an unknown name.
func suggest[V any](name string, known map[string]V) string {
	names := slices.Sorted(maps.Keys(known))
	best := Nearest(name, names)
	switch {
	case best != "":
		return fmt.Sprintf("did you mean %q?", best)
	case len(names) == 0:
		return "none is defined"
	case len(names) > 20:
		return "remove it"
	}
	return "known here: " + strings.Join(names, ", ")
}

// edits returns how many insertions, deletions, substitutions and transpositions of
// octets turn a into b (optimal string alignment).
func edits(a, b string) int {
	before, row := make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		next := make([]int, len(b)+1)
		next[0] = i + 1
		for j := range len(b) {
			cost := row[j]
			if a[i] != b[j] {
				cost++
			}
			next[j+1] = min(cost, row[j+1]+1, next[j]+1)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				next[j+1] = min(next[j+1], before[j-1]+1)
			}
		}
		before, row = row, next
	}
	return row[len(b)]
}
