package hosts

import (
	"net"
	"net/netip"
	"strings"
	"testing"
)

// RFC 4291 appendix A.
func TestEUI64(t *testing.T) {
	got := EUI64(netip.MustParsePrefix("2001:db8:1::/64"), net.HardwareAddr{0x34, 0x56, 0x78, 0x9a, 0xbc, 0xde})
	if want := netip.MustParseAddr("2001:db8:1:0:3656:78ff:fe9a:bcde"); got != want {
		t.Errorf("%s; want %s", got, want)
	}
}

// An address derived from another MAC, or from a prefix that is no longer
// advertised, is removed; a right one stays, with its lifetime.
func TestRealConfigureForgetsAutoconfiguredAddresses(t *testing.T) {
	needRoot(t)
	a, _, n, _ := twoHosts(t)
	mac := net.HardwareAddr{2, 0, 0, 0, 0, 0x77}
	n.Interfaces[0].MAC = mac
	mustRun(t, a, "ip", "link", "set", "eth0", "address", mac.String()) // the kernel keeps the link-local address
	configureHost(t, a, n)
	wantLinkLocal := EUI64(netip.MustParsePrefix("fe80::/64"), mac).String()
	addresses := func() string { return mustRun(t, a, "ip", "-o", "-6", "addr", "show", "dev", "eth0") }
	if got := addresses(); !strings.Contains(got, wantLinkLocal) || strings.Count(got, "fe80:") != 1 || !strings.Contains(got, "2001:db8::1/64") {
		t.Errorf("after the MAC has changed; want %s alone, and the static address:\n%s", wantLinkLocal, got)
	}

	n.Interfaces[0].SLAAC = true
	n.Interfaces[0].Learned = prefixes("2001:db8:7::ff:fe00:77/64")
	mustRun(t, a, "ip", "addr", "add", "2001:db8:6::ff:fe00:77/64", "dev", "eth0", "valid_lft", "600", "preferred_lft", "600")
	mustRun(t, a, "ip", "addr", "add", n.Interfaces[0].Learned[0].String(), "dev", "eth0", "valid_lft", "600", "preferred_lft", "600")
	configureHost(t, a, n)
	if got := addresses(); strings.Contains(got, "2001:db8:6:") {
		t.Errorf("the address of the old prefix stays:\n%s", got)
	}
	mustRun(t, a, "ip", "addr", "replace", n.Interfaces[0].Learned[0].String(), "dev", "eth0", "valid_lft", "600", "preferred_lft", "600")
	mustRun(t, a, "ip", "addr", "replace", "2001:db8:9::99/128", "dev", "eth0", "valid_lft", "600", "preferred_lft", "600") // of a DHCPv6 client
	configureHost(t, a, n)
	for _, want := range []string{n.Interfaces[0].Learned[0].String(), "2001:db8:9::99/128"} {
		if got := addresses(); !strings.Contains(got, want) {
			t.Errorf("%s is gone:\n%s", want, got)
		}
	}
}
