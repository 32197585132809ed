package ovs

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"os"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"pseudowan/ovs/ovsdb"
)

// Daemons of an earlier process that do not answer within adoptPatience are considered
// dead. Those that do may take inheritPatience to list their flows: on a busy machine, a
// hundred thousand take a while, and without the daemons nothing is forwarded.
const (
	adoptPatience   = 3 * time.Second
	inheritPatience = time.Minute
)

// adopt takes over the switch that runs in the run directory. It returns false
// if none can be kept; startNew then ends what is left of it. Without
// ovs-vswitchd there is nothing to keep: nothing else holds the flows.
// ovsdb-server can be restarted on its file.
func (s *Switch) adopt(ctx context.Context) (bool, error) {
	vswitchd, err := adoptDaemon(s.daemons.tools, switchDaemon)
	if err != nil || vswitchd == nil {
		return false, err
	}
	database, err := adoptDaemon(s.daemons.tools, databaseServer)
	if err != nil {
		return false, err
	}
	// A stopped daemon does not answer. One that is stopped again is noticed later.
	vswitchd.signal(unix.SIGCONT)
	s.daemons.take(vswitchd, database)
	if err := s.takeOver(ctx, database); err != nil {
		s.cfg.mended("replaced a switch that could not be adopted: %v", err)
		s.abandon()
		return false, ctx.Err()
	}
	return true, nil
}

// errOther means that the running switch is not the wanted one.
var errOther = errors.New("it is another switch")

func (s *Switch) takeOver(ctx context.Context, database *daemon) error {
	answering, cancel := context.WithTimeout(ctx, adoptPatience)
	defer cancel()
	if err := s.reach(answering, database); err != nil {
		return err
	}
	listing, cancel := context.WithTimeout(ctx, inheritPatience)
	defer cancel()
	if err := s.flows.inherit(listing); err != nil {
		return err
	}
	return s.keptFlows(listing)
}

// reach connects to both daemons.
func (s *Switch) reach(ctx context.Context, database *daemon) error {
	if database == nil {
		if _, err := os.Stat(s.daemons.path(databaseFile)); err != nil {
			return err
		}
		if err := s.daemons.startDatabase(ctx); err != nil {
			return err
		}
	} else {
		database.signal(unix.SIGCONT)
		if err := s.daemons.connect(ctx); err != nil { // its socket may be gone: a new server makes one
			database.kill()
			if err := s.daemons.startDatabase(ctx); err != nil {
				return err
			}
		}
	}
	row, err := s.bridge.row(ctx)
	if err != nil {
		return err
	}
	if row == nil || !s.cfg.isBridge(row) {
		return errOther
	}
	return s.daemons.vswitchd().await(ctx, func() (err error) {
		s.channel, err = openChannel(ctx, s.daemons.managementSocket())
		return err
	})
}

// errFlowsLost means that the earlier process was killed while it replaced
// ovs-vswitchd.
var errFlowsLost = errors.New("its flows were lost while ovs-vswitchd was being replaced")

// keptFlows refuses a switch whose flows were still being restored.
func (s *Switch) keptFlows(ctx context.Context) error {
	results, err := s.daemons.connection().Transact(ctx, ovsdb.Operation{
		"op": "select", "table": "Open_vSwitch", "where": []any{}, "columns": []string{"other_config"},
	})
	if err != nil {
		return err
	}
	if len(results[0].Rows) == 0 || rawRow(results[0].Rows[0]).pairs("other_config")[restoreWait] != "" || len(s.Inherited()) == 0 {
		return errFlowsLost
	}
	return nil
}

// isBridge reports whether a row is the wanted bridge, regardless of its
// settings.
func (c Config) isBridge(row map[string]json.RawMessage) bool {
	r := rawRow(row)
	ids := r.pairs("external_ids")
	for _, k := range slices.Sorted(maps.Keys(c.ExternalIDs)) {
		if ids[k] != c.ExternalIDs[k] {
			return false
		}
	}
	return r.text("datapath_type") == string(c.Datapath)
}

// abandon gives up daemons that are not adopted.
func (s *Switch) abandon() {
	if s.channel != nil {
		s.channel.close()
		s.channel = nil
	}
	s.daemons.forget()
}

// rawRow converts a row of a transaction's result to one of ovs-vsctl.
func rawRow(columns map[string]json.RawMessage) row {
	var r row
	for name, cell := range columns {
		r.headings, r.cells = append(r.headings, name), append(r.cells, cell)
	}
	return r
}
