package openflow

import (
	"fmt"
	"math"
)

// Flow is one flow. Match and Actions are in the syntax of ovs-ofctl(8), of which
// this package knows the terms that its callers use; it refuses all others.
type Flow struct {
	Table    uint8
	Priority uint16
	Cookie   uint64
	Match    string
	Actions  string
}

// String returns the flow as ovs-ofctl(8) reads it.
func (f Flow) String() string {
	return fmt.Sprintf("cookie=%#x,%s,actions=%s", f.Cookie, f.key(), f.Actions)
}

// key is what identifies the flow in the switch.
func (f Flow) key() string {
	k := fmt.Sprintf("table=%d,priority=%d", f.Table, f.Priority)
	if f.Match != "" {
		k += "," + f.Match
	}
	return k
}

// Commands of a flow modification (section 7.3.4.1).
const (
	flowAdd          = 0
	flowDeleteStrict = 4
)

// Kinds of instructions (section 7.2.5).
const (
	instructionGoto  = 1
	instructionApply = 4
)

// appendAdd appends an OFPT_FLOW_MOD that adds a flow. One with the same table,
// priority and match is replaced, and keeps its counters.
func (f Flow) appendAdd(b []byte, xid uint32) ([]byte, error) {
	return f.appendMod(b, xid, flowAdd, 0)
}

// appendDelete appends an OFPT_FLOW_MOD that removes the flow with this table,
// priority, match and cookie. A strict one: others would also remove more specific
// flows of that cookie.
func (f Flow) appendDelete(b []byte, xid uint32) ([]byte, error) {
	f.Actions = "drop"
	return f.appendMod(b, xid, flowDeleteStrict, math.MaxUint64)
}

func (f Flow) appendMod(b []byte, xid uint32, command uint8, cookieMask uint64) ([]byte, error) {
	const anyGroup = anyPort
	start := len(b)
	b = append(b, version, typeFlowMod, 0, 0)
	b = be.AppendUint32(b, xid)
	b = be.AppendUint64(b, f.Cookie)
	b = be.AppendUint64(b, cookieMask)
	b = append(b, f.Table, command, 0, 0, 0, 0) // no timeouts
	b = be.AppendUint16(b, f.Priority)
	b = be.AppendUint32(b, noBuffer)
	b = be.AppendUint32(b, anyPort)
	b = be.AppendUint32(b, anyGroup)
	b = append(b, 0, 0, 0, 0) // no flags

	b, err := appendMatch(b, f.Match)
	if err == nil {
		b, err = appendInstructions(b, f.Actions)
	}
	if err != nil {
		return nil, fmt.Errorf("flow %s: %w", f, err)
	}
	return closeLength(b, start, start+2)
}

// closeLength writes the length of the structure that begins at start into the 16
// bits at field.
func closeLength(b []byte, start, field int) ([]byte, error) {
	n := len(b) - start
	if n > math.MaxUint16 {
		return nil, fmt.Errorf("%d octets do not fit into a message", n)
	}
	be.PutUint16(b[field:], uint16(n))
	return b, nil
}

// pad appends zeros until the structure that begins at start ends on a multiple of
// eight octets.
func pad(b []byte, start int) []byte {
	for (len(b)-start)%8 != 0 {
		b = append(b, 0)
	}
	return b
}
