package topology

import (
	"fmt"
	"net/netip"
	"regexp"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"pseudowan/bgp/vpn"
)

// value is a scalar of the file with its place. A value that could not be
// read is bad: it was reported, and nothing more is said of it.
type value[T any] struct {
	at  pos
	v   T
	has bool // given and readable
	bad bool // given and unreadable
}

func (v *value[T]) read(d *decoder, n *yaml.Node) {
	v.at = at(n)
	if n.Kind != yaml.ScalarNode || isNull(n) {
		v.bad = true
		d.wrong(n, "want a single value, not "+kindName(n), "write key: value, or remove the key")
		return
	}
	if err := parseLeaf(&v.v, n.Value); err != nil {
		v.bad = true
		d.wrong(n, err.message, err.remedy)
		return
	}
	v.has = true
}

// missing tells that the file says nothing here.
func (v value[T]) missing() bool { return !v.has && !v.bad }

// or returns the value, or def where there is none.
func (v value[T]) or(def T) T {
	if v.has {
		return v.v
	}
	return def
}

// given makes a value that stands at a place of the file without being
// written there: what a series or a default expands to.
func given[T any](at pos, v T) value[T] { return value[T]{at: at, v: v, has: true} }

// first returns the first value that is there.
func first[T any](values ...value[T]) value[T] {
	for _, v := range values {
		if !v.missing() {
			return v
		}
	}
	return value[T]{}
}

// fault is why a scalar cannot be read.
type fault struct{ message, remedy string }

// Scalars with a form of their own.
type (
	network     netip.Prefix // a prefix without host bits
	hostAddress struct {     // an address with its length, or "slaac"
		prefix netip.Prefix
		slaac  bool
	}
	endName  struct{ router, iface string } // pe1:eth1
	vrfNames struct {                       // 101, blue, or the range 101-103
		name     string
		from, to int
	}
	stepLength int // /16
	runtime    string
	datapath   string
	preference string
	linkMode   string
	lifetime   time.Duration // 30, 30s, 10m
	asNumber   uint32
)

// words are the values of the scalars that allow only a few.
func words(dst any) []string {
	switch dst.(type) {
	case *bool:
		return []string{"true", "false"}
	case *runtime:
		return []string{"netns", "docker"}
	case *datapath:
		return []string{"auto", "netdev", "system"}
	case *preference:
		return []string{"low", "medium", "high"}
	case *linkMode:
		return []string{"full-mesh", "none"}
	case *vpn.LabelMode:
		return []string{string(vpn.PerNextHop), string(vpn.PerVRF), string(vpn.PerPrefix)}
	case *Redistribute:
		return []string{string(RedistributeNone), string(RedistributeHosts), string(RedistributeSubnets)}
	case *vpn.Family:
		return []string{string(vpn.VPNv4), string(vpn.VPNv6)}
	case *customerFamily:
		return []string{string(vpn.IPv4), string(vpn.IPv6)}
	}
	return nil
}

// parseLeaf reads one scalar into dst.
func parseLeaf(dst any, s string) *fault {
	if allowed := words(dst); allowed != nil {
		return parseWord(dst, s, allowed)
	}
	switch p := dst.(type) {
	case *string:
		if strings.ContainsRune(s, 0) {
			return &fault{"text with a NUL character", "remove it"}
		}
		*p = s
	case *int:
		return parseNumber(s, 31, func(n uint64) { *p = int(n) })
	case *uint32:
		return parseNumber(s, 32, func(n uint64) { *p = uint32(n) })
	case *asNumber:
		return parseAS(p, s)
	case *lifetime:
		return parseLifetime(p, s)
	case *vrfNames:
		return parseVRFNames(p, s)
	case *endName:
		return parseEnd(p, s)
	case *expectLine:
		return parseExpect(p, s)
	case *memorySize:
		return parseMemory(p, s)
	case *cpuCount:
		return parseCPUs(p, s)
	case *Mount:
		return parseMount(p, s)
	case *stepLength:
		digits, ok := strings.CutPrefix(s, "/")
		if !ok {
			return &fault{fmt.Sprintf("%q is not a prefix length", s), "write it as /16"}
		}
		return parseNumber(digits, 7, func(n uint64) { *p = stepLength(n) })
	default:
		return parseNetwork(dst, s)
	}
	return nil
}

