package topology

import (
	"fmt"
	"slices"
	"strings"
)

// suggest words the remedy for an unknown name from the known ones.
func suggest[V any](name string, known map[string]V) string {
	best, distance := "", len(name)/3+2
	names := make([]string, 0, len(known))
	for k := range known {
		names = append(names, k)
	}
	slices.Sort(names)
	for _, k := range names {
		if e := edits(strings.ToLower(name), k); e < distance {
			best, distance = k, e
		}
	}
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

// edits is the Levenshtein distance of two words, in octets.
func edits(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, diagonal+1)
		}
	}
	return row[len(b)]
}
