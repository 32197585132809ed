package ovs

import (
	"context"
	"slices"
	"strings"

	"pseudowan/ovs/ovsdb"
)

// protocols are the versions of OpenFlow that the bridge speaks: 1.0 is the
// default of ovs-ofctl.
var protocols = []string{"OpenFlow10", "OpenFlow13", "OpenFlow14", "OpenFlow15"}

// settings are the arguments of ovs-vsctl that restore the settings.
func (c Config) settings() []string {
	return []string{
		"clear", "bridge", c.Bridge, "controller", "--", "set", "bridge", c.Bridge, "fail_mode=secure",
		"protocols=[" + strings.Join(protocols, ",") + "]", "other_config:datapath-id=" + datapathID,
	}
}

// settingsHold reports whether the bridge has the settings that keep it from
// switching packets by anything but our flows.
func (br *bridge) settingsHold(r row) bool {
	return r.text("fail_mode") == "secure" && len(r.set("controller")) == 0 &&
		r.pairs("other_config")["datapath-id"] == datapathID &&
		slices.Equal(slices.Sorted(slices.Values(r.set("protocols"))), protocols)
}

// correction returns the operations that restore the settings.
func (br *bridge) correction() []ovsdb.Operation {
	const id = "datapath-id"
	return []ovsdb.Operation{
		{"op": "update", "table": "Bridge", "where": br.where(), "row": map[string]any{
			"fail_mode": "secure", "controller": []any{"set", []any{}}, "protocols": []any{"set", protocols},
		}},
		{"op": "mutate", "table": "Bridge", "where": br.where(), "mutations": []any{
			[]any{"other_config", "delete", []any{"set", []any{id}}},
			[]any{"other_config", "insert", []any{"map", [][2]string{{id, datapathID}}}},
		}},
	}
}

// restoreWait is the key of other_config that keeps ovs-vswitchd from forwarding.
const restoreWait = "flow-restore-wait"

// restoring records in the database whether flows are being restored. If so, it
// also restores the bridge's settings, before ovs-vswitchd sees them.
func (br *bridge) restoring(ctx context.Context, on bool) error {
	mutations := []any{[]any{"other_config", "delete", []any{"set", []any{restoreWait}}}}
	if !on {
		_, err := br.daemons.connection().Transact(ctx, ovsdb.Operation{"op": "mutate", "table": "Open_vSwitch", "where": []any{}, "mutations": mutations})
		return err
	}
	mutations = append(mutations, []any{"other_config", "insert", []any{"map", [][2]string{{restoreWait, "true"}}}})
	wait := ovsdb.Operation{"op": "mutate", "table": "Open_vSwitch", "where": []any{}, "mutations": mutations}
	_, err := br.daemons.connection().Transact(ctx, append(br.correction(), wait)...)
	return err
}
