package guard

import (
	"net/netip"
	"os"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"pseudowan/hosts"
)

const (
	own     = "\x02\x00\x00\x00\x00\x01"
	foreign = "\x02\x00\x00\x00\x00\x02"
	all     = "\x33\x33\x00\x00\x00\x01"

	// Tags without a VLAN, of IEEE 802.1Q and 802.1ad.
	priority = "\x81\x00\xe0\x00"
	provider = "\x88\xa8\xe0\x00"
)

// address returns the octets of an address.
func address(s string) string { a := netip.MustParseAddr(s); return string(a.AsSlice()) }

// v6 is a frame with an IPv6 packet.
func v6(mac, source, destination string, next byte, payload string) string {
	n := len(payload)
	return all + mac + "\x86\xdd" + "\x60\x00\x00\x00" + string([]byte{byte(n >> 8), byte(n), next, 255}) + address(source) + address(destination) + payload
}

// icmp6 is an ICMPv6 message of a type, with a target.
func icmp6(kind byte, target string) string {
	return string([]byte{kind, 0, 0, 0, 0, 0, 0, 0}) + address(target)
}

func v4(source string, protocol byte, payload string) string {
	n := 20 + len(payload)
	return all + own + "\x08\x00" + "\x45\x00" + string([]byte{byte(n >> 8), byte(n)}) + "\x00\x00\x00\x00\x40" + string([]byte{protocol}) + "\x00\x00" + address(source) + "\xff\xff\xff\xff" + payload
}

func udp(from, to int) string {
	return string([]byte{byte(from >> 8), byte(from), byte(to >> 8), byte(to), 0, 8, 0, 0})
}

// arp is a request for an address.
func arp(mac, source, target string) string {
	return all + own + "\x08\x06" + "\x00\x01\x08\x00\x06\x04\x00\x01" + mac + address(source) + "\x00\x00\x00\x00\x00\x00" + address(target)
}

// behind puts something between the MAC addresses and the type of a frame.
func behind(what, frame string) string { return frame[:12] + what + frame[12:] }

// snapped is a frame with its type behind LLC and SNAP (IEEE 802.2).
func snapped(oui, frame string) string {
	n := len(frame) - 12 + 6
	return behind(string([]byte{byte(n >> 8), byte(n)})+"\xaa\xaa\x03"+oui, frame)
}

// options is an empty header of destination options, before another header.
func options(next byte) string { return string([]byte{next, 0, 1, 4, 0, 0, 0, 0}) }

// fragment is a fragment header.
func fragment(next byte, offset int, more byte) string {
	return string([]byte{next, 0, byte(offset * 8 >> 8), byte(offset*8) | more, 0, 0, 0, 7})
}

