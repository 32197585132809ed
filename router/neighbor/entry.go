package neighbor

import (
	"bytes"
	"container/list"
	"net"
	"time"
)

// State is a state of RFC 4861 section 7.3.2, or StateFailed.
type State string

// The states. StateFailed is that of a wanted neighbour that did not answer for a
// whole round, or whose port is down.
const (
	StateIncomplete State = "incomplete"
	StateReachable  State = "reachable"
	StateDelay      State = "delay"
	StateProbe      State = "probe"
	StateFailed     State = "failed"
)

// Entry is a row of the table.
type Entry struct {
	Key    Key
	MAC    net.HardwareAddr // nil if unknown
	State  State
	Since  time.Time // when it got this MAC or lost its last one
	Wanted bool
}

// entry is a neighbour. It is up while mac is not nil.
type entry struct {
	key       Key
	mac       net.HardwareAddr
	state     State
	since     time.Time
	round     time.Time // start of the unanswered probes
	probes    int       // sent in this round
	wanted    bool
	confirmed bool // it has answered with this MAC
	pending   []Waiting

	due   time.Time
	timer int // place in the heap; -1 for none
	class class
	place *list.Element // in its class's order of use
}

// class is the value of an entry: a new entry evicts only entries of its own class or
// below, so that a scanning host does not harm existing neighbours.
type class int

const (
	unanswered  class = iota // no MAC
	unconfirmed              // a MAC that the neighbour only claims
	confirmed
	wanted
	classes
)

func (e *entry) rank() class {
	switch {
	case e.wanted:
		return wanted
	case e.mac == nil:
		return unanswered
	case e.confirmed:
		return confirmed
	}
	return unconfirmed
}

// changedBy reports whether a message would change the entry's MAC.
func (e *entry) changedBy(mac net.HardwareAddr, ev Evidence) bool {
	return mac != nil && !bytes.Equal(mac, e.mac) && (e.mac == nil || ev.Override)
}

// timers is the heap of entries by due time. Ties are broken by key, so that the same
// events give the same actions.
type timers []*entry

func (t timers) Len() int { return len(t) }

func (t timers) Less(i, j int) bool {
	if !t[i].due.Equal(t[j].due) {
		return t[i].due.Before(t[j].due)
	}
	return t[i].key.Compare(t[j].key) < 0
}

func (t timers) Swap(i, j int) {
	t[i], t[j] = t[j], t[i]
	t[i].timer, t[j].timer = i, j
}

// Push implements heap.Interface.
func (t *timers) Push(x any) {
	e := x.(*entry)
	e.timer = len(*t)
	*t = append(*t, e)
}

// Pop implements heap.Interface.
func (t *timers) Pop() any {
	last := len(*t) - 1
	e := (*t)[last]
	(*t)[last] = nil
	*t = (*t)[:last]
	e.timer = -1
	return e
}
