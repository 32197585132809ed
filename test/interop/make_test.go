package interop

import (
	"slices"
	"strings"
	"testing"
)

// feature is one row of docs/interop.md for each make of peers.
type feature struct {
	name string
	test func(t *testing.T, s *scene)
}

// The features of a PE behind the NIC.
var peFeatures = []feature{
	{"VPNv4 and VPNv6 over IPv4, both directions", testVPNOverIPv4},
	{"VPNv4 and VPNv6 over IPv6, both directions (RFC 8950)", testVPNOverIPv6},
	{"RDs and route targets of types 0, 1 and 2, both directions", testTypes},
	{"MED, communities and large communities, both directions", testAttributes},
	{"iBGP, local preference both directions", testInternal},
	{"policies of the router: import and export", testPolicies},
	{"the router waits, the peer connects", testPassive},
	{"the peer waits, the router connects", testPeerPassive},
	{"TCP-MD5, and a wrong password", testMD5},
	{"GTSM, and a peer without it", testGTSM},
	{"route refresh asked by the peer", testRefresh},
	{"paths to a prefix (RFC 7911), both directions", testAddPath},
	{"enhanced route refresh (RFC 7313)", testEnhancedRefresh},
	{"route target constraint (RFC 4684)", testRTC},
	{"graceful restart of the peer: its routes stay, and go when it does not return", testPeerRestarts},
	{"graceful restart of the router: the peer keeps its routes", testRouterRestarts},
	{"the peer is killed: its routes go at once, and return with it", testPeerKilled},
	{"the peer hangs: its routes go within the hold time", testPeerHangs},
	{"no carrier: the peer's routes go at once, and return with it", testCarrier},
	{"too many prefixes: Cease, and the reason is shown", testTooMany},
	{"shutdown with words (RFC 9003) is in the log", testShutdown},
}

// The features of a customer's router.
var ceFeatures = []feature{
	{"customer: IPv4, both directions", testCustomerIPv4},
	{"customer: IPv6, both directions", testCustomerIPv6},
	{"customer: MED, communities and large communities", testCustomerAttributes},
	{"customer: iBGP (RFC 6368), local preference and AS path", testCustomerInternal},
	{"customer: a default route that the router originates", testCustomerDefault},
	{"customer: TCP-MD5, and a wrong password", testMD5},
	{"customer: GTSM, and a peer without it", testGTSM},
	{"customer: route refresh asked by the peer", testRefresh},
	{"customer: graceful restart of the peer", testPeerRestarts},
	{"customer: the peer is killed: its routes go at once, and return with it", testPeerKilled},
	{"customer: too many prefixes: Cease, and the reason is shown", testTooMany},
	{"customer: shutdown with words (RFC 9003) is in the log", testShutdown},
}

func TestRealFRR(t *testing.T)    { testMake(t, newFRR, settings()...) }
func TestRealBIRD(t *testing.T)   { testMake(t, newBIRD, settings()...) }
func TestRealExaBGP(t *testing.T) { testMake(t, newExaBGP) }
func TestRealGobgpd(t *testing.T) { testMake(t, newGoBGP) }

// testMake tests the features of all makes, and more of a PE.
func testMake(t *testing.T, from maker, more ...feature) {
	t.Run("PE", func(t *testing.T) { runFeatures(t, behindNIC(t, from), from, slices.Concat(peFeatures, more)) })
	t.Run("CE", func(t *testing.T) { runFeatures(t, asCustomer(t, from), from, ceFeatures) })
}

func runFeatures(t *testing.T, s *scene, from maker, all []feature) {
	for _, f := range all {
		t.Run(f.name, func(t *testing.T) {
			sub := s.on(t, from)
			f.test(t, sub)
		})
	}
}

// asCustomer brings up the lab with the peer in one of its hosts.
func asCustomer(t *testing.T, from maker) *scene {
	needs(t, "bird")
	newFar(t)
	text := strings.NewReplacer("NAME", labName, "NIC", nearNIC, "SETTINGS", `peer: "192.168.0.2", as: 65002`).Replace(sceneText)
	text += "  peer: {to: pe1, vrf: red, addresses: [10.3.0.2/24, \"2001:db8:3::2/64\"], bgp: {SETTINGS}}\n"
	s := &scene{T: t, text: text, plain: true}
	s.lab = upLab(t, labName, s.with(s.terms(), ""))
	p := from(t, s.netns("peer"))
	t.Logf("version: %s %s", p.make(), p.version())
	s.peer = p
	return s
}
