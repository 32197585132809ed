package bgp

import (
	"net/netip"
	"time"

	"pseudowan/bgp/session"
	"pseudowan/bgp/vpn"
)

// Event is an event of a speaker: a RouteUpdate, a PeerChange or an EndOfRIB.
type Event interface{ event() }

// RouteUpdate is a path that appeared, changed or vanished. Of a withdrawn one,
// only the fields of its Key are set. Paths that the gobgp command added here
// have a zero Peer; those of Announce are not reported.
type RouteUpdate struct {
	Route     Route
	Withdrawn bool
}

// PeerChange is a session that was configured, changed state or was removed. The
// counters of the state are unset.
type PeerChange struct {
	Peer    PeerState
	Removed bool
}

// EndOfRIB means that the peer has sent all that it had when the session came up
// (RFC 4724 section 2), or has sent it again. Our own routers always send it,
// others may not. It follows the routes.
type EndOfRIB struct {
	Peer   netip.Addr
	Family vpn.Family
}

func (RouteUpdate) event() {}
func (PeerChange) event()  {}
func (EndOfRIB) event()    {}

// PeerState is the state of one session.
type PeerState struct {
	Address           netip.Addr
	LocalAddress      netip.Addr // zero if it is neither configured nor known
	AS                uint32
	LocalAS           uint32
	State             string    // RFC 4271 section 8.2.2, lower case: idle, active, opensent, openconfirm, established
	Since             time.Time // when the state was entered
	Families          []string  // negotiated, or wanted while the session is not established
	Capabilities      []string  // what both ends are capable of, in words; none while the session is not established
	SendsEnd          bool      // the peer will send an end of RIB; false while the session is not established
	Restarting        bool      // the peer has restarted, and sends no end of RIB before it has received ours
	Received          int       // prefixes received from the peer
	Accepted          int       // those that passed the import policy
	Advertised        int       // prefixes sent to the peer
	TargetsReceived   []string  // route targets that the peer asks for (RFC 4684); nil without route target constraint
	TargetsAdvertised []string  // those that it is asked for
	Reason            string    // why the speaker keeps the session down; "" if it does not

	RouterID    netip.Addr // BGP identifier of the speaker
	PeerID      netip.Addr // of the peer, from its last OPEN; zero before
	LastError   string     // why the last session ended, or the last attempt failed; "" before the first
	LastErrorAt time.Time
	LastEnd     string // why the last established session ended; "" before the first
	LastEndAt   time.Time
	Warning     string       // of the established session, that a limit is near
	MaxPrefixes uint32       // more received prefixes end the session; 0: no limit
	Description string       // of the configuration
	Shutdown    bool         // the configuration keeps the session down
	Range       netip.Prefix // from which the peer has connected; zero if it is configured itself
	Malformed   Malformed

	Restart  RestartState  // of the established session
	HoldTime time.Duration // negotiated; 0: none, or no session
	Settings session.Settings
}

// Malformed counts what a peer has sent that was not as it should be, since it was
// configured.
type Malformed struct {
	Headers    uint64 // sessions that ended for a message header (RFC 4271 section 6.1)
	Opens      uint64 // for an OPEN (section 6.2)
	Updates    uint64 // for an UPDATE (section 6.3, RFC 7606)
	Unexpected uint64 // for a message that does not belong there (RFC 6608)

	Withdrawn uint64 // UPDATEs whose routes were taken as withdrawn (RFC 7606)
	Discarded uint64 // attributes that were removed (RFC 7606)
	Families  uint64 // UPDATEs with routes of a family that is not negotiated

	Last   string // in words
	LastAt time.Time
}

// Down returns why the session is not established; "" if it is, or if the reason
// is unknown.
func (p PeerState) Down() string {
	switch {
	case p.State == StateEstablished:
		return ""
	case p.Reason != "":
		return p.Reason
	}
	return p.LastError
}

// StateEstablished is the state of a session that exchanges routes.
const StateEstablished = "established"

// RIBPath is one path of a speaker's table.
type RIBPath struct {
	Route
	Best bool // GoBGP's choice among the paths of this RD and prefix, which peers receive
}
