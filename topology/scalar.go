package topology

import (
	"fmt"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/invopop/jsonschema"

	"pseudowan/bgp/session"
	"pseudowan/bgp/vpn"
)

// Scalars with their own form. Those of containers are in container.go.
type (
	network     netip.Prefix // a prefix without host bits
	hostAddress struct {     // an address with its length, or a word for where it comes from
		prefix netip.Prefix
		from   string
	}
	clientID []byte                         // octets, as 00:03:00:01:…
	endName  struct{ router, iface string } // pe1:eth1
	vrfNames struct {                       // 101, blue, or the range 101-103
		name     string
		from, to int
	}
	stepLength int // /16
	runtime    string
	datapath   string
	portType   string
	preference string
	linkMode   string

	transportProtocol string
	nullLabel         string
	lifetime          time.Duration // 30, 30s, 10m
	asNumber          uint32
)

const (
	nullImplicit nullLabel = "implicit"
	nullExplicit nullLabel = "explicit"
)

// form is how a type of scalar is written in the file.
type form struct {
	of     reflect.Type
	parse  func(dst any, s string) *fault // dst points to the type
	schema *jsonschema.Schema             // to be copied
}

// forms holds the form of every type of scalar.
var forms = byType(slices.Concat([]form{
	scalar(parseText, anyScalar), // a number is the text as written: vrf: 101
	scalar(parseInt, integer("0")),
	scalar(parseUint32, integer("0")),
	scalar(parseBool, &jsonschema.Schema{Type: "boolean"}),
	scalar(parseLifetime, either(integer("0"), pattern(`^([0-9]+(h|m|s))+$`))),
	scalar(parseInterval, pattern(`^([0-9]+(m|s|ms))+$`)),
	scalar(parseHops, either(&jsonschema.Schema{Type: "boolean"}, integer("1"))),
	scalar(parseAS, integer("1")),
	scalar(parseVRFNames, anyScalar),
	scalar(parseNumbers, either(integer("0"), pattern(`^[0-9]{1,9}(-[0-9]{1,9})?$`))),
	scalar(parseEnd, pattern(endPattern)),
	scalar(parseExpect, pattern(`^\s*\S+\s+(!?->\s+\S+(\s+tcp\s+[0-9]+)?(\s+as\s+\S+)?(\s+at\s+\S+)?(\s+via\s+\S.*)?|has\s+\S+)\s*$`)),
	scalar(parseStep, pattern(`^/[0-9]{1,3}$`)),

	scalar(parseRuntime, &jsonschema.Schema{Type: "string"}), // see runtimes.forms
	word[datapath]("auto", "netdev", "system"),
	word[portType](portSystem, portAFXDP),
	word[preference]("low", "medium", "high"),
	word(firmwareBIOS, firmwareUEFI),
	word[linkMode]("full-mesh", "none"),
	word[transportProtocol]("labeled-unicast"),
	word(nullImplicit, nullExplicit),
	word(OptionA, OptionB, OptionC),
	word(UplinkMasquerade, UplinkRouted),
	scalar(parsePublished, pattern(`^((([0-9]+\.){3}[0-9]+|\[[0-9A-Fa-f:.]+\]):)?[0-9]{1,5}:[0-9]{1,5}(/(tcp|udp))?$`)),

	word(guardRA, guardSource, guardDHCP, guardNone),
	word(session.RestartFull, session.RestartHelper, session.RestartOff),
	word(vpn.PerNextHop, vpn.PerCE, vpn.PerVRF, vpn.PerPrefix),
	word(RedistributeNone, RedistributeHosts, RedistributeSubnets),
	word(vpn.VPNv4, vpn.VPNv6),
	word(plainFamily(vpn.IPv4), plainFamily(vpn.IPv6)),

	scalar(parseMemory, either(integer("6291456"), pattern(`^[0-9]{1,15}[KMGkmg]?(i?[Bb])?$`))),
	scalar(parseCPUs, &jsonschema.Schema{Type: "number", Minimum: "0.01", Maximum: "4096"}),
	scalar(parseDevice, pattern(`^/dev/[^:]+$`)),
	scalar(parseCapability, pattern(`^[A-Za-z_]+$`)),
	scalar(parseMount, pattern(`^[^:]+:/[^:]+(:ro|:rw)?$`)),
	scalar(parseServicePort, pattern(portForm.String())),
	word[restartPolicy]("always", "on-failure", "never"),

	scalar(parseStation, pattern(`^(([0-9]+\.){3}[0-9]+(:[0-9]{1,5})?|[0-9A-Fa-f:.]+|\[[0-9A-Fa-f:.]+\]:[0-9]{1,5})$`)),
	word(viewWords()...),
	scalar(parsePeer, pattern(`^[0-9A-Fa-f.:]+(/[0-9]{1,3})?$`)),
	scalar(parseAddr, pattern(`^[0-9A-Fa-f.:]+$`)),
	scalar(parsePrefix, pattern(`^`+prefixPattern+`$`)),
	scalar(parseNetwork, pattern(`^`+prefixPattern+`$`)),
	scalar(parseHostAddress, pattern(`^(slaac|dhcp|dhcp6|dhcp6-stateless|`+prefixPattern+`)$`)),
	scalar(parseClientID, pattern(`^[0-9A-Fa-f]{2}(:[0-9A-Fa-f]{2}){2,129}$`)),
	scalar(parseMAC, pattern(`^[0-9A-Fa-f]{2}([:-][0-9A-Fa-f]{2}){5}$|^([0-9A-Fa-f]{4}\.){2}[0-9A-Fa-f]{4}$`)),
	scalar(parseRD, pattern(adminPattern)),
	scalar(parseTarget, pattern(adminPattern)),
	scalar(parseLabels, pattern(`^\s*[0-9]+\s*-\s*[0-9]+\s*$`)),
}, policyForms)...)

