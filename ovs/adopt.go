package ovs

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
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
	vswitchd, err := adoptDaemon(s.tools, switchDaemon)
	if err != nil || vswitchd == nil {
		return false, err
	}
	database, err := adoptDaemon(s.tools, databaseServer)
	if err != nil {
		return false, err
	}
	// Neither answers while it is stopped; what stops them again is noticed.
	vswitchd.signal(unix.SIGCONT)
	s.daemons.Lock()
	s.daemons.vswitchd, s.daemons.database = vswitchd, database
	s.daemons.Unlock()
	trial, cancel := context.WithTimeout(ctx, adoptPatience)
	defer cancel()
	if err := s.takeOver(trial, database); err != nil {
		s.mended("a switch that could not be kept is started anew: %v", err)
		s.abandon()
		return false, ctx.Err()
	}
	return true, nil
}

// errOther says that a switch runs that is not the wanted one.
var errOther = errors.New("it is another switch")

func (s *Switch) takeOver(ctx context.Context, database *daemon) error {
	if database == nil {
		if _, err := os.Stat(s.path(databaseFile)); err != nil {
			return err
		}
		if err := s.startDatabase(ctx); err != nil {
			return err
		}
	} else {
		database.signal(unix.SIGCONT)
		if err := s.connect(ctx); err != nil { // its socket may be gone: a new one listens again
			database.kill()
			if err := s.startDatabase(ctx); err != nil {
				return err
			}
		}
	}
	row, err := s.bridgeRow(ctx)
	if err != nil {
		return err
	}
	if row == nil || !s.cfg.isBridge(row) {
		return errOther
	}
	err = s.vswitchd().await(ctx, func() (err error) {
		s.channel, err = openChannel(ctx, s.managementSocket())
		return err
	})
	if err != nil {
		return err
	}
	if err := s.inherit(ctx); err != nil {
		return err
	}
	return s.keptFlows(ctx)
}

// errFlowsLost says that ovs-vswitchd was being replaced when its process was
// killed: the flows are gone.
var errFlowsLost = errors.New("its flows were lost on the way to a new ovs-vswitchd")

// keptFlows refuses a switch to which flows were being put back.
func (s *Switch) keptFlows(ctx context.Context) error {
	results, err := s.connection().Transact(ctx, ovsdb.Operation{
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
	s.daemons.Lock()
	defer s.daemons.Unlock()
	if s.daemons.connection != nil {
		s.daemons.connection.Close()
	}
	s.daemons.connection, s.daemons.vswitchd, s.daemons.database = nil, nil, nil
}

// mended tells of something that was put right.
func (s *Switch) mended(format string, args ...any) {
	if s.cfg.Mended != nil {
		s.cfg.Mended(fmt.Sprintf(format, args...))
	}
}

// bridgeColumns are what the switch sets in the row of its bridge, and its ports.
var bridgeColumns = []string{
	"name", "ports", "datapath_type", "fail_mode", "protocols", "controller", "mirrors", "netflow", "sflow", "ipfix",
	"external_ids", "other_config", "flow_tables",
}

// bridgeRow returns the row of the bridge; nil where there is none.
func (s *Switch) bridgeRow(ctx context.Context) (map[string]json.RawMessage, error) {
	results, err := s.connection().Transact(ctx, ovsdb.Operation{
		"op": "select", "table": "Bridge", "where": s.thisBridge(), "columns": bridgeColumns,
	})
	if err != nil || len(results[0].Rows) == 0 {
		return nil, err
	}
	return results[0].Rows[0], nil
}

func (s *Switch) thisBridge() []any { return []any{[]any{"name", "==", s.cfg.Bridge}} }

// rawRow reads a row of a transaction's result like one of ovs-vsctl.
func rawRow(columns map[string]json.RawMessage) row {
	var r row
	for name, cell := range columns {
		r.headings, r.cells = append(r.headings, name), append(r.cells, cell)
	}
	return r
}