func parseWord(dst any, s string, allowed []string) *fault {
	for _, w := range allowed {
		if s != w {
			continue
		}
		switch p := dst.(type) {
		case *bool:
			*p = s == "true"
		case *runtime:
			*p = runtime(s)
		case *datapath:
			*p = datapath(s)
		case *preference:
			*p = preference(s)
		case *linkMode:
			*p = linkMode(s)
		case *vpn.LabelMode:
			*p = vpn.LabelMode(s)
		case *Redistribute:
			*p = Redistribute(s)
		case *vpn.Family:
			*p = vpn.Family(s)
		case *customerFamily:
			*p = customerFamily(s)
		}
		return nil
	}
	return &fault{fmt.Sprintf("unknown value %q", s), "use one of " + strings.Join(allowed, ", ")}
}

func parseNumber(s string, bits int, set func(uint64)) *fault {
	n, err := strconv.ParseUint(s, 10, bits)
	if err != nil {
		return &fault{fmt.Sprintf("%q is not a number from 0 to %d", s, uint64(1)<<bits-1), "write plain digits"}
	}
	set(n)
	return nil
}

// reservedAS are the AS numbers that nobody can be given, and who says so.
var reservedAS = map[asNumber]string{
	0: "RFC 7607", 23456: "RFC 6793: it stands for numbers of four octets", 65535: "RFC 7300", 4294967295: "RFC 7300",
}

func parseAS(p *asNumber, s string) *fault {
	if f := parseNumber(s, 32, func(n uint64) { *p = asNumber(n) }); f != nil {
		return f
	}
	if why, reserved := reservedAS[*p]; reserved {
		return &fault{fmt.Sprintf("AS %d is reserved (%s)", *p, why), "use a private AS number, as 65001"}
	}
	return nil
}

func parseLifetime(p *lifetime, s string) *fault {
	if n, err := strconv.ParseUint(s, 10, 31); err == nil {
		*p = lifetime(time.Duration(n) * time.Second)
		return nil
	}
	d, err := time.ParseDuration(s)
	if err != nil || d < 0 || d%time.Second != 0 {
		return &fault{fmt.Sprintf("%q is not a time in whole seconds", s), "write it as 40, 40s or 5m"}
	}
	*p = lifetime(d)
	return nil
}

var vrfRange = regexp.MustCompile(`^([0-9]{1,9})-([0-9]{1,9})$`)

func parseVRFNames(p *vrfNames, s string) *fault {
	if s == "" {
		return &fault{"a VRF without a name", "name it as 101, blue or 101-103"}
	}
	m := vrfRange.FindStringSubmatch(s)
	if m == nil {
		*p = vrfNames{name: s}
		return nil
	}
	from, _ := strconv.Atoi(m[1])
	to, _ := strconv.Atoi(m[2])
	if from > to {
		return &fault{fmt.Sprintf("range %q counts down", s), fmt.Sprintf("write it as %d-%d", to, from)}
	}
	if to-from >= maxHosts {
		return &fault{fmt.Sprintf("range %q has more than %d values", s, maxHosts), "make it smaller"}
	}
	*p = vrfNames{from: from, to: to}
	return nil
}

var interfaceName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]*$`)

// maxInterface is IFNAMSIZ-1 less the four characters of "bgp-".
const maxInterface = 11

func parseEnd(p *endName, s string) *fault {
	router, iface, ok := strings.Cut(s, ":")
	if !ok || router == "" || iface == "" {
		return &fault{fmt.Sprintf("%q is not an end of a link", s), "write ROUTER:INTERFACE, as pe1:eth1"}
	}
	if !interfaceName.MatchString(iface) || len(iface) > maxInterface {
		return &fault{fmt.Sprintf("interface name %q: want 1 to %d letters, digits, dots, dashes or underscores", iface, maxInterface), "name it as eth1"}
	}
	if why := badInterface(iface); why != "" && iface != "lo" {
		return &fault{why, "name it as eth1"}
	}
	if iface == "lo" || iface == "br0" || strings.HasPrefix(iface, "bgp-") || strings.HasPrefix(iface, "ovs-") {
		return &fault{fmt.Sprintf("interface name %q is used by the router itself", iface), "name it as eth1"}
	}
	*p = endName{router, iface}
	return nil
}
