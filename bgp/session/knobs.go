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
	{Key: "password", With: Routers | Hosts, Reset: true, Doc: "TCP-MD5 password (RFC 2385) of at most 80 octets.",
		field: func(s *Settings) any { return &s.Password }, check: checkPassword},
	{Key: "gtsm", With: Routers, Reset: true, Doc: "Whether the session is protected by TTL security (RFC 5082).",
		field: func(s *Settings) any { return &s.GTSM }},
	{Key: "max-prefixes", With: Routers, Doc: "Number of received prefixes beyond which the session ends; 0 for no limit.",
		field: func(s *Settings) any { return &s.MaxPrefixes }},
	{Key: "max-prefixes", With: Hosts, Doc: "Number of prefixes of a family beyond which the session ends until this is edited; " +
		"attributes of more than 512 octets per prefix on average also end it. 0 for no limit.",
		field: func(s *Settings) any { return &s.MaxPrefixes }},
	{Key: "next-hop-self", With: Routers, Reset: true, Doc: "Whether the router announces its own address as next hop.",
		field: func(s *Settings) any { return &s.NextHopSelf }},
	{Key: "ipv6-next-hop", With: Routers, Doc: "Whether VPNv6 routes over an IPv4 session carry the router's IPv6 address on the link as next hop, " +
		"not its IPv4 address in IPv6 form (RFC 4659 section 3.2.1).",
		field: func(s *Settings) any { return &s.IPv6NextHop }},
	{Key: "as-override", With: Hosts, Doc: "Whether the router replaces the host's AS number with its own in AS paths towards the host, " +
		"so that sites of one AS accept each other's routes.",
		field: func(s *Settings) any { return &s.ASOverride }},
	{Key: "allow-own-as", With: Hosts, Reset: true, Doc: "How often the router's AS number may occur in the AS path of a route from the host, " +
		"such as that of a hub; at most 10.",
		field: func(s *Settings) any { return &s.AllowOwnAS }, check: checkOwnAS},
	{Key: "import-policy", With: Routers | Hosts, Doc: "Policies that routes from the peer pass, in this order; [] for none.",
		field: func(s *Settings) any { return &s.ImportPolicy }},
	{Key: "export-policy", With: Routers | Hosts, Doc: "Policies that routes to the peer pass, in this order; [] for none.",
		field: func(s *Settings) any { return &s.ExportPolicy }},
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
