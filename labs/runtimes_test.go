package labs

import (
	"testing"

	"pseudowan/hosts/drivers"
)

// testRuntimes are the registered runtimes, whatever this server has.
func testRuntimes(t *testing.T) runtimes {
	t.Helper()
	all := openRuntimes(t.Context(), drivers.All(), nil)
	for i := range all {
		if all[i].Runtime == nil {
			t.Fatal(all[i].absent)
		}
		all[i].absent = nil
	}
	return all
}
