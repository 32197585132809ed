package pipeline

import "fmt"

// Admission is a label with which packets may come in by a guarded port (see CorePort).
type Admission struct {
	Port  uint32 // OpenFlow number, below 2^28
	Label uint32
}

// Flows returns the flow of the admission.
func (a Admission) Flows() []Flow {
	l := &list{kind: KindAdmission, id: a.id()}
	l.add(TableAdmission, 100, join(inPort(a.Port), fmt.Sprintf("mpls,mpls_label=%d", a.Label)), gotoTable(TableLabel))
	return l.flows
}

// Object is the cookie of the flow.
func (a Admission) Object() Cookie { return NewCookie(KindAdmission, 0, a.id()) }

func (a Admission) id() uint64 {
	const labelBits = 20
	return uint64(a.Port)<<labelBits | uint64(a.Label)
}
