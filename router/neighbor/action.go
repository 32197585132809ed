package neighbor

import "net"

// Action is something for the caller to do, in the given order: a Probe, Up, Moved,
// Down, Deliver or Failed.
type Action interface{ isAction() }

// Probe asks for a solicitation to be sent, only to MAC or, if that is nil, to
// everyone.
type Probe struct {
	Key Key
	MAC net.HardwareAddr
}

// Up reports that a neighbour has got a MAC, and returns the packets that waited
// for it.
type Up struct {
	Key     Key
	MAC     net.HardwareAddr
	Pending []Waiting
}

// Moved reports that a neighbour's MAC changed.
type Moved struct {
	Key      Key
	Old, New net.HardwareAddr
}

// Down reports that a neighbour is no longer up.
type Down struct{ Key Key }

// Deliver returns a packet that need not wait, because the neighbour is already up.
type Deliver struct {
	Key     Key
	MAC     net.HardwareAddr
	Pending []Waiting
}

// Failed returns packets whose neighbour is unreachable.
type Failed struct {
	Key     Key
	Pending []Waiting
}

func (Probe) isAction()   {}
func (Up) isAction()      {}
func (Moved) isAction()   {}
func (Down) isAction()    {}
func (Deliver) isAction() {}
func (Failed) isAction()  {}

// Waiting is a packet that waits for a neighbour, with its origin. The table does not
// look into it.
type Waiting struct {
	Port, VRF uint32 // where it came in
	Frame     []byte
}
