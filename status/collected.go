package status

import "net/netip"

// CollectedRIB says which of a router's routes a row of a BMP collector is of.
type CollectedRIB string

// The RIBs: what a peer has announced and been told, before and after policy (RFC
// 7854, RFC 8671), and what a table of the router uses (RFC 9069).
const (
	RIBInPre   CollectedRIB = "adj-rib-in"
	RIBInPost  CollectedRIB = "adj-rib-in-post"
	RIBOutPre  CollectedRIB = "adj-rib-out-pre"
	RIBOutPost CollectedRIB = "adj-rib-out"
	RIBLoc     CollectedRIB = "loc-rib"
)

// CollectedRouter is a router that has connected to a BMP collector. Its keys are those of
// OpenBMP's REST interface.
type CollectedRouter struct {
	HashID      string  `json:"RouterHashId"`
	Modified    string  `json:"LastModified"` // UTC, with microseconds
	InitData    string  `json:"InitData"`     // the free text of the Initiation message
	Name        string  `json:"RouterName"`   // sysName
	Address     string  `json:"RouterIP"`     // where it has connected from
	AS          *uint32 `json:"RouterAS"`     // null until a session has told
	Description string  `json:"description"`  // sysDescr
	Connected   int     `json:"isConnected"`  // 0 or 1
	Passive     int     `json:"isPassive"`    // always 0: routers connect to the collector
	TermCode    int     `json:"LastTermCode"` // of the Termination message; 65534: it sent what cannot be read; 65535: the connection ended without one
	TermReason  string  `json:"LastTermReason"`
}

// CollectedPeer is a BGP session that a router has reported to a BMP collector, or a
// table of it.
type CollectedPeer struct {
	HashID       string     `json:"PeerHashId"`
	RouterHashID string     `json:"RouterHashId"`
	RouterName   string     `json:"RouterName"`
	RouterIP     string     `json:"RouterIP"`
	Name         string     `json:"PeerName"` // of a table; "" for a session
	Type         string     `json:"PeerType"` // global, l3vpn, local or loc-rib
	RD           string     `json:"PeerRD"`   // "" in the global table
	Address      string     `json:"PeerIP"`   // "" of a table
	AS           uint32     `json:"PeerASN"`
	BGPID        netip.Addr `json:"PeerBGPId"`
	Port         int        `json:"PeerPort"`
	LocalAddress string     `json:"LocalIP"`
	LocalAS      uint32     `json:"LocalASN"`
	LocalBGPID   netip.Addr `json:"LocalBGPId"`
	LocalPort    int        `json:"LocalPort"`
	HoldTime     int        `json:"HoldTime"` // s
	Up           int        `json:"isUp"`     // 0 or 1
	Connected    int        `json:"isBMPConnected"`
	Modified     string     `json:"LastModified"`
	DownReason   string     `json:"LastDownReason"`
	Prefixes     int        `json:"Prefixes"`  // that are announced, of all RIBs
	Malformed    int        `json:"Malformed"` // messages that could not be read
}

// CollectedRoute is a route that a router has reported to a BMP collector.
type CollectedRoute struct {
	RouterName   string       `json:"RouterName"`
	RouterIP     string       `json:"RouterIP"`
	PeerHashID   string       `json:"PeerHashId"`
	PeerName     string       `json:"PeerName"` // address of the peer, or name of the table
	RIB          CollectedRIB `json:"Rib"`
	Family       string       `json:"Family"`
	RD           string       `json:"RD"` // "" where there is none
	Prefix       string       `json:"Prefix"`
	PathID       uint32       `json:"PathId"` // RFC 7911; 0 without
	Labels       []uint32     `json:"Labels"`
	NextHop      netip.Addr   `json:"NH"`
	Origin       string       `json:"Origin"`
	ASPath       string       `json:"AS_Path"`
	MED          *uint32      `json:"MED"`
	LocalPref    *uint32      `json:"LocalPref"`
	Communities  []string     `json:"Communities"`
	Large        []string     `json:"LargeCommunities"`
	Extended     []string     `json:"ExtCommunities"`
	OriginatorID string       `json:"OriginatorId"`
	ClusterList  []string     `json:"ClusterList"`
	Modified     string       `json:"LastModified"`
}
