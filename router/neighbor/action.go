package neighbor

import "net"

// Action is something that the caller is to do, in the order given: a Probe,
// Up, Moved, Down, Deliver or Failed.
type Action interface{ isAction() }

// Probe asks to send a solicitation: to MAC alone, or to everyone where it is
// nil.
type Probe struct {
	Key Key
	MAC net.HardwareAddr
}

// Up tells that a neighbour without MAC has one now, and gives back the packets
// that waited for it.
type Up struct {
	Key     Key
	MAC     net.HardwareAddr
	Pending []Waiting
}

// Moved tells that a neighbour's MAC is another one now.
type Moved struct {
	Key      Key
	Old, New net.HardwareAddr
}

// Down tells that a neighbour that was up is no more.
type Down struct{ Key Key }

// Deliver gives back a packet that need not wait: the neighbour is up already.
type Deliver struct {
	Key     Key
	MAC     net.HardwareAddr
	Pending []Waiting
}

// Failed gives back packets whose neighbour is unreachable.
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

// Waiting is a packet that waits for a neighbour, with where it came from: the
// table only keeps it.
type Waiting struct {
	Port, VRF uint32 // where it came in
	Frame     []byte
}