// Each frame is dropped for what it is, also where headers hide it, and what the host
// may send passes.
func TestRealGuard(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("needs root: network namespaces")
	}
	const ra, na, ns, echo, icmp, destOpts, frag = 134, 136, 135, 128, 58, 60, 44
	path, send := wired(t)
	port := Port{Name: "port", RA: true, DHCP: true, Source: true, MAC: "02:00:00:00:00:01",
		Allowed: prefixes("10.0.0.1/32", "2001:db8::1/128", "2001:db8:7::/64", "fe80::1/128")}
	if changed, err := Ensure(t.Context(), path, []Port{port}); err != nil || !slices.Equal(changed, []string{"port"}) {
		t.Fatalf("%v, %v", changed, err)
	}
	nodes := "ff02::1"
	check(t, path, send, []sent{
		{"a ping", v6(own, "2001:db8::1", nodes, icmp, icmp6(echo, "::")), ""},
		{"a ping from an allowed prefix", v6(own, "2001:db8:7::9", nodes, icmp, icmp6(echo, "::")), ""},
		{"a neighbour advertisement", v6(own, "fe80::1", nodes, icmp, icmp6(na, "2001:db8::1")), ""},
		{"detection of duplicates", v6(own, "::", "ff02::1:ff00:1", icmp, icmp6(ns, "2001:db8::1")), ""},
		{"a later fragment", v6(own, "fe80::1", nodes, frag, fragment(icmp, 20, 0)+"........"), ""},
		{"a first fragment", v6(own, "fe80::1", nodes, frag, fragment(icmp, 0, 1)+icmp6(echo, "::")), ""},
		{"TCP", v6(own, "fe80::1", nodes, 6, "...................."), ""},
		{"IPv4", v4("10.0.0.1", 1, "........"), ""},
		{"a DHCP client", v4("0.0.0.0", 17, udp(68, 67)), ""},
		{"a DHCPv6 client", v6(own, "fe80::1", nodes, 17, udp(546, 547)), ""},
		{"ARP", arp(own, "10.0.0.1", "10.0.0.9"), ""},
		{"an ARP probe", arp(own, "0.0.0.0", "10.0.0.1"), ""},

		{"an advertisement", v6(own, "fe80::1", nodes, icmp, icmp6(ra, "::")), KindRA},
		{"a redirect", v6(own, "fe80::1", nodes, icmp, icmp6(137, "fe80::1")), KindRA},
		{"an advertisement behind options", v6(own, "fe80::1", nodes, destOpts, options(destOpts)+options(icmp)+icmp6(ra, "::")), KindRA},
		{"the first fragment of one", v6(own, "fe80::1", nodes, frag, fragment(icmp, 0, 1)+icmp6(ra, "::")), KindRA},
		{"a fragment that ends in options", v6(own, "fe80::1", nodes, frag, fragment(destOpts, 0, 1)+options(icmp)), KindHidden},
		{"a fragment that ends within options", v6(own, "fe80::1", nodes, frag, fragment(destOpts, 0, 1)+"\x3a\x02\x01\x04\x00\x00\x00\x00"), KindHidden},
		{"an advertisement with a priority", behind(priority, v6(own, "fe80::1", nodes, icmp, icmp6(ra, "::"))), KindRA},
		{"a DHCP server", v4("10.0.0.1", 17, udp(67, 68)), KindDHCP},
		{"a DHCPv6 server", v6(own, "fe80::1", nodes, 17, udp(547, 546)), KindDHCP},
		{"another's MAC", v6(foreign, "2001:db8::1", nodes, icmp, icmp6(echo, "::")), KindSource},
		{"another's address", v6(own, "2001:db8::2", nodes, icmp, icmp6(echo, "::")), KindSource},
		{"another's link-local address", v6(own, "fe80::2", nodes, icmp, icmp6(echo, "::")), KindSource},
		{"an answer for another", v6(own, "fe80::1", nodes, icmp, icmp6(na, "2001:db8::2")), KindSource},
		{"a ping from nowhere", v6(own, "::", nodes, icmp, icmp6(echo, "::")), KindSource},
		{"detection of another's address", v6(own, "::", "ff02::1:ff00:2", icmp, icmp6(ns, "2001:db8::2")), KindSource},
		{"the same behind options", v6(own, "::", "ff02::1:ff00:2", destOpts, options(icmp)+icmp6(ns, "2001:db8::2")), KindSource},
		{"a fragment of the same", v6(own, "::", "ff02::1:ff00:2", frag, fragment(icmp, 0, 1)+icmp6(ns, "2001:db8::2")[:8]), KindSource},
		{"another's IPv4", v4("10.0.0.2", 1, "........"), KindSource},
		{"another's ARP", arp(own, "10.0.0.2", "10.0.0.9"), KindSource},
		{"an ARP probe for another's address", arp(own, "0.0.0.0", "10.0.0.2"), KindSource},
		{"ARP with another's MAC", arp(foreign, "10.0.0.1", "10.0.0.9"), KindSource},
		{"another protocol", all + own + "\x88\xb5" + strings.Repeat("x", 50), KindSource},
	})
	if changed, err := Ensure(t.Context(), path, []Port{port}); err != nil || len(changed) > 0 {
		t.Errorf("a second time, %v change, %v", changed, err)
	}
	if changed, err := Ensure(t.Context(), path, []Port{{Name: "port"}}); err != nil || len(changed) != 1 {
		t.Errorf("without a guard, %v change, %v", changed, err)
	}
	if have, err := Counts(t.Context(), path); err != nil || len(have) > 0 {
		t.Errorf("rules are left: %v, %v", have, err)
	}
}

// Neither several VLAN tags nor LLC hide what routers and DHCP servers say; what is not
// IP and has no Ethernet type behind them passes.
func TestRealGuardOfOtherFrames(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("needs root: network namespaces")
	}
	path, send := wired(t)
	port := Port{Name: "port", RA: true, DHCP: true}
	if _, err := Ensure(t.Context(), path, []Port{port}); err != nil {
		t.Fatal(err)
	}
	ra := v6(own, "fe80::1", "ff02::1", 58, icmp6(134, "::"))
	dhcp := v4("10.0.0.1", 17, udp(67, 68))
	check(t, path, send, []sent{
		{"a priority", behind(priority, ra), KindRA},
		{"a priority, by a provider's tag", behind(provider, ra), KindRA},
		{"two priorities", behind(priority, behind(priority, ra)), KindHidden},
		{"three priorities", behind(priority, behind(priority, behind(priority, ra))), KindHidden},
		{"two priorities, one by a provider", behind(provider, behind(priority, ra)), KindHidden},
		{"two priorities, both by a provider", behind(provider, behind(provider, ra)), KindHidden},
		{"DHCP behind a priority", behind(priority, dhcp), KindDHCP},
		{"DHCP behind two", behind(priority, behind(priority, dhcp)), KindHidden},
		{"SNAP", snapped("\x00\x00\x00", ra), KindHidden},
		{"SNAP of a bridge", snapped("\x00\x00\xf8", ra), KindHidden},
		{"SNAP behind a priority", behind(priority, snapped("\x00\x00\x00", ra)), KindHidden},
		{"a priority behind SNAP", snapped("\x00\x00\x00", behind(priority, ra)), KindHidden},
		{"DHCP behind SNAP", snapped("\x00\x00\x00", dhcp), KindHidden},
		{"IS-IS", all + own + "\x00\x30\xfe\xfe\x03\x83" + strings.Repeat("x", 44), ""},
		{"CDP", all + own + "\x00\x30\xaa\xaa\x03\x00\x00\x0c\x20\x00" + strings.Repeat("x", 40), ""},
		{"another protocol", all + own + "\x88\xb5" + strings.Repeat("x", 50), ""},
	})
}

