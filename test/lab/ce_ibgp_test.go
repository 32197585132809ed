package lab

import (
	"strings"
	"testing"

	"pseudowan/status"
)

// Between sites with internal sessions of one AS, attributes stay as they are; elsewhere that AS
// is one of the path (RFC 6368).
func TestRealCustomersIBGP(t *testing.T) {
	needs(t, "vtysh", "bird", "birdc")
	l := fromTestdata(t, "ce-ibgp.yaml", "pwt-ceibgp")
	l.up(t)
	says := func(host, prefix string, wants ...string) {
		t.Helper()
		out := l.birdHears(t, host, prefix, true)
		for _, want := range wants {
			if !strings.Contains(out, want+"\n") {
				t.Errorf("%s: %s without %q:\n%s", host, prefix, want, out)
			}
		}
	}
	for _, prefix := range []string{"172.16.1.0/24", "2001:db8:a1::/64"} {
		says("b", prefix, "BGP.as_path: ", "BGP.local_pref: 250", "BGP.med: 30", "BGP.community: (65100,7)",
			"BGP.large_community: (65100, 1, 2)", "BGP.originator_id: 10.1.0.2", "BGP.cluster_list: 10.255.0.2 10.255.0.1")
	}
	says("b", "172.16.3.0/24", "BGP.as_path: 65000 65200", "BGP.local_pref: 100")
	says("b", "172.16.4.0/24", "BGP.as_path: 65000", "BGP.local_pref: 100")
	says("c", "172.16.11.0/24", "BGP.as_path: 65000 65100")
	says("c", "172.16.4.0/24", "BGP.as_path: 65000")
	says("d", "172.16.3.0/24", "BGP.as_path: 65200")
	says("d", "172.16.11.0/24", "BGP.as_path: 65100")
	for _, host := range []string{"c", "d"} {
		l.birdHears(t, host, "172.16.21.0/24", false)
	}
	says("b", "172.16.21.0/24", "BGP.community: (65535,65281)") // NO_EXPORT: it stays in the AS of a and b
	if out := l.frrHears(t, "a", "172.16.2.0/24", true); !strings.Contains(out, "Originator: 10.2.0.2") || !strings.Contains(out, "internal") {
		t.Errorf("a has heard:\n%s", out)
	}
	for _, r := range table[status.RIB](t, l, "rib", "--router", "pe2") {
		if r.Prefix.String() == "172.16.1.0/24" && (r.ASPath != "" || len(r.Communities) > 0 || r.MED != nil) {
			t.Errorf("the provider sees of the customer's attributes: %+v", r)
		}
	}
	for _, p := range table[status.Peer](t, l, "peer", "--router", "pe1") {
		if p.VRF != "" && p.LocalAS != p.RemoteAS {
			t.Errorf("%+v is no internal session", p)
		}
	}
	l.pings(t, "a", "-I", "172.16.1.1", "172.16.2.1")
	l.pings(t, "b", "-I", "2001:db8:a2::1", "2001:db8:a1::1")
	l.pings(t, "c", "-I", "172.16.3.1", "172.16.4.1")
	must(t, "verify", l.name)

	// By an edit, a session becomes an external one; the others stay.
	l.rewrite(t, "bgp: {as: 65000, ibgp: true}", "bgp: 65400", "local 10.4.0.2 as 65000", "local 10.4.0.2 as 65400", "          direct;\n          connect retry time 2;\n          ipv4 { import all; export where source = RTS_STATIC; };\n        }\n", "          connect retry time 2;\n          ipv4 { import all; export where source = RTS_STATIC; };\n        }\n")
	says("c", "172.16.4.0/24", "BGP.as_path: 65000 65400")
	says("b", "172.16.4.0/24", "BGP.as_path: 65000 65400")
}
