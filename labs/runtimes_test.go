package labs

import (
	"testing"

	"pseudowan/labs/inventory"
)

// testRuntimes are the registered Runtimes, whatever this server has.
func testRuntimes(t *testing.T) inventory.Runtimes {
	t.Helper()
	all := inventory.FindRuntimes(t.Context(), nil)
	for i := range all {
		if all[i].Runtime == nil {
			t.Fatal(all[i].Absent)
		}
		all[i].Absent = nil
	}
	return all
}