// Rules that somebody has removed, added or moved to another port are made again, and
// what is right beside them keeps its counters.
func TestRealGuardIsMadeWhole(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("needs root: network namespaces")
	}
	path, send := wired(t)
	port := Port{Name: "port", RA: true}
	ra := []sent{{"an advertisement", v6(own, "fe80::1", "ff02::1", 58, icmp6(134, "::")), KindRA}}
	for _, c := range []struct{ name, edit string }{
		{"nothing was there", ""},
		{"no rule drops", "flush chain netdev pw-guard port\nadd rule netdev pw-guard port counter comment \"" + port.sum() + "\""},
		{"a rule accepts", "insert rule netdev pw-guard port accept"},
		{"it is on lo", "delete chain netdev pw-guard port\n" + strings.ReplaceAll(port.chain(), "device \"port\"", "device \"lo\"")},
	} {
		if err := hosts.Nft(t.Context(), path, c.edit); err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		if have, err := Counts(t.Context(), path); err != nil || port.Active(have) {
			t.Errorf("%s, and the guard counts as active; %v", c.name, err)
		}
		if changed, err := Add(t.Context(), path, []Port{port}); err != nil || len(changed) != 1 {
			t.Errorf("%s: changed %v, %v", c.name, changed, err)
		}
		check(t, path, send, ra)
	}
	if changed, err := Add(t.Context(), path, []Port{{Name: "other"}}); err != nil || len(changed) > 0 || counts(t, path).Dropped[KindRA] == 0 {
		t.Errorf("a guard beside others changes %v, %v", changed, err)
	}
}

// sent is a frame, and why it is dropped: "" if it passes.
type sent struct {
	name  string
	frame string
	want  Kind
}

func check(t *testing.T, path string, send func(frame string), frames []sent) {
	t.Helper()
	for _, c := range frames {
		before := counts(t, path)
		send(c.frame)
		after := counts(t, path)
		var got Kind
		for k, n := range after.Dropped {
			if n > before.Dropped[k] {
				got = k
			}
		}
		if got != c.want || after.Arrived <= before.Arrived {
			t.Errorf("%s is dropped as %q, want %q; %d arrived", c.name, got, c.want, after.Arrived-before.Arrived)
		}
	}
}

func counts(t *testing.T, path string) Count {
	t.Helper()
	have, err := Counts(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	return have["port"]
}

// wired returns the namespace of a port, and what sends frames into it.
func wired(t *testing.T) (path string, send func(frame string)) {
	t.Helper()
	namespace := func(name string) string {
		ns, _, err := hosts.EnsureNamespace("pwt-guard-"+name, hosts.Mark{Lab: "pwt-guard", Node: name, Kind: hosts.KindHost})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := ns.Delete(); err != nil {
				t.Error(err)
			}
		})
		return ns.Path()
	}
	path, far := namespace("a"), namespace("b")
	_, err := hosts.EnsureWires(t.Context(), []hosts.Wire{{
		A: hosts.WireEnd{Namespace: path, Name: "port", Alias: "a"}, B: hosts.WireEnd{Namespace: far, Name: "eth0", Alias: "b"},
	}})
	if err != nil {
		t.Fatal(err)
	}
	var socket int
	err = hosts.Within(far, func() error {
		// The interface itself stays silent.
		if err := os.WriteFile("/proc/sys/net/ipv6/conf/eth0/disable_ipv6", []byte("1"), 0o600); err != nil {
			return err
		}
		if socket, err = unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0); err != nil {
			return err
		}
		request, err := unix.NewIfreq("eth0")
		if err != nil {
			return err
		}
		if err := unix.IoctlIfreq(socket, unix.SIOCGIFINDEX, request); err != nil {
			return err
		}
		return unix.Bind(socket, &unix.SockaddrLinklayer{Ifindex: int(request.Uint32())})
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(socket) })
	return path, func(frame string) {
		if _, err := unix.Write(socket, []byte(frame)); err != nil {
			t.Fatal(err)
		}
	}
}
