package slowpath

import (
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/gopacket/gopacket/layers"
)

func labRA() *RA {
	return &RA{
		Prefixes: []PrefixInfo{{Prefix: netip.MustParsePrefix("2001:db8:1::/64"), OnLink: true, Autonomous: true,
			Valid: 1 << 62, Preferred: 1 << 62}},
		RouterLifetime: 1800 * time.Second, Managed: true, Other: true, Preference: PreferenceHigh,
		RDNSS: []netip.Addr{netip.MustParseAddr(gw6)}, DNSSL: []string{"lab.example", "xy."}, DNSLifetime: 600 * time.Second,
	}
}

func TestRouterAdvertisement(t *testing.T) {
	p := valid(t, newLab(t).Advertise(customerPort))
	ip := p.NetworkLayer().(*layers.IPv6)
	ra := p.Layer(layers.LayerTypeICMPv6RouterAdvertisement).(*layers.ICMPv6RouterAdvertisement)
	if ip.SrcIP.String() != gwLL || ip.DstIP.String() != "ff02::1" || ip.HopLimit != 255 {
		t.Errorf("%v > %v, hop limit %d", ip.SrcIP, ip.DstIP, ip.HopLimit)
	}
	// RFC 4861 section 4.2: M and O set, and preference 01 (RFC 4191).
	if ra.HopLimit != 64 || ra.Flags != 0b11001000 || ra.RouterLifetime != 1800 {
		t.Errorf("%+v", ra)
	}
	got := map[layers.ICMPv6Opt][]byte{}
	for _, o := range ra.Options {
		got[o.Type] = o.Data
	}
	g := netip.MustParseAddr(gw6).As16()
	n := netip.MustParseAddr("2001:db8:1::").As16()
	want := map[layers.ICMPv6Opt][]byte{
		1:  gwMAC,
		5:  {0, 0, 0, 0, 0x05, 0xdc},
		3:  append([]byte{64, 0xc0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0}, n[:]...),
		25: append([]byte{0, 0, 0, 0, 2, 0x58}, g[:]...),
		31: append([]byte{0, 0, 0, 0, 2, 0x58}, []byte("\x03lab\x07example\x00\x02xy\x00\x00\x00\x00\x00\x00\x00\x00")...),
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("options (-want +got):\n%s", d)
	}
}