const (
	endPattern    = `^[^:]+:[A-Za-z0-9][A-Za-z0-9._-]*$`
	prefixPattern = `[0-9A-Fa-f.:]+/[0-9]{1,3}`
	adminPattern  = `^([0-9]+L?|[0-9]+(\.[0-9]+){3}):[0-9]+$`
)

// scalar returns the form of a type that parse reads.
func scalar[T any](parse func(*T, string) *fault, schema *jsonschema.Schema) form {
	return form{reflect.TypeFor[T](), func(dst any, s string) *fault { return parse(dst.(*T), s) }, schema}
}

// word returns the form of a type that has only a few values.
func word[T ~string](allowed ...T) form {
	schema := &jsonschema.Schema{Type: "string"}
	var names []string
	for _, w := range allowed {
		schema.Enum = append(schema.Enum, string(w))
		names = append(names, string(w))
	}
	return scalar(func(p *T, s string) *fault {
		for _, w := range allowed {
			if s == string(w) {
				*p = w
				return nil
			}
		}
		return &fault{fmt.Sprintf("unknown value %q", s), "use one of " + strings.Join(names, ", ")}
	}, schema)
}

func byType(list ...form) map[reflect.Type]form {
	out := make(map[reflect.Type]form, len(list))
	for _, f := range list {
		out[f.of] = f
	}
	return out
}

func formOf[T any]() form {
	f, ok := forms[reflect.TypeFor[T]()]
	if !ok {
		panic(fmt.Sprintf("topology: no form for %s", reflect.TypeFor[T]()))
	}
	return f
}

// formIn returns the form of a type in a file that d reads.
func formIn[T any](d *decoder) form {
	if f, ok := d.forms[reflect.TypeFor[T]()]; ok {
		return f
	}
	return formOf[T]()
}

// JSONSchema implements the reflector's interface for schemas of types.
func (value[T]) JSONSchema() *jsonschema.Schema {
	s := *formOf[T]().schema
	return &s
}
