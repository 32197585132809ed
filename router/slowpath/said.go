package slowpath

import (
	"fmt"

	"github.com/gopacket/gopacket/layers"
)

// said4 is what an ICMP error message says, in the words of RFC 792 and RFC 1812.
func said4(t layers.ICMPv4TypeCode) string {
	switch t {
	case layers.CreateICMPv4TypeCode(layers.ICMPv4TypeTimeExceeded, layers.ICMPv4CodeTTLExceeded):
		return "time to live exceeded"
	case layers.CreateICMPv4TypeCode(layers.ICMPv4TypeDestinationUnreachable, layers.ICMPv4CodeNet):
		return "network unreachable"
	case layers.CreateICMPv4TypeCode(layers.ICMPv4TypeDestinationUnreachable, layers.ICMPv4CodeHost):
		return "host unreachable"
	case layers.CreateICMPv4TypeCode(layers.ICMPv4TypeDestinationUnreachable, layers.ICMPv4CodePort):
		return "port unreachable"
	case layers.CreateICMPv4TypeCode(layers.ICMPv4TypeDestinationUnreachable, layers.ICMPv4CodeFragmentationNeeded):
		return "fragmentation needed"
	case layers.CreateICMPv4TypeCode(layers.ICMPv4TypeDestinationUnreachable, layers.ICMPv4CodeCommAdminProhibited):
		return "administratively prohibited"
	}
	return fmt.Sprintf("ICMP type %d, code %d", t.Type(), t.Code())
}

// said6 is what an ICMPv6 error message says, in the words of RFC 4443.
func said6(t layers.ICMPv6TypeCode) string {
	switch t {
	case layers.CreateICMPv6TypeCode(layers.ICMPv6TypeTimeExceeded, layers.ICMPv6CodeHopLimitExceeded):
		return "hop limit exceeded"
	case layers.CreateICMPv6TypeCode(layers.ICMPv6TypeDestinationUnreachable, layers.ICMPv6CodeNoRouteToDst):
		return "no route to destination"
	case layers.CreateICMPv6TypeCode(layers.ICMPv6TypeDestinationUnreachable, layers.ICMPv6CodeAdminProhibited):
		return "administratively prohibited"
	case layers.CreateICMPv6TypeCode(layers.ICMPv6TypeDestinationUnreachable, layers.ICMPv6CodeAddressUnreachable):
		return "address unreachable"
	case layers.CreateICMPv6TypeCode(layers.ICMPv6TypeDestinationUnreachable, layers.ICMPv6CodePortUnreachable):
		return "port unreachable"
	case layers.CreateICMPv6TypeCode(layers.ICMPv6TypePacketTooBig, 0):
		return "packet too big"
	}
	return fmt.Sprintf("ICMPv6 type %d, code %d", t.Type(), t.Code())
}
