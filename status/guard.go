package status

// Guard is the port guard of a host on a segment, and what it has dropped since it was
// last changed, in packets.
type Guard struct {
	Segment   string   `json:"segment"`
	Host      string   `json:"host"`
	Interface string   `json:"interface"` // of the host
	Guard     []string `json:"guard"`     // ra, source, dhcp
	Allowed   []string `json:"allowed"`   // addresses that the host may send from, with source
	State     string   `json:"state"`     // active, or missing if its rules are not in the kernel, or not all of them
	Arrived   uint64   `json:"arrived"`   // all that the host has sent
	RA        uint64   `json:"dropped_ra"`
	Source    uint64   `json:"dropped_source"`
	DHCP      uint64   `json:"dropped_dhcp"`
	Hidden    uint64   `json:"dropped_hidden"` // what came in fragments or behind headers that hide it
}

// The states of a port guard.
const (
	GuardActive  = "active"
	GuardMissing = "missing"
)
