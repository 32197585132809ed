package resolver

import (
	"encoding/binary"
	"net/netip"
	"regexp"
	"strings"
	"time"
)

// Options of router advertisements (RFC 8106 section 5).
const (
	optionServers = 25
	optionDomains = 31
)

// option is one of them: names live for a time from now on.
type option struct {
	servers  []netip.Addr
	domains  []string
	lifetime time.Duration
}

// infinity is the lifetime that never ends.
const infinity = 1<<32 - 1

// userOptions reads a message RTM_NEWNDUSEROPT of the kernel, without the header of
// netlink: the interface, and options of an advertisement. ok is false if it has none
// for us.
func userOptions(b []byte) (index int, out []option, ok bool) {
	const header = 16 // struct nduseroptmsg
	const advertisement = 134
	if len(b) < header || b[8] != advertisement {
		return 0, nil, false
	}
	index = int(int32(binary.NativeEndian.Uint32(b[4:])))
	length := int(binary.NativeEndian.Uint16(b[2:]))
	if length > len(b)-header {
		return 0, nil, false
	}
	for b = b[header : header+length]; len(b) >= 8 && b[1] > 0; {
		size := min(int(b[1])*8, len(b))
		if o, known := readOption(b[0], b[2:size]); known {
			out = append(out, o)
		}
		b = b[size:]
	}
	return index, out, len(out) > 0
}

// readOption reads the body of an option: 2 reserved octets, the lifetime, and the names.
func readOption(kind byte, b []byte) (option, bool) {
	if len(b) < 6 {
		return option{}, false
	}
	o := option{lifetime: time.Duration(binary.BigEndian.Uint32(b[2:])) * time.Second}
	b = b[6:]
	switch kind {
	case optionServers:
		for ; len(b) >= 16; b = b[16:] {
			if a := netip.AddrFrom16([16]byte(b[:16])); isServer(a) {
				o.servers = append(o.servers, a)
			}
		}
	case optionDomains:
		o.domains = readNames(b)
	}
	return o, len(o.servers) > 0 || len(o.domains) > 0
}

// isServer reports whether an address may be that of a server elsewhere.
func isServer(a netip.Addr) bool {
	return a.IsValid() && !a.IsUnspecified() && !a.IsLoopback() && !a.IsMulticast() && !a.Is4In6()
}

var label = regexp.MustCompile(`^[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?$`)

// isDomain reports whether a name can stand in resolv.conf.
func isDomain(name string) bool {
	for l := range strings.SplitSeq(name, ".") {
		if !label.MatchString(l) {
			return false
		}
	}
	return len(name) <= 253
}

// readNames reads domain names (RFC 1035 section 3.1), which are followed by zeros. A
// name that is none is left out.
func readNames(b []byte) []string {
	var out []string
	var labels []string
	for len(b) > 0 {
		n := int(b[0])
		b = b[1:]
		switch {
		case n == 0 && len(labels) == 0:
			return out
		case n == 0:
			if name := strings.Join(labels, "."); isDomain(name) {
				out = append(out, name)
			}
			labels = nil
		case n > len(b):
			return out
		default:
			labels = append(labels, string(b[:n]))
			b = b[n:]
		}
	}
	return out
}
