package session

import (
	"time"

	"pseudowan/bgp/vpn"
)

// Settings are the adjustable parameters of a BGP session.
type Settings struct {
	Families     []vpn.Family  `json:"families,omitempty"`   // sorted
	MED          *uint32       `json:"med,omitempty"`        // sent with every route to the peer; nil: the route's own
	LocalPref    *uint32       `json:"local_pref,omitempty"` // set on every route from the peer; nil: as received
	HoldTime     time.Duration `json:"hold_time"`            // 0: none, and no keepalives
	Keepalive    time.Duration `json:"keepalive"`
	ConnectRetry time.Duration `json:"connect_retry"`          // longest time between attempts to connect
	Passive      bool          `json:"passive,omitempty"`      // wait for the peer to connect
	Password     Password      `json:"password,omitzero"`      // TCP-MD5 (RFC 2385)
	GTSM         Hops          `json:"gtsm,omitempty"`         // accept only packets of a peer at most so many hops away (RFC 5082); 0: of any
	Multihop     uint32        `json:"multihop,omitempty"`     // TTL of packets to an external peer; 0: 1, that of a peer on the link
	MaxPrefixes  uint32        `json:"max_prefixes,omitempty"` // more received prefixes end the session; 0: no limit

	MaxPrefixesThreshold   uint32        `json:"max_prefixes_threshold,omitempty"`    // percent of MaxPrefixes that is worth a warning; 0: 80
	MaxPrefixesWarningOnly bool          `json:"max_prefixes_warning_only,omitempty"` // more prefixes end no session
	MaxPrefixesRestart     time.Duration `json:"max_prefixes_restart,omitempty"`      // after such an end; 0: not before an edit

	// NextHopSelf makes us the next hop of external peers' routes towards an
	// internal peer. That would need a label swap, so such routes are withheld.
	// Our own routes always carry the session's address, and reflected ones are
	// never changed.
	NextHopSelf bool `json:"next_hop_self,omitempty"`

	// NextHopUnchanged tells an external peer the routes of internal peers, too, with their
	// next hops (RFC 4364 section 10c). It has to reach these next hops.
	NextHopUnchanged bool `json:"next_hop_unchanged,omitempty"`

	// IPv6NextHop gives VPNv6 routes of ours, over an IPv4 session, our IPv6
	// address on the link as next hop (RFC 4659 section 3.2.1).
	IPv6NextHop bool `json:"ipv6_next_hop,omitempty"`

	// ASOverride replaces the peer's AS number by ours in AS paths towards it. The
	// caller of Announce does that, not the speaker.
	ASOverride bool `json:"as_override,omitempty"`

	// IBGP makes the session with a customer an internal one of the customer's AS (RFC
	// 6368).
	IBGP bool `json:"ibgp,omitempty"`

	// DefaultOriginate announces a default route to the peer. The caller of Announce
	// does that.
	DefaultOriginate bool `json:"default_originate,omitempty"`

	// GracefulShutdown tells the peer that we shall soon forward no more (RFC 8326). It
	// is carried out where policies are: see bgp.Draining.
	GracefulShutdown bool `json:"graceful_shutdown,omitempty"`

	// AllowOwnAS is how often our AS number may occur in the AS path of a route
	// from the peer (0 in RFC 4271 section 9.1.2).
	AllowOwnAS uint32 `json:"allow_own_as,omitempty"`

	// ImportPolicy and ExportPolicy name the policies that routes from and to the
	// peer pass, in their order. What they do stands elsewhere: it changes while
	// the session lives.
	ImportPolicy []string `json:"import_policy,omitempty"`
	ExportPolicy []string `json:"export_policy,omitempty"`

	// LocalAS is the AS in whose name we speak to an external peer (RFC 7705); 0: our
	// own. It stands in front of paths from the peer, unless NoPrepend is set, and
	// before our own AS in those to it, unless ReplaceAS is.
	LocalAS          uint32 `json:"local_as,omitempty"`
	LocalASNoPrepend bool   `json:"local_as_no_prepend,omitempty"`
	LocalASReplaceAS bool   `json:"local_as_replace_as,omitempty"`

	// AddPathReceive and AddPathSend are families with several paths to a prefix (RFC
	// 7911), of which the peer is told the AddPathPaths best; 0: all.
	AddPathReceive []vpn.Family `json:"add_path_receive,omitempty"`
	AddPathSend    []vpn.Family `json:"add_path_send,omitempty"`
	AddPathPaths   uint32       `json:"add_path_paths,omitempty"`

	// RTC offers route target constraint (RFC 4684): each end tells the other only
	// routes that it has asked for by their route targets. RTCDefault asks the peer
	// for all.
	RTC        bool `json:"rtc,omitempty"`
	RTCDefault bool `json:"rtc_default,omitempty"`

	EnforceFirstAS  bool `json:"enforce_first_as,omitempty"`  // routes of an external peer must have its AS first in their path
	RemovePrivateAS bool `json:"remove_private_as,omitempty"` // an external peer is told no private ASes (RFC 6996)

	// Graceful restart (RFC 4724), after NOTIFICATIONs, too (RFC 8538), and for
	// longer (RFC 9494). A zero value is the default.
	GracefulRestart     RestartMode   `json:"graceful_restart,omitempty"`
	RestartFamilies     []vpn.Family  `json:"graceful_restart_families,omitempty"`     // sorted; nil: all of the session
	RestartTime         time.Duration `json:"restart_time,omitempty"`                  // that the peer is told
	StalePathTime       time.Duration `json:"stale_path_time,omitempty"`               // from the peer's return, at most
	RestartNotification bool          `json:"graceful_restart_notification,omitempty"` // the N bit
	LongLivedStaleTime  time.Duration `json:"long_lived_stale_time,omitempty"`         // that the peer is told, and the most that it may ask for
	LongLivedFamilies   []vpn.Family  `json:"long_lived_families,omitempty"`           // sorted; nil: all of the session

	// BFD watches the path to the peer (RFC 5880, RFC 5882): over one hop, or several if
	// the peer is not on the link. A zero value is the default.
	BFD           bool     `json:"bfd,omitempty"`
	BFDMinTx      Interval `json:"bfd_min_tx,omitempty"`     // between our packets
	BFDMinRx      Interval `json:"bfd_min_rx,omitempty"`     // between the peer's
	BFDMultiplier uint32   `json:"bfd_multiplier,omitempty"` // so many packets that are lost in a row are a failure

	Description string `json:"description,omitempty"` // for people

	// Shutdown keeps the session down. The peer is told so (RFC 4486), with the
	// words of the communication (RFC 9003).
	Shutdown      bool   `json:"shutdown,omitempty"`
	Communication string `json:"shutdown_communication,omitempty"`
}

// Peers are kinds of peers. They have different knobs and defaults.
type Peers uint8

// The kinds of peers.
const (
	Routers Peers = 1 << iota // PE and P routers, which exchange VPN routes
	Hosts                     // customers' hosts, which exchange plain routes
)

// Default returns the default settings of a session. The families of a session
// with a host follow from its address.
func Default(with Peers) Settings {
	s := Settings{HoldTime: 40 * time.Second, ConnectRetry: 2 * time.Second}
	s.Keepalive = KeepaliveFor(s.HoldTime)
	switch with {
	case Routers:
		s.Families = []vpn.Family{vpn.VPNv4, vpn.VPNv6}
		s.NextHopSelf = true
		s.AddPathPaths = 4
	case Hosts:
		s.MaxPrefixes = 10_000
	}
	return s
}

// KeepaliveFor returns the default keepalive interval for a hold time (RFC 4271
// section 10).
func KeepaliveFor(hold time.Duration) time.Duration {
	if hold == 0 {
		return 0
	}
	return max(hold/3, time.Second).Truncate(time.Second)
}
