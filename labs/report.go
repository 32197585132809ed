package labs

import (
	"slices"
	"strings"

	"pseudowan/labs/plan"
	"pseudowan/labs/store"
)

// putRight notes that up has put something of these nodes right. Of nodes that
// it changes, restores or adds as well, that is no news.
func (a *applier) putRight(what string, nodes ...string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	told := slices.ContainsFunc(a.changed, func(line string) bool {
		return slices.ContainsFunc(nodes, func(n string) bool {
			return strings.HasSuffix(line, " router "+n) || strings.HasSuffix(line, " host "+n)
		})
	})
	if line := "put right " + what; !told && !a.fresh && !slices.Contains(a.right, line) {
		a.right = append(a.right, line)
	}
}

// addMended adds what was put right since the last `up` to what this one has
// changed. What is put right in a lab that is only coming up is no news.
func (a *applier) addMended() {
	for _, line := range store.DrainMended(a.plan.Lab) {
		if !a.fresh && !slices.Contains(a.changed, line) {
			a.changed = append(a.changed, line)
		}
	}
}

// report adds changes that are not in the report yet.
func (a *applier) report(changes []plan.Change) {
	for _, c := range changes {
		if line := c.String(); !slices.Contains(a.changed, line) {
			a.changed = append(a.changed, line)
		}
	}
}
