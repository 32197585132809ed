package status

import (
	"net/netip"
	"time"
)

// BFD is one session of BFD of one router (RFC 5880). Times are in milliseconds.
type BFD struct {
	Router        string     `json:"router"`
	LocalAddress  netip.Addr `json:"local_address"`
	RemoteAddress netip.Addr `json:"remote_address"`
	Neighbor      string     `json:"neighbor"`  // the peer; "" if it is no router of the lab
	Interface     string     `json:"interface"` // of the BGP session; lo between loopbacks
	Multihop      bool       `json:"multihop"`  // over several hops (RFC 5883)
	State         BFDState   `json:"state"`
	Since         time.Time  `json:"since"`       // when the state was entered
	LastUp        *time.Time `json:"last_up"`     // when it was up, before it went down last; null before the first time
	Diagnostic    string     `json:"diagnostic"`  // why the session is not up; "" if it is, or has never been
	Failed        bool       `json:"failed"`      // it was up, and is lost: routes of the peer are not used
	Absent        bool       `json:"absent"`      // the peer says that nobody does BFD there
	Transitions   uint64     `json:"transitions"` // times that it has come up or gone down

	Discriminator uint32 `json:"discriminator"`
	MinTx         int    `json:"min_tx"`
	MinRx         int    `json:"min_rx"`
	Multiplier    int    `json:"multiplier"`
	Interval      int    `json:"interval"`  // between the packets of the router, less jitter; 0 for none
	Detection     int    `json:"detection"` // silence of the peer after which the session is down
	Polling       bool   `json:"polling"`   // the peer has yet to confirm the parameters

	RemoteState         BFDState `json:"remote_state"` // as the peer said last
	RemoteDiagnostic    string   `json:"remote_diagnostic"`
	RemoteDiscriminator uint32   `json:"remote_discriminator"` // 0 while nothing is heard
	RemoteMinTx         int      `json:"remote_min_tx"`
	RemoteMinRx         int      `json:"remote_min_rx"`
	RemoteMultiplier    int      `json:"remote_multiplier"`
	Sent                uint64   `json:"sent"` // packets
	Received            uint64   `json:"received"`
}

// BFDState is the state of a session of BFD.
type BFDState string

// The states of BFD (RFC 5880 section 4.1).
const (
	BFDAdminDown BFDState = "admin-down"
	BFDDown      BFDState = "down"
	BFDInit      BFDState = "init"
	BFDUp        BFDState = "up"
)
