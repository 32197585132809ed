package session

import (
	"fmt"
	"reflect"
	"time"
)

// Knob is one setting of a session.
type Knob struct {
	Key  string // in the lab file
	With Peers  // the sessions that have it
	Doc  string // what it means, in a sentence

	// Reset reports whether a change needs a new session. Other knobs can change
	// during a session.
	Reset bool

	fallback string                 // default in words, if the value does not show it
	field    func(*Settings) any    // a pointer to the field
	check    func(Settings) *Misfit // nil: every value is allowed
}

// Misfit is why a setting is not allowed, and the remedy.
type Misfit struct{ Message, Remedy string }

// Limits of settings.
const (
	leastHold   = 3 * time.Second     // RFC 4271 section 4.2
	longestTime = 65535 * time.Second // 16 bits, as in OPEN
	maxPassword = 80                  // TCP_MD5SIG_MAXKEYLEN
	maxWords    = 128                 // octets of a shutdown communication that everybody takes (RFC 8203)
	maxText     = 200                 // characters of a description
	MaxPaths    = 255                 // of AddPathPaths, as the engine has no more
	MaxOwnAS    = 10                  // of AllowOwnAS; more is a mistake
)

// knobs is the table of all settings. A key may have a row for each kind of peer.
var knobs = []Knob{
	{Key: "families", With: Routers, Reset: true, Doc: "Address families.", fallback: "vpnv4 and vpnv6",
		field: func(s *Settings) any { return &s.Families }},
	{Key: "med", With: Routers, Doc: "MED sent with every route.",
		field: func(s *Settings) any { return &s.MED }},
	{Key: "local-pref", With: Routers, Doc: "Local preference set on every received route, at least 1.",
		field: func(s *Settings) any { return &s.LocalPref }, check: checkLocalPref},
	{Key: "hold-time", With: Routers | Hosts, Reset: true, Doc: "Hold time, 3 s to 65535 s; 0 for none and no keepalives: TCP finds out within two minutes that the peer is gone.",
		field: func(s *Settings) any { return &s.HoldTime }, check: checkHold},
	{Key: "keepalive", With: Routers | Hosts, Reset: true, Doc: "Interval between keepalives.", fallback: "a third of the hold time",
		field: func(s *Settings) any { return &s.Keepalive }, check: checkKeepalive},
	{Key: "connect-retry", With: Routers | Hosts, Doc: "Longest time between attempts to connect, 1 s to 65535 s.",
		field: func(s *Settings) any { return &s.ConnectRetry }, check: checkRetry},
	{Key: "passive", With: Routers | Hosts, Doc: "Whether the router waits for the peer to connect.",
		field: func(s *Settings) any { return &s.Passive }},
	{Key: "password", With: Routers | Hosts, Reset: true, Doc: "TCP-MD5 password (RFC 2385) of at most 80 octets; or {env: NAME} or {file: PATH}, which up reads and the lab's plan does not contain.",
		field: func(s *Settings) any { return &s.Password }, check: checkPassword},
	{Key: "gtsm", With: Routers | Hosts, Reset: true, Doc: "TTL security (RFC 5082): packets are taken only from a peer that is at most so many hops away; true for 1, a peer on the link.", fallback: "false",
		field: func(s *Settings) any { return &s.GTSM }, check: checkHops},
	{Key: "multihop", With: Routers, Reset: true, Doc: "TTL of packets to an external peer that is several hops away, 1 to 255.", fallback: "1",
		field: func(s *Settings) any { return &s.Multihop }, check: checkMultihop},
	{Key: "max-prefixes", With: Routers, Doc: "Number of received prefixes, without those that have passed this router before, beyond which the session ends; 0 for no limit.",
		field: func(s *Settings) any { return &s.MaxPrefixes }},
	{Key: "max-prefixes", With: Hosts, Doc: "Number of prefixes of a family, without those that have passed this router before, beyond which the session ends until this is edited; " +
		"attributes of more than 512 octets per prefix on average also end it. 0 for no limit.",
		field: func(s *Settings) any { return &s.MaxPrefixes }},
	{Key: "max-prefixes-threshold", With: Routers | Hosts, Doc: "Percentage of max-prefixes from which a warning is given, at most 100.", fallback: "80",
		field: func(s *Settings) any { return &s.MaxPrefixesThreshold }, check: checkThreshold},
	{Key: "max-prefixes-warning-only", With: Routers | Hosts, Doc: "Whether more prefixes than max-prefixes are a warning, and no end of the session.",
		field: func(s *Settings) any { return &s.MaxPrefixesWarningOnly }},
	{Key: "max-prefixes-restart", With: Routers | Hosts, Doc: "How long after an end for max-prefixes the session may come up again; 0 for not before an edit.",
		field: func(s *Settings) any { return &s.MaxPrefixesRestart }, check: checkRestart},
	{Key: "next-hop-self", With: Routers, Reset: true, Doc: "Whether the router announces its own address as next hop.",
		field: func(s *Settings) any { return &s.NextHopSelf }},
	{Key: "next-hop-unchanged", With: Routers, Reset: true, Doc: "Whether an external peer is told the routes of internal peers, too, with their next hops and labels, as between the reflectors of two ASes (RFC 4364 section 10c).",
		field: func(s *Settings) any { return &s.NextHopUnchanged }},
	{Key: "ipv6-next-hop", With: Routers, Doc: "Whether VPNv6 routes over an IPv4 session carry the router's IPv6 address on the link as next hop, " +
		"not its IPv4 address in IPv6 form (RFC 4659 section 3.2.1).",
		field: func(s *Settings) any { return &s.IPv6NextHop }},
	{Key: "as-override", With: Hosts, Doc: "Whether the router replaces the host's AS number with its own in AS paths towards the host, " +
		"so that sites of one AS accept each other's routes.",
		field: func(s *Settings) any { return &s.ASOverride }},
	{Key: "allow-own-as", With: Routers | Hosts, Reset: true, Doc: "How often the router's AS number may occur in the AS path of a route from an external peer, " +
		"such as that of a hub; at most 10.",
		field: func(s *Settings) any { return &s.AllowOwnAS }, check: checkOwnAS},
	{Key: "enforce-first-as", With: Routers | Hosts, Reset: true, Doc: "Whether routes of an external peer whose AS path does not begin with its AS are taken as withdrawn.",
		field: func(s *Settings) any { return &s.EnforceFirstAS }},
	{Key: "remove-private-as", With: Routers | Hosts, Reset: true, Doc: "Whether private AS numbers (RFC 6996) other than the peer's are removed from AS paths to an external peer.",
		field: func(s *Settings) any { return &s.RemovePrivateAS }},
	{Key: "local-as", With: Routers, Reset: true, Doc: "AS number in whose name the router speaks to an external peer (RFC 7705); 0 for its own.",
		field: func(s *Settings) any { return &s.LocalAS }, check: checkLocalAS},
	{Key: "local-as-no-prepend", With: Routers, Reset: true, Doc: "Whether local-as is not put in front of AS paths from the peer.",
		field: func(s *Settings) any { return &s.LocalASNoPrepend }},
	{Key: "local-as-replace-as", With: Routers, Reset: true, Doc: "Whether the router's own AS does not follow local-as in AS paths to the peer.",
		field: func(s *Settings) any { return &s.LocalASReplaceAS }},
	{Key: "import-policy", With: Routers | Hosts, Doc: "Policies that routes from the peer pass, in this order; [] for none.",
		field: func(s *Settings) any { return &s.ImportPolicy }},
	{Key: "export-policy", With: Routers | Hosts, Doc: "Policies that routes to the peer pass, in this order; [] for none.",
		field: func(s *Settings) any { return &s.ExportPolicy }},
	{Key: "add-path-receive", With: Routers, Reset: true, Doc: "Families in which the peer may send several paths to a prefix (RFC 7911); each of them counts for max-prefixes.", fallback: "none",
		field: func(s *Settings) any { return &s.AddPathReceive }},
	{Key: "add-path-send", With: Routers, Reset: true, Doc: "Families in which the peer is sent several paths to a prefix (RFC 7911), if it takes them.", fallback: "none",
		field: func(s *Settings) any { return &s.AddPathSend }},
	{Key: "add-path-paths", With: Routers, Doc: "How many paths to a prefix are sent at most, the best ones; at most 255, 0 for all.",
		field: func(s *Settings) any { return &s.AddPathPaths }, check: checkPaths},
	{Key: "rtc", With: Routers, Reset: true, Doc: "Route target constraint (RFC 4684), if the peer offers it, too: each end is told only routes with route targets that it imports, or that others import to which it passes them on.",
		field: func(s *Settings) any { return &s.RTC }},
	{Key: "rtc-default", With: Routers, Doc: "Whether a peer with rtc is asked for all routes nevertheless, as reflectors often do.",
		field: func(s *Settings) any { return &s.RTCDefault }},
	{Key: "ibgp", With: Hosts, Reset: true, Doc: "Whether the session is an internal one (RFC 6368): the router speaks with the AS number of the host, " +
		"and between sites of that AS with such sessions the attributes of routes stay as they are.",
		field: func(s *Settings) any { return &s.IBGP }},
	{Key: "default-originate", With: Hosts, Doc: "Whether the router announces a default route to the host, even if the VRF has none.",
		field: func(s *Settings) any { return &s.DefaultOriginate }},
	{Key: "graceful-shutdown", With: Routers | Hosts, Doc: "Whether the peer is asked to use other routes, as the router will soon forward no more (RFC 8326): " +
		"routes to it have the community graceful-shutdown and, within an AS, local preference 0.",
		field: func(s *Settings) any { return &s.GracefulShutdown }},
	{Key: "description", With: Routers | Hosts, Doc: "What the session is for, in one line.",
		field: func(s *Settings) any { return &s.Description }, check: checkDescription},
	{Key: "graceful-restart", With: Routers | Hosts, Reset: true, Doc: "Graceful restart (RFC 4724): full, helper for only keeping the routes of a peer that restarts, or off.", fallback: "full",
		field: func(s *Settings) any { return &s.GracefulRestart }},
	{Key: "graceful-restart-families", With: Routers, Reset: true, Doc: "Families with graceful restart.", fallback: "those of the session",
		field: func(s *Settings) any { return &s.RestartFamilies }, check: checkRestartFamilies},
	{Key: "restart-time", With: Routers | Hosts, Reset: true, Doc: "How long the peer is asked to keep the router's routes while the router restarts, 1 s to 4095 s.", fallback: "1m0s",
		field: func(s *Settings) any { return &s.RestartTime }, check: checkRestartTime},
	{Key: "stale-path-time", With: Routers | Hosts, Doc: "How long routes of a peer that has restarted and is back stand at most, if it sends them not again and no End-of-RIB, 1 s to 65535 s.", fallback: "6m0s",
		field: func(s *Settings) any { return &s.StalePathTime }, check: checkStalePath},
	{Key: "graceful-restart-notification", With: Routers | Hosts, Reset: true, Doc: "Whether routes are kept also when a session ends with a NOTIFICATION other than a hard reset (RFC 8538).",
		field: func(s *Settings) any { return &s.RestartNotification }, check: checkNotification},
	{Key: "long-lived-stale-time", With: Routers | Hosts, Reset: true, Doc: "How long routes of a peer that does not return within its restart time are kept as the last resort (RFC 9494), unless the peer asks for less, " +
		"and the peer is asked to keep the router's, at most 16777215 s; 0 for not at all.", fallback: "0",
		field: func(s *Settings) any { return &s.LongLivedStaleTime }, check: checkLongLived},
	{Key: "long-lived-families", With: Routers, Reset: true, Doc: "Families that long-lived-stale-time is for.", fallback: "those of the session",
		field: func(s *Settings) any { return &s.LongLivedFamilies }, check: checkLongLivedFamilies},
	{Key: "bfd", With: Routers, Doc: "Whether BFD (RFC 5880) watches the path to the peer: over one hop (RFC 5881), or several if the peer is not on the link (RFC 5883). " +
		"When it goes down, the session ends at once, and packets take other paths until it is up again. Not with peers of a prefix.",
		field: func(s *Settings) any { return &s.BFD }},
	{Key: "bfd-min-tx", With: Routers, Doc: "Least time between packets of BFD to the peer, 10ms to 60s; before the session is up, a second at least.", fallback: "300ms",
		field: func(s *Settings) any { return &s.BFDMinTx }, check: checkBFDMinTx},
	{Key: "bfd-min-rx", With: Routers, Doc: "Least time between packets of BFD from the peer, 10ms to 60s.", fallback: "300ms",
		field: func(s *Settings) any { return &s.BFDMinRx }, check: checkBFDMinRx},
	{Key: "bfd-multiplier", With: Routers, Doc: "Number of the router's packets of BFD that have to be lost in a row until the peer takes the path for lost, 1 to 255.", fallback: "3",
		field: func(s *Settings) any { return &s.BFDMultiplier }, check: checkBFDMultiplier},
	{Key: "shutdown", With: Routers | Hosts, Doc: "Whether the session is kept down.",
		field: func(s *Settings) any { return &s.Shutdown }},
	{Key: "shutdown-communication", With: Routers | Hosts, Doc: "Why the session is shut down, as the peer is told (RFC 9003), in one line of 128 octets at most.",
		field: func(s *Settings) any { return &s.Communication }, check: checkCommunication},
}

