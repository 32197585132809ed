package resolver

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"
)

// useropt makes a message of the kernel about options of an advertisement.
func useropt(index int, kind byte, options ...[]byte) []byte {
	b := make([]byte, 16)
	b[0], b[8] = 10, kind // AF_INET6
	n := 0
	for _, o := range options {
		b = append(b, o...)
		n += len(o)
	}
	binary.NativeEndian.PutUint16(b[2:], uint16(n))
	binary.NativeEndian.PutUint32(b[4:], uint32(index))
	return b
}

func rdnss(lifetime uint32, servers ...string) []byte {
	b := binary.BigEndian.AppendUint32([]byte{optionServers, byte(1 + 2*len(servers)), 0, 0}, lifetime)
	for _, s := range servers {
		a := netip.MustParseAddr(s).As16()
		b = append(b, a[:]...)
	}
	return b
}

func dnssl(lifetime uint32, encoded string) []byte {
	b := binary.BigEndian.AppendUint32([]byte{optionDomains, 0, 0, 0}, lifetime)
	b = append(b, encoded...)
	for len(b)%8 != 0 {
		b = append(b, 0)
	}
	b[1] = byte(len(b) / 8)
	return b
}

func TestWhatAdvertisementsSay(t *testing.T) {
	begin := time.Unix(1000, 0)
	var h heard
	hear := func(after time.Duration, message []byte) {
		if index, options, ok := userOptions(message); ok && index == 7 {
			for _, o := range options {
				h.take(begin.Add(after), "eth0", o)
			}
		}
		h.expire(begin.Add(after))
	}
	want := func(what, text string) {
		t.Helper()
		if got := h.text(); got != text {
			t.Errorf("%s: %q; want %q", what, got, text)
		}
	}
	hear(0, useropt(7, 134, rdnss(60, "2001:db8::53", "fe80::1"), dnssl(infinity, "\x03lab\x07example\x00\x02xy\x00")))
	want("both", "search lab.example xy\nnameserver 2001:db8::53\nnameserver fe80::1%eth0\n")
	hear(30*time.Second, useropt(7, 134, rdnss(60, "2001:db8::53")))
	want("renewed", "search lab.example xy\nnameserver 2001:db8::53\nnameserver fe80::1%eth0\n")
	hear(60*time.Second, nil)
	want("one has ended", "search lab.example xy\nnameserver 2001:db8::53\n")
	hear(61*time.Second, useropt(7, 134, rdnss(0, "2001:db8::53"), dnssl(0, "\x02xy\x00")))
	want("taken back", "search lab.example\n")
	hear(62*time.Second, useropt(8, 134, rdnss(60, "2001:db8::54")))
	hear(62*time.Second, useropt(7, 136, rdnss(60, "2001:db8::54")))
	want("another interface, another message", "search lab.example\n")
}

// Nothing that comes in on a link can make more of resolv.conf than names.
func TestHostileAdvertisements(t *testing.T) {
	var h heard
	begin := time.Unix(1000, 0)
	for i := range 1000 {
		_, options, _ := userOptions(useropt(7, 134, rdnss(uint32(60+i), fmt.Sprintf("2001:db8::%x", i+1)), dnssl(60, fmt.Sprintf("\x05x%04d\x00", i))))
		for _, o := range options {
			h.take(begin, "eth0", o)
		}
	}
	if len(h.servers) != mostServers || len(h.domains) != mostDomains || !strings.Contains(h.text(), "nameserver 2001:db8::3e8\n") {
		t.Errorf("%d servers, %d domains: %s", len(h.servers), len(h.domains), h.text())
	}
	for _, name := range []string{"\x05a\nb c\x00", "\x01 \x00", "\x3fab", "\x00", "\x40" + strings.Repeat("a", 64) + "\x00", strings.Repeat("\x01a", 130) + "\x00"} {
		if _, options, ok := userOptions(useropt(7, 134, dnssl(60, name))); ok {
			t.Errorf("%q is taken: %+v", name, options)
		}
	}
	for _, s := range []string{"::", "::1", "ff02::1", "::ffff:10.0.0.1"} {
		if _, _, ok := userOptions(useropt(7, 134, rdnss(60, s))); ok {
			t.Errorf("server %s is taken", s)
		}
	}
	whole := useropt(7, 134, rdnss(60, "2001:db8::53"), dnssl(60, "\x02xy\x00"))
	for n := range whole {
		userOptions(whole[:n])
		for i := range n {
			b := append([]byte{}, whole...)
			b[i] ^= byte(n)
			userOptions(b)
		}
	}
}

func TestMerge(t *testing.T) {
	got := merge("search a.example\nnameserver 2001:db8::53\n", "nameserver 10.0.0.53\nnameserver 2001:db8::53\nsearch a.example b.example. c$d\noptions rotate\nnameserver nonsense\n")
	if want := "search a.example b.example\nnameserver 2001:db8::53\nnameserver 10.0.0.53\n"; got != want {
		t.Errorf("%q; want %q", got, want)
	}
}
