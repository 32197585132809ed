package netns

import (
	"testing"

	"pseudowan/hosts"
	"pseudowan/hosts/hoststest"
	"pseudowan/hosts/runtimetest"
)

// TestMain also serves as the program that the runtime starts.
func TestMain(m *testing.M) {
	hoststest.Main(m, func(args []string) error {
		if args[0] == hosts.NetNS {
			return supervise(args[1:])
		}
		return hosts.Enter(args)
	}, func() {})
}

func newRuntime(t *testing.T) hosts.Runtime {
	hoststest.NeedRoot(t)
	return newAt(t, t.TempDir())
}

func newAt(t *testing.T, dir string) hosts.Runtime {
	t.Helper()
	r, err := Driver().Open(hosts.Options{StateDir: dir, Enter: hoststest.EnterCommand})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestRealNetNSRuntime(t *testing.T) { runtimetest.Suite(t, newRuntime) }
