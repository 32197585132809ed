package ovs

import (
	"bytes"
	"fmt"

	"pseudowan/ovs/pipeline"
)

// memory is the flows that the switch was told, to be put back when
// ovs-vswitchd, which alone has them, was replaced.
type memory struct {
	flows     map[flowKey]pipeline.Flow
	inherited []byte // of an adopted switch: its flows as ovs-ofctl prints them, until they are known
}

// flowKey identifies a flow in the switch.
type flowKey struct {
	table    pipeline.Table
	priority uint16
	match    string
}

func keyOf(f pipeline.Flow) flowKey { return flowKey{f.Table, f.Priority, f.Match} }

// note takes a change in. A flow is removed where its cookie agrees.
func (m *memory) note(add, remove []pipeline.Flow) {
	if m.flows == nil {
		m.flows = make(map[flowKey]pipeline.Flow)
	}
	for _, f := range add {
		m.flows[keyOf(f)] = f
	}
	for _, f := range remove {
		if there, ok := m.flows[keyOf(f)]; ok && there.Cookie == f.Cookie {
			delete(m.flows, keyOf(f))
		}
	}
}

// replace takes over the flows that are all there is.
func (m *memory) replace(flows []pipeline.Flow) {
	m.flows, m.inherited = make(map[flowKey]pipeline.Flow, len(flows)), nil
	m.note(flows, nil)
}

// file is all flows as ovs-ofctl reads them.
func (m *memory) file() []byte {
	var b bytes.Buffer
	b.Write(m.inherited)
	for _, f := range m.flows {
		fmt.Fprintln(&b, entry(f))
	}
	return b.Bytes()
}

// Inherited returns the cookies of the flows that an adopted switch had when it
// was adopted, until Correct has said what the flows are.
func (s *Switch) Inherited() []pipeline.Cookie { return s.flows.inherited() }
