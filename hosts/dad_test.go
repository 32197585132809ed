package hosts

import (
	"context"
	"strings"
	"testing"
	"time"
)

// A host that looks for duplicates does not use an address that its neighbour has;
// one that does not uses it at once. Settings of an interface come, and go back to
// what new interfaces have.
func TestRealInterfaceSettings(t *testing.T) {
	needRoot(t)
	a, b := newHost(t), newHost(t)
	wire := Wire{A: WireEnd{Namespace: a.Path(), Name: "eth0"}, B: WireEnd{Namespace: b.Path(), Name: "eth0"}}
	if _, err := EnsureWires(context.Background(), []Wire{wire}); err != nil {
		t.Fatal(err)
	}
	same := Interface{Name: "eth0", Addresses: prefixes("2001:db8::1/64")}
	configureHost(t, a, Network{Interfaces: []Interface{same}})
	careful := same
	careful.DAD, careful.Sysctls = true, map[string]string{"ipv6.hop_limit": "7", "arp_ignore": "2"}
	configureHost(t, b, Network{Interfaces: []Interface{careful}})
	address := func() string { return mustRun(t, b, "ip", "-6", "addr", "show", "dev", "eth0", "scope", "global") }
	for deadline := time.Now().Add(15 * time.Second); !strings.Contains(address(), "dadfailed"); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("the duplicate address is used:\n%s", address())
		}
	}
	setting := func(name string) string { return strings.TrimSpace(mustRun(t, b, "cat", "/proc/sys/net/"+name)) }
	if hops, arp := setting("ipv6/conf/eth0/hop_limit"), setting("ipv4/conf/eth0/arp_ignore"); hops != "7" || arp != "2" {
		t.Errorf("hop_limit %s, arp_ignore %s", hops, arp)
	}
	plain := Interface{Name: "eth0", Addresses: prefixes("2001:db8::2/64"), Unset: []string{"ipv6.hop_limit", "arp_ignore"}}
	configureHost(t, b, Network{Interfaces: []Interface{plain}})
	if hops, arp := setting("ipv6/conf/eth0/hop_limit"), setting("ipv4/conf/eth0/arp_ignore"); hops != "64" || arp != "0" {
		t.Errorf("afterwards hop_limit %s, arp_ignore %s", hops, arp)
	}
	mustRun(t, b, "ping", "-c1", "-W5", "2001:db8::1")
	proxy := plain
	proxy.ProxyND = prefixes("2001:db8::8/126", "2001:db8::f/128")
	configureHost(t, b, Network{Interfaces: []Interface{proxy}, Forward: true})
	entries := func() int { return strings.Count(mustRun(t, b, "ip", "-6", "neigh", "show", "proxy"), "proxy") }
	if n := entries(); n != 5 || setting("ipv6/conf/eth0/proxy_ndp") != "1" {
		t.Errorf("%d proxy entries, want 5; proxy_ndp %s", n, setting("ipv6/conf/eth0/proxy_ndp"))
	}
	proxy.ProxyND, proxy.Unproxied = prefixes("2001:db8::f/128"), prefixes("2001:db8::8/126")
	configureHost(t, b, Network{Interfaces: []Interface{proxy}, Forward: true})
	if n := entries(); n != 1 {
		t.Errorf("%d proxy entries are left, want 1", n)
	}
	plain.Sysctls = map[string]string{"no_such_setting": "1"}
	if _, err := Configure(context.Background(), b.Path(), Network{Interfaces: []Interface{plain}}); err == nil || !strings.Contains(err.Error(), "no_such_setting") {
		t.Errorf("%v", err)
	}
}

// Settings of a whole host come, over ours too, and go back to what new hosts have.
// Those that a host has not to itself are refused.
func TestRealHostSettings(t *testing.T) {
	needRoot(t)
	h := newHost(t)
	setting := func(name string) string {
		return strings.Join(strings.Fields(mustRun(t, h, "cat", "/proc/sys/net/"+name)), " ")
	}
	ttl, wmem := setting("ipv4/ip_default_ttl"), setting("ipv4/tcp_wmem")
	configureHost(t, h, Network{Sysctls: map[string]string{
		"net.ipv4.ip_default_ttl": "77", "net.ipv4.tcp_wmem": "4096 16384 99999", "net.ipv6.conf.all.ndisc_notify": "0",
	}})
	if got := setting("ipv4/ip_default_ttl") + ", " + setting("ipv4/tcp_wmem") + ", " + setting("ipv6/conf/all/ndisc_notify"); got != "77, 4096 16384 99999, 0" {
		t.Errorf("settings %s", got)
	}
	configureHost(t, h, Network{Unset: []string{"net.ipv4.ip_default_ttl", "net.ipv4.tcp_wmem", "net.ipv6.conf.all.ndisc_notify"}})
	if got, want := setting("ipv4/ip_default_ttl")+", "+setting("ipv4/tcp_wmem")+", "+setting("ipv6/conf/all/ndisc_notify"), ttl+", "+wmem+", 1"; got != want {
		t.Errorf("afterwards %s; want %s", got, want)
	}
	for _, name := range []string{"net.core.rmem_max", "net.ipv4.no_such_setting"} {
		_, err := Configure(context.Background(), h.Path(), Network{Sysctls: map[string]string{name: "1"}})
		if err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