// Knobs returns the settings of sessions with these kinds of peers, in the order
// of the reference.
func Knobs(with Peers) []*Knob {
	var out []*Knob
	for i := range knobs {
		if knobs[i].With&with != 0 {
			out = append(out, &knobs[i])
		}
	}
	return out
}

// Field returns a pointer to the knob's field of s.
func (k *Knob) Field(s *Settings) any { return k.field(s) }

// Default returns the default in words; "" if there is none.
func (k *Knob) Default(with Peers) string {
	if k.fallback != "" {
		return k.fallback
	}
	s := Default(with)
	v := reflect.ValueOf(k.field(&s)).Elem()
	if v.Kind() == reflect.Pointer || v.Kind() == reflect.String || v.Kind() == reflect.Slice && v.Len() == 0 {
		return "" // not set
	}
	return fmt.Sprint(v.Interface())
}

// Copy copies the knob's value from one to the other.
func (k *Knob) Copy(to, from *Settings) {
	reflect.ValueOf(k.field(to)).Elem().Set(reflect.ValueOf(k.field(from)).Elem())
}

// Equal reports whether a and b agree in the knob.
func (k *Knob) Equal(a, b Settings) bool { return reflect.DeepEqual(k.field(&a), k.field(&b)) }

// Check returns why the knob's value is not allowed; nil if it is.
func (k *Knob) Check(s Settings) *Misfit {
	if k.check == nil {
		return nil
	}
	return k.check(s)
}
