package inject

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"testing"

	gobgp "github.com/osrg/gobgp/v3/pkg/packet/bgp"

	"pseudowan/bgp/vpn"
)

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func vpnConfig(perRoute bool) Config {
	return Config{
		AS: 65001, PeerAS: 65001, ID: netip.MustParseAddr("10.0.0.9"), NextHop: netip.MustParseAddr("192.0.2.1"),
		Families: []vpn.Family{vpn.VPNv4, vpn.VPNv6},
		VPN:      &VPN{RD: must(vpn.ParseRD("65001:7")), Targets: []vpn.RouteTarget{must(vpn.ParseRouteTarget("65001:1"))}, Label: 1000, PerRoute: perRoute},
	}
}

func plainConfig(f vpn.Family, hop string) Config {
	return Config{AS: 4200000001, PeerAS: 65001, ID: netip.MustParseAddr("10.0.0.9"), NextHop: netip.MustParseAddr(hop), Families: []vpn.Family{f}}
}

// told is what GoBGP's parser finds in messages: the attributes of each NLRI, "" if it is
// withdrawn.
func told(t *testing.T, stream []byte) map[string]string {
	t.Helper()
	out := map[string]string{}
	for len(stream) > 0 {
		n := binary.BigEndian.Uint16(stream[16:])
		if n > maxMessage {
			t.Fatalf("a message of %d octets", n)
		}
		m, err := gobgp.ParseBGPMessage(stream[:n])
		if err != nil {
			t.Fatal(err)
		}
		stream = stream[n:]
		u := m.Body.(*gobgp.BGPUpdate)
		attributes := ""
		for _, a := range u.PathAttributes {
			switch a := a.(type) {
			case *gobgp.PathAttributeMpReachNLRI:
				attributes += fmt.Sprintf("{hop %s}", a.Nexthop)
			case *gobgp.PathAttributeMpUnreachNLRI:
			default:
				attributes += a.String()
			}
		}
		for _, a := range u.PathAttributes {
			switch a := a.(type) {
			case *gobgp.PathAttributeMpReachNLRI:
				for _, p := range a.Value {
					out[p.String()] = attributes + gobgp.LabelString(p)
				}
			case *gobgp.PathAttributeMpUnreachNLRI:
				for _, p := range a.Value {
					out[p.String()] = ""
				}
			}
		}
		for _, p := range u.NLRI {
			out[p.String()] = attributes
		}
		for _, p := range u.WithdrawnRoutes {
			out[p.String()] = ""
		}
	}
	return out
}

func TestMessagesAreWhatGoBGPReads(t *testing.T) {
	table := generate(t, Generate{IPv4: 3000, IPv6: 3000, Seed: 3, AS: 4200000001})
	four, six := table.Split()
	for name, tt := range map[string]struct {
		config Config
		table  *Table
	}{
		"ipv4":               {plainConfig(vpn.IPv4, "192.0.2.1"), four},
		"ipv6":               {plainConfig(vpn.IPv6, "2001:db8::1"), six},
		"vpn":                {vpnConfig(false), table},
		"vpn, label a route": {vpnConfig(true), table},
	} {
		e := encoder{tt.config}
		var announced, withdrawn []byte
		for i := 0; i < len(tt.table.Routes); {
			list := tt.table.Routes[i:sameFamily(tt.table, i)]
			same := 0
			for same < len(list) && list[same].Attributes == list[0].Attributes {
				same++
			}
			var n int
			announced, n = e.announce(announced, list[:same], tt.table.Attributes[list[0].Attributes], i, len(list))
			i += n
		}
		for i := 0; i < len(tt.table.Routes); {
			var n int
			withdrawn, n = e.withdraw(withdrawn, tt.table.Routes[i:sameFamily(tt.table, i)], len(tt.table.Routes))
			i += n
		}
		said, unsaid := told(t, announced), told(t, withdrawn)
		if len(said) != len(tt.table.Routes) || len(unsaid) != len(said) {
			t.Fatalf("%s: %d routes announced, %d withdrawn, of %d", name, len(said), len(unsaid), len(tt.table.Routes))
		}
		for i, r := range tt.table.Routes {
			key := r.Prefix.String()
			if tt.config.VPN != nil {
				key = "65001:7:" + key
			}
			got, ok := said[key]
			if !ok {
				t.Fatalf("%s: %s is not announced", name, key)
			}
			if _, ok := unsaid[key]; !ok {
				t.Fatalf("%s: %s is not withdrawn", name, key)
			}
			if want := fmt.Sprintf("[%d]", e.label(i)); tt.config.VPN != nil && got[len(got)-len(want):] != want {
				t.Fatalf("%s: %s: %s, want label %s", name, key, got, want)
			}
		}
		if few := len(tt.table.Attributes) * 2; len(announced)/maxMessage > few {
			t.Errorf("%s: %d octets", name, len(announced))
		}
	}
}

func TestAttributesOfASession(t *testing.T) {
	table := &Table{Routes: []Route{{netip.MustParsePrefix("8.8.8.0/24"), 0}}, Attributes: []Attributes{must(pathAttributes{path: []uint32{4200000001, 15169}}.encode())}}
	for _, tt := range []struct {
		config    Config
		key, want string
	}{
		{plainConfig(vpn.IPv4, "192.0.2.1"), "8.8.8.0/24", "{Origin: i}{AsPath: 4200000001 15169}{Nexthop: 192.0.2.1}"},
		{vpnConfig(false), "65001:7:8.8.8.0/24", "{hop 192.0.2.1}{Origin: i}{AsPath: 4200000001 15169}{LocalPref: 100}{Extcomms: [65001:1]}[1000]"},
	} {
		e := encoder{tt.config}
		b, n := e.announce(nil, table.Routes, table.Attributes[0], 0, 1)
		if got := told(t, b); n != 1 || got[tt.key] != tt.want {
			t.Errorf("%v\nwant %s", got, tt.want)
		}
	}
	for _, f := range []vpn.Family{vpn.IPv4, vpn.IPv6, vpn.VPNv4, vpn.VPNv6} {
		m, err := gobgp.ParseBGPMessage(endOfRIB(f))
		if err != nil {
			t.Fatal(err)
		}
		if end, of := m.Body.(*gobgp.BGPUpdate).IsEndOfRib(); !end || of != routeFamilies[f] {
			t.Errorf("%s: end of RIB %t of %s", f, end, of)
		}
	}
}
