package ovs

import (
	"context"
	"os"
	"testing"
	"time"
)

// preferred returns Preferred's answer in a namespace.
func (n *namespace) preferred(t *testing.T) (d Datapath) {
	t.Helper()
	check(t, n.do(func() error {
		d = Preferred()
		return nil
	}))
	return d
}

func TestRealPreferredDatapath(t *testing.T) {
	needsRoot(t)
	t.Parallel()
	ns := newNamespace(t)
	if got := ns.preferred(t); os.Getenv(datapathEnv) == string(System) && got != System {
		t.Errorf("the kernel has its datapath, and %s is preferred", got)
	}
	s := startSwitch(t, ns, Config{Datapath: Netdev})
	if got := ns.preferred(t); got != Netdev {
		t.Errorf("in the namespace of a netdev switch %s is preferred", got)
	}
	if got := s.Datapath(); got != Netdev {
		t.Errorf("the switch is on %s", got)
	}
}

func TestAwaitCores(t *testing.T) {
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	begin := time.Now()
	if err := (Config{Datapath: Netdev}).awaitCores(ended); err != nil {
		t.Errorf("netdev waits: %v", err)
	}
	if err := (Config{Datapath: System}).awaitCores(t.Context()); err != nil {
		t.Error(err)
	}
	if waited := time.Since(begin); waited > coresKnown {
		t.Errorf("waited for %s", waited)
	}
}
