package docker

import (
	"testing"

	"pseudowan/hosts/hoststest"
)

// TestMain also serves as the program that the runtime starts.
func TestMain(m *testing.M) {
	hoststest.Main(m, func(args []string) error { return enterContainer(args[1:]) }, func() { endDaemon() })
}
