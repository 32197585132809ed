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

// adoptPatience is how long the daemons of an earlier process may take to
// answer before they count as dead.
const adoptPatience = 3 * time.Second

// adopt takes over the switch that runs in the run directory. Where there is
// none that can be kept it returns false, and what is left of one is for
// startNew to end. Without ovs-vswitchd there is nothing to keep: flows are
// nowhere else. ovsdb-server can be started again on its file.
func (s *Switch) adopt(ctx context.Context) (bool, error) {
	vswitchd, err := adoptDaemon(s.daemons.tools, switchDaemon)
	if err != nil || vswitchd == nil {
		return false, err
	}
	database, err := adoptDaemon(s.daemons.tools, databaseServer)
	if err != nil {
		return false, err
	}
	// Neither answers while it is stopped; what stops them again is noticed.
	vswitchd.signal(unix.SIGCONT)
	s.daemons.take(vswitchd, database)
	trial, cancel := context.WithTimeout(ctx, adoptPatience)
	defer cancel()
	if err := s.takeOver(trial, database); err != nil {
		s.cfg.mended("a switch that could not be kept is started anew: %v", err)
		s.abandon()
		return false, ctx.Err()
	}
	return true, nil
}

// errOther says that a switch runs that is not the wanted one.
var errOther = errors.New("it is another switch")

func (s *Switch) takeOver(ctx context.Context, database *daemon) error {
	if database == nil {
		if _, err := os.Stat(s.daemons.path(databaseFile)); err != nil {
			return err
		}
		if err := s.daemons.startDatabase(ctx); err != nil {
			return err
		}
	} else {
		database.signal(unix.SIGCONT)
		if err := s.daemons.connect(ctx); err != nil { // its socket may be gone: a new one listens again
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
	err = s.daemons.vswitchd().await(ctx, func() (err error) {
		s.channel, err = openChannel(ctx, s.daemons.managementSocket())
		return err
	})
	if err != nil {
		return err
	}
	if err := s.flows.inherit(ctx); err != nil {
		return err
	}
	return s.keptFlows(ctx)
}

// errFlowsLost says that ovs-vswitchd was being replaced when its process was
// killed: the flows are gone.
var errFlowsLost = errors.New("its flows were lost on the way to a new ovs-vswitchd")

// keptFlows refuses a switch to which flows were being put back.
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

// isBridge reports whether a row is the wanted bridge, whatever its settings.
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

// abandon lets go of daemons that are not adopted.
func (s *Switch) abandon() {
	if s.channel != nil {
		s.channel.close()
		s.channel = nil
	}
	s.daemons.forget()
}

// rawRow reads a row of a transaction's result like one of ovs-vsctl.
func rawRow(columns map[string]json.RawMessage) row {
	var r row
	for name, cell := range columns {
		r.headings, r.cells = append(r.headings, name), append(r.cells, cell)
	}
	return r
}
