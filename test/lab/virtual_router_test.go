package lab

import (
	"testing"

	"pseudowan/status"
)

// A router as OpenWrt has a firewall by zones: web administration answers on the LAN, is
// refused on the WAN until a rule opens it, and refused again once the firewall has been
// restarted. The addresses on both sides, of the delegated prefix too, are the
// document's; the farm is reached at the ports that are open.
func TestRealVirtualRouter(t *testing.T) {
	needs(t, "nft", "dnsmasq", "lighttpd", "dhclient", "kea-dhcp6")
	l := fromCatalog(t, t.TempDir(), "virtual-router", "pwt-router")
	l.up(t)
	must(t, "verify", l.name, "--timeout", "20s") // addresses come by DHCPv6 and advertisements
	const lan4, lan6 = "http://192.168.181.1/", "http://[2001:db8:ebbd:2084::1]/"
	const wan4, wan6 = "http://192.168.215.198/", "http://[2001:db8:ebbd:2080::8d1]/"
	answers := func(host, url string, want bool) {
		t.Helper()
		if !want {
			if r := l.exec(host, "timeout", "10", "busybox", "wget", "-q", "-O", "-", url); r.code == 0 {
				t.Errorf("%s gets %s: %q", host, url, r.stdout)
			}
		} else if got := l.page(t, host, url); got != "LuCI\n" {
			t.Errorf("%s gets %q of %s", host, got, url)
		}
	}
	for _, url := range []string{lan4, lan6} {
		answers("www", url, true)
	}
	for _, url := range []string{wan4, wan6} {
		answers("outside", url, false)
	}
	l.mustExec(t, "router", "nft", "insert", "rule", "inet", "fw", "wan_input", "tcp", "dport", "80", "accept")
	for _, url := range []string{wan4, wan6} {
		answers("outside", url, true)
	}
	if r := l.verified(t, 1)["outside !-> router tcp 80"]; r.Result != status.Different {
		t.Errorf("verify of the open port: %+v", r)
	}
	l.mustExec(t, "router", "nft", "-f", "/run/fw.nft")
	answers("outside", wan4, false)

	// What is delegated is routed by the provider, and by whoever imports its routes.
	for _, router := range []string{"pe1", "pe2"} {
		found := false
		for _, v := range table[status.VRF](t, l, "vrf", "--router", router) {
			for _, r := range v.Routes {
				found = found || r.Prefix.String() == "2001:db8:ebbd:2084::/62"
			}
		}
		if !found {
			t.Errorf("%s has no route to the delegated prefix", router)
		}
	}
}
