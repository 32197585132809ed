package topology

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"pseudowan/bgp/session"
)

func parseText(p *string, s string) *fault {
	if strings.ContainsRune(s, 0) {
		return &fault{"text with a NUL character", "remove it"}
	}
	*p = s
	return nil
}

func parseInt(p *int, s string) *fault {
	return parseNumber(s, 31, func(n uint64) { *p = int(n) })
}

func parseUint32(p *uint32, s string) *fault {
	return parseNumber(s, 32, func(n uint64) { *p = uint32(n) })
}

func parseBool(p *bool, s string) *fault {
	if s != "true" && s != "false" {
		return &fault{fmt.Sprintf("unknown value %q", s), "use one of true, false"}
	}
	*p = s == "true"
	return nil
}

func parseStep(p *stepLength, s string) *fault {
	digits, ok := strings.CutPrefix(s, "/")
	if !ok {
		return &fault{fmt.Sprintf("%q is not a prefix length", s), "write it as /16"}
	}
	return parseNumber(digits, 7, func(n uint64) { *p = stepLength(n) })
}

func parseNumber(s string, bits int, set func(uint64)) *fault {
	n, err := strconv.ParseUint(s, 10, bits)
	if err != nil {
		return &fault{fmt.Sprintf("%q is not a number from 0 to %d", s, uint64(1)<<bits-1), "write plain digits"}
	}
	set(n)
	return nil
}

// reservedAS are the AS numbers that cannot be assigned, with the RFC that reserves
// them.
var reservedAS = map[asNumber]string{
	0: "RFC 7607", 23456: "RFC 6793: AS_TRANS", 65535: "RFC 7300", 4294967295: "RFC 7300",
}

func parseAS(p *asNumber, s string) *fault {
	if f := parseNumber(s, 32, func(n uint64) { *p = asNumber(n) }); f != nil {
		return f
	}
	if why, reserved := reservedAS[*p]; reserved {
		return &fault{fmt.Sprintf("AS %d is reserved (%s)", *p, why), "use a private AS number such as 65001"}
	}
	return nil
}

func parseInterval(p *session.Interval, s string) *fault {
	d, err := time.ParseDuration(s)
	if err != nil || d <= 0 || d%time.Millisecond != 0 {
		return &fault{fmt.Sprintf("%q is not a time in whole milliseconds", s), "write it as 50ms or 1s"}
	}
	*p = session.Interval(d)
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
		return &fault{"a VRF without a name", "write it as 101, blue or 101-103"}
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

func parseNumbers(p *numbers, s string) *fault {
	var names vrfNames
	if n, err := strconv.ParseUint(s, 10, 30); err == nil {
		*p = numbers{int(n), int(n)}
		return nil
	}
	if f := parseVRFNames(&names, s); f != nil {
		return f
	}
	if names.name != "" || s == "" {
		return &fault{fmt.Sprintf("%q is not a range of numbers", s), "write it as 4-10"}
	}
	*p = numbers{names.from, names.to}
	return nil
}

var interfaceName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]*$`)

// maxInterface is IFNAMSIZ-1 less the four characters of "bgp-".
const maxInterface = 11

func parseEnd(p *endName, s string) *fault {
	router, iface, ok := strings.Cut(s, ":")
	if !ok || router == "" || iface == "" {
		return &fault{fmt.Sprintf("%q is not an end of a link", s), "write ROUTER:INTERFACE, as in pe1:eth1"}
	}
	if !interfaceName.MatchString(iface) || len(iface) > maxInterface {
		return &fault{fmt.Sprintf("interface name %q: want 1 to %d letters, digits, dots, dashes or underscores", iface, maxInterface), "use a name such as eth1"}
	}
	if why := badInterface(iface); why != "" && iface != "lo" {
		return &fault{why, "use a name such as eth1"}
	}
	if iface == "lo" || iface == "br0" || strings.HasPrefix(iface, "bgp-") || strings.HasPrefix(iface, "ovs-") {
		return &fault{fmt.Sprintf("interface name %q is used by the router itself", iface), "use a name such as eth1"}
	}
	*p = endName{router, iface}
	return nil
}
