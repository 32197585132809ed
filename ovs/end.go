package ovs

import (
	"context"
	"os"
	"path/filepath"
)

// end ends what start has started, in the opposite order, and removes the
// sockets and the database.
func (s *Switch) end(ctx context.Context) {
	if s.channel != nil {
		s.channel.close()
	}
	if s.vswitchd != nil {
		s.cleanDatapath(ctx)
		s.vswitchd.stop(ctx)
	}
	if s.database != nil {
		s.database.stop(ctx)
	}
	if s.launcher != nil {
		s.launcher.close()
	}
	if s.links != nil {
		s.links.Close()
	}
	for _, name := range []string{databaseFile, databaseSocket, ".conf.db.~lock~", s.cfg.Bridge + ".mgmt", s.cfg.Bridge + ".snoop"} {
		// Leftovers hurt nobody: the next start removes them first.
		_ = os.Remove(filepath.Join(s.cfg.Dir, name))
	}
}

// cleanDatapath makes ovs-vswitchd remove its datapath from the kernel, where
// it would stay behind. A netdev datapath ends with the process.
func (s *Switch) cleanDatapath(ctx context.Context) {
	if s.cfg.Datapath != System {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, killAfter)
	defer cancel()
	// A daemon that cannot answer is ended by signal next.
	_, _ = s.tools.run(ctx, nil, "ovs-appctl", "exit", "--cleanup")
}
