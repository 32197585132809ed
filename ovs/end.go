package ovs

import (
	"context"
	"os"
	"os/exec"
	"time"

	"github.com/vishvananda/netlink"
)

// end ends what start has started, in the opposite order, and removes the
// sockets and the database.
func (s *Switch) end(ctx context.Context) {
	s.release(func() {
		if d := s.vswitchd(); d != nil {
			d.stop(ctx)
			s.removeDatapath(ctx)
		}
		if d := s.database(); d != nil {
			d.stop(ctx)
		}
		if s.links != nil {
			s.removeTaps()
		}
		for _, name := range []string{
			databaseFile, ".conf.db.~lock~", databaseSocket, s.cfg.Bridge + ".mgmt", s.cfg.Bridge + ".snoop",
			databaseServer + ".pid", switchDaemon + ".pid", databaseServer + wordsSuffix, switchDaemon + wordsSuffix,
		} {
			// Leftovers hurt nobody: the next start removes them first.
			_ = os.Remove(s.path(name))
		}
	})
}

// release lets go of everything but the daemons, between which and the rest
// their end has its place.
func (s *Switch) release(endDaemons func()) {
	if s.channel != nil {
		s.channel.close()
	}
	if c := s.connection(); c != nil {
		c.Close()
	}
	endDaemons()
	if s.launcher != nil {
		s.launcher.close()
	}
	if s.links != nil {
		s.links.Close()
	}
	if s.offloads != nil {
		s.offloads.Close()
	}
}

// removeDatapath removes the datapath from the kernel, with the interfaces that
// Open vSwitch made. ovs-vswitchd leaves it there, forwarding what it forwarded
// last, however it ends.
func (s *Switch) removeDatapath(ctx context.Context) {
	if s.cfg.Datapath != System {
		return
	}
	const patience = 10 * time.Second // the kernel waits for all processors
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, "ovs-dpctl", "del-dp", "system@ovs-system")
	cmd.Env = s.tools.environ()
	if s.launcher.start(cmd) == nil {
		// It fails where there is none. What stays is taken up by the next
		// switch in this namespace.
		_ = cmd.Wait()
	}
}

// removeTaps removes the interfaces of a netdev datapath: its own, the bridge's
// and those of internal ports. ovs-vswitchd makes them persistent, and leaves
// one behind even when it is asked to clean up.
func (s *Switch) removeTaps() {
	s.mu.Lock()
	defer s.mu.Unlock()
	names := []string{netdevLink, s.cfg.Bridge}
	for _, p := range s.ports {
		if p.Internal {
			names = append(names, p.Name)
		}
	}
	for _, name := range names {
		l, err := s.links.LinkByName(name)
		if err != nil {
			continue // gone already
		}
		if _, tap := l.(*netlink.Tuntap); tap {
			// What stays is taken up by the next switch in this namespace.
			_ = s.links.LinkDel(l)
		}
	}
}