// An advertisement that takes something back says nothing else, but for the last one of
// a port, which says that we are no longer a default router.
func TestWithdraw(t *testing.T) {
	l := newLab(t)
	read := func(frame []byte) (*layers.ICMPv6RouterAdvertisement, map[layers.ICMPv6Opt][]byte) {
		ra := valid(t, frame).Layer(layers.LayerTypeICMPv6RouterAdvertisement).(*layers.ICMPv6RouterAdvertisement)
		options := map[layers.ICMPv6Opt][]byte{}
		for _, o := range ra.Options {
			options[o.Type] = o.Data
		}
		return ra, options
	}
	mtu := []byte{0, 0, 0, 0, 0x05, 0xdc}
	last, options := read(l.Withdraw(customerPort, Withdrawn{}, true))
	before, _ := read(l.Advertise(customerPort))
	if last.RouterLifetime != 0 || last.Flags != before.Flags || before.RouterLifetime == 0 {
		t.Errorf("lifetime %d, before %d; want 0 and another", last.RouterLifetime, before.RouterLifetime)
	}
	if d := cmp.Diff(map[layers.ICMPv6Opt][]byte{1: gwMAC, 5: mtu}, options); d != "" {
		t.Errorf("options of the last (-want +got):\n%s", d)
	}
	server := netip.MustParseAddr("2001:db8::53")
	ra, options := read(l.Withdraw(customerPort, Withdrawn{
		Prefixes: []netip.Prefix{netip.MustParsePrefix("2001:db8:1::/64")}, RDNSS: []netip.Addr{server}, DNSSL: []string{"xy"},
	}, false))
	n, a := netip.MustParseAddr("2001:db8:1::").As16(), server.As16()
	want := map[layers.ICMPv6Opt][]byte{
		1: gwMAC, 5: mtu,
		3:  append([]byte{64, 0xc0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, n[:]...),
		25: append([]byte{0, 0, 0, 0, 0, 0}, a[:]...),
		31: []byte("\x00\x00\x00\x00\x00\x00\x02xy\x00\x00\x00\x00\x00"),
	}
	if d := cmp.Diff(want, options); d != "" || ra.RouterLifetime != before.RouterLifetime {
		t.Errorf("router lifetime %d, options (-want +got):\n%s", ra.RouterLifetime, d)
	}
	if _, again := read(l.Advertise(customerPort)); again[3][5] == 0 {
		t.Error("a withdrawal changes the advertisements after it")
	}
	if f := l.Withdraw(secondPort, Withdrawn{}, true); f != nil {
		t.Errorf("a port without RA says %x", f)
	}
}

func TestRouterSolicitation(t *testing.T) {
	rs := func(src string, slla net.HardwareAddr) []byte {
		return nd(src, "ff02::2", 133, &layers.ICMPv6RouterSolicitation{Options: options(layers.ICMPv6OptSourceAddress, slla)})
	}
	in := func(name string, port uint32, frame []byte, want string) testCase {
		return testCase{name, Punt{Reason: ND, Port: port, Frame: frame}, want}
	}
	const reply = "port 3: 02:00:00:00:00:03>02:00:00:00:00:99 fe80::ff:fe00:3>"
	run(t, []testCase{
		in("with address", 3, rs(hostLL, hostMAC), reply+hostLL+" ttl 255 RouterAdvertisement\nseen 3 "+hostLL+" 02:00:00:00:00:99 O"),
		in("without link-layer address", 3, rs(hostLL, nil), reply+hostLL+" ttl 255 RouterAdvertisement"),
		in("without address", 3, rs("::", nil), reply+"ff02::1 ttl 255 RouterAdvertisement"),
		in("contradiction", 3, rs("::", hostMAC), "ignored: router solicitation damaged"),
		in("port without advertisements", 4, rs(hostLL, hostMAC), "seen 4 "+hostLL+" 02:00:00:00:00:99 O"),
	})
	if f := newLab(t).Advertise(secondPort); f != nil {
		t.Errorf("a port without RA advertises %x", f)
	}
}

func TestGivenLinkLocal(t *testing.T) {
	cfg := labConfig()
	cfg.Interfaces[1].Addresses = append(cfg.Interfaces[1].Addresses, netip.MustParsePrefix("fe80::1/64"))
	r, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	if got := valid(t, r.Advertise(customerPort)).NetworkLayer().(*layers.IPv6).SrcIP.String(); got != "fe80::1" {
		t.Errorf("advertises from %s", got)
	}
	if res := r.Handle(now, Punt{Reason: ND, Port: customerPort, Frame: ns(hostLL, "ff02::1:ff00:3", gwLL, nil)}); len(res.Out) != 0 {
		t.Errorf("answers for the derived address: %s", say(t, res))
	}
}

func TestNewRefuses(t *testing.T) {
	cases := []struct {
		name string
		edit func(*Interface)
		want string
	}{
		{"MAC", func(i *Interface) { i.MAC = broadcastMAC }, `interface "a", port 3: MAC`},
		{"address", func(i *Interface) { i.Addresses = append(i.Addresses, netip.Prefix{}) }, `interface "a", port 3: address`},
		{"MTU", func(i *Interface) { i.MTU = 60 }, `interface "a", port 3: MTU 60`},
		{"port", func(i *Interface) { i.Port = secondPort }, `interfaces "b" and "a" have the same port, 4`},
		{"prefix", func(i *Interface) { i.RA.Prefixes[0].Prefix = netip.MustParsePrefix("10.0.0.0/8") }, `interface "a", port 3: router advertisement: prefix 10.0.0.0/8`},
		{"lifetimes", func(i *Interface) { i.RA.Prefixes[0].Valid = 0 }, "preferred lifetime"},
		{"RDNSS", func(i *Interface) { i.RA.RDNSS[0] = netip.MustParseAddr(gw4) }, "RDNSS 30.1.1.1"},
		{"DNSSL", func(i *Interface) { i.RA.DNSSL[0] = "a..b" }, `DNSSL "a..b"`},
		{"many RDNSS", func(i *Interface) { i.RA.RDNSS = make([]netip.Addr, 200); fill(i.RA.RDNSS) }, "too many RDNSS"},
		{"many prefixes", func(i *Interface) {
			for len(i.RA.Prefixes) < 50 {
				i.RA.Prefixes = append(i.RA.Prefixes, i.RA.Prefixes[0])
			}
		}, "exceed the MTU of 1500"},
	}
	for _, c := range cases {
		cfg := labConfig()
		c.edit(&cfg.Interfaces[1])
		if _, err := New(cfg); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want %q", c.name, err, c.want)
		}
	}
}

func fill(addrs []netip.Addr) {
	for i := range addrs {
		addrs[i] = netip.MustParseAddr(gw6)
	}
}
