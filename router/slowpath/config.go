package slowpath

import (
	"fmt"
	"net"
	"net/netip"
	"time"
)

// Config is everything that a Router needs to know.
type Config struct {
	Interfaces []Interface
	Links      []Link       // to other routers
	Loopbacks  []netip.Addr // of the router, on no link
	// errorRate limits the ICMP errors and TCP resets per second in answer to the
	// packets of one VRF that arrived on one port; 0 means 100.
	errorRate float64
	// errorBurst limits how many of them may leave at once; 0 means 100.
	errorBurst int
}

// Interface is a port of the router that belongs to a VRF.
type Interface struct {
	Port uint32
	VRF  uint32 // 0 for no VRF: the port answers only on its own link
	Name string // for messages
	MAC  net.HardwareAddr
	// Addresses are the gateway addresses of both families, with the lengths of their
	// subnets. An interface with an IPv6 address or with RA set also has a link-local
	// address: the one given here, or else the EUI-64 one of the MAC.
	Addresses []netip.Prefix
	MTU       int // octets of an IP packet; 0 means 1500
	RA        *RA // router advertisements; nil for none
}

// RA is what a router advertisement says (RFC 4861 section 4.2). The MTU and
// the link-layer address come from the interface.
type RA struct {
	Prefixes       []PrefixInfo
	RouterLifetime time.Duration // whole seconds up to 65535; 0 for not a default router
	Managed, Other bool
	Preference     Preference
	HopLimit       uint8         // 0 means 64
	ReachableTime  time.Duration // 0: unspecified
	RetransTimer   time.Duration // 0: unspecified
	RDNSS          []netip.Addr
	DNSSL          []string
	DNSLifetime    time.Duration // of RDNSS and DNSSL
}

// PrefixInfo is a prefix information option (RFC 4861 section 4.6.2).
type PrefixInfo struct {
	Prefix             netip.Prefix
	OnLink, Autonomous bool          // the L and A flags
	Valid, Preferred   time.Duration // whole seconds; a larger value than fits means for ever
}

// Preference is a default router preference (RFC 4191 section 2.1).
type Preference uint8

// The preferences, with their values on the wire.
const (
	PreferenceMedium Preference = 0
	PreferenceHigh   Preference = 1
	PreferenceLow    Preference = 3
)

const (
	defaultMTU   = 1500
	minIPv6MTU   = 1280
	defaultRate  = 100
	defaultBurst = 100
)

// check returns an error if an interface is unusable.
func (i Interface) check() error {
	if len(i.MAC) != 6 || !unicastMAC(i.MAC) {
		return fmt.Errorf("interface %q, port %d: MAC %v is not a unicast Ethernet address", i.Name, i.Port, i.MAC)
	}
	for _, p := range i.Addresses {
		if !p.IsValid() || p.Addr().Is4In6() || p.Addr().Zone() != "" {
			return fmt.Errorf("interface %q, port %d: address %v is not an address with the length of its subnet", i.Name, i.Port, p)
		}
	}
	if i.MTU != 0 && i.MTU < minIPv4MTU {
		return fmt.Errorf("interface %q, port %d: MTU %d is less than the minimum of IPv4, %d", i.Name, i.Port, i.MTU, minIPv4MTU)
	}
	return nil
}
