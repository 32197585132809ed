package ovs

import (
	"bytes"
	"fmt"

	"pseudowan/ovs/pipeline"
)

// memory is the flows as last set. They are restored after ovs-vswitchd was
// replaced, which loses them.
type memory struct {
	flows     map[flowKey]flowRest
	inherited []byte // of an adopted switch: its flows as ovs-ofctl prints them, until Correct sets flows
}

// flowKey identifies a flow in the switch.
type flowKey struct {
	table    pipeline.Table
	priority uint16
	match    string
}

// flowRest is the rest of a flow.
type flowRest struct {
	cookie  pipeline.Cookie
	actions string
}

func keyOf(f pipeline.Flow) flowKey { return flowKey{f.Table, f.Priority, f.Match} }

// note records a change. A flow is removed only if its cookie agrees.
func (m *memory) note(add, remove []pipeline.Flow) {
	if m.flows == nil {
		m.flows = make(map[flowKey]flowRest)
	}
	for _, f := range add {
		m.flows[keyOf(f)] = flowRest{f.Cookie, f.Actions}
	}
	for _, f := range remove {
		if there, ok := m.flows[keyOf(f)]; ok && there.cookie == f.Cookie {
			delete(m.flows, keyOf(f))
		}
	}
}

// replace records flows as the only ones.
func (m *memory) replace(flows []pipeline.Flow) {
	m.flows, m.inherited = make(map[flowKey]flowRest, len(flows)), nil
	m.note(flows, nil)
}

// file returns all flows as ovs-ofctl reads them.
func (m *memory) file() []byte {
	var b bytes.Buffer
	b.Write(m.inherited)
	for k, f := range m.flows {
		fmt.Fprintln(&b, onWire(pipeline.Flow{Table: k.table, Priority: k.priority, Match: k.match, Cookie: f.cookie, Actions: f.actions}))
	}
	return b.Bytes()
}

// Inherited returns the cookies of the flows that a switch had when it was
// adopted, until Correct sets its flows.
func (s *Switch) Inherited() []pipeline.Cookie { return s.flows.inherited() }
