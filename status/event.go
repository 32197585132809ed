package status

import "time"

// Event is one thing that has happened in a lab.
type Event struct {
	Time time.Time `json:"time"`
	Kind EventKind `json:"kind"` // what has changed
	Node string    `json:"node"` // router or host; "": the lab
	Text string    `json:"text"` // what has happened
	By   string    `json:"by"`   // of a command: who has given it; else ""
}

// EventKind is what an event is about.
type EventKind string

// The kinds of events.
const (
	EventCommand   EventKind = "command"   // a command has changed the lab
	EventPeer      EventKind = "peer"      // a BGP session is up or down
	EventRoute     EventKind = "route"     // a VRF has another best route to a prefix, or none
	EventAdjacency EventKind = "adjacency" // a neighbour or a next hop is there or gone
	EventPort      EventKind = "port"      // an interface of a router has a carrier or has lost it
	EventBFD       EventKind = "bfd"       // a session of BFD is up or down
	EventRepair    EventKind = "repair"    // what has died was replaced
)
