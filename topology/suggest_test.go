package topology

import "testing"

func TestNearest(t *testing.T) {
	known := []string{"red", "blue", "host_001_101", "host_002_102", "pseudo-wan"}
	for name, want := range map[string]string{
		"rde":          "red", // a transposition is one edit
		"Blue":         "blue",
		"blu":          "blue",
		"host_001_10":  "host_001_101",
		"psuedo-wan":   "pseudo-wan",
		"completely":   "",
		"x":            "",
		"host_003_103": "host_001_101", // the first of several equally near ones
	} {
		if got := Nearest(name, known); got != want {
			t.Errorf("Nearest(%q) = %q; want %q", name, got, want)
		}
	}
}
