package gate

import "fmt"

// FaultKind is what was done about a message that was not as it should be, and
// did not end the session.
type FaultKind uint8

// The kinds of faults.
const (
	FaultWithdrawn FaultKind = iota // its routes are taken as withdrawn (RFC 7606 section 2)
	FaultDiscarded                  // it lost an attribute (RFC 7606 section 2)
	FaultFamily                     // it lost the routes of a family that is not negotiated
)

// Fault is something wrong in a message.
type Fault struct {
	Kind FaultKind
	Text string
}

func (u *update) fault(kind FaultKind, format string, args ...any) {
	u.faults = append(u.faults, Fault{kind, fmt.Sprintf(format, args...)})
}
