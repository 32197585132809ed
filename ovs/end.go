package ovs

import (
	"context"
	"os"
)

// end ends what start has started, in reverse order, and removes the sockets and
// the database.
func (s *Switch) end(ctx context.Context) {
	s.release(func() {
		if d := s.daemons.vswitchd(); d != nil {
			d.stop(ctx)
			s.daemons.removeDatapath(ctx)
		}
		if d := s.daemons.database(); d != nil {
			d.stop(ctx)
		}
		if s.bridge.links != nil {
			s.bridge.removeTaps()
		}
		for _, name := range []string{
			databaseFile, ".conf.db.~lock~", databaseSocket, s.cfg.Bridge + ".mgmt", s.cfg.Bridge + ".snoop",
			databaseServer + ".pid", switchDaemon + ".pid", databaseServer + wordsSuffix, switchDaemon + wordsSuffix,
		} {
			// Leftovers do no harm: the next start removes them first.
			_ = os.Remove(s.daemons.path(name))
		}
	})
}

// release closes everything but the daemons, which endDaemons ends in between.
func (s *Switch) release(endDaemons func()) {
	if s.channel != nil {
		s.channel.close()
	}
	if c := s.daemons.connection(); c != nil {
		c.Close()
	}
	endDaemons()
	if s.daemons.launcher != nil {
		s.daemons.launcher.close()
	}
	if s.bridge.links != nil {
		s.bridge.links.Close()
	}
	if s.bridge.sums != nil {
		s.bridge.sums.Close() // fails for none
	}
}
