package probe

import (
	"bytes"
	"net/netip"
	"testing"

	"golang.org/x/sys/unix"
)

var sample = message{kind: request, ttl: 7, run: 0x0102030405060708, number: 77, token: token{1, 2, 3}}

func TestMessage(t *testing.T) {
	got, ok := parseMessage(sample.bytes())
	if !ok || got != sample {
		t.Errorf("%+v becomes %+v", sample, got)
	}
	if _, ok := parseMessage(sample.bytes()[:headLen-1]); ok {
		t.Error("half a message is accepted")
	}
	if _, ok := parseMessage(bytes.Repeat([]byte{1}, messageLen)); ok {
		t.Error("somebody else's packet is accepted")
	}
}

// quoting returns an ICMP message that quotes as much of a request as a router
// must.
func quoting(kind, code byte, v4 bool) []byte {
	b := append([]byte{kind, code}, make([]byte, 6)...)
	if v4 {
		b = append(b, append([]byte{0x45}, make([]byte, 19)...)...)
	} else {
		b = append(b, append([]byte{0x60}, make([]byte, 39)...)...)
	}
	return append(append(b, make([]byte, 8)...), sample.bytes()...)
}

func TestErrors(t *testing.T) {
	v4, v6 := netip.MustParseAddr("10.1.0.1"), netip.MustParseAddr("2001:db8::1")
	for _, c := range []struct {
		kind, code byte
		by         netip.Addr
		want       string // "" if it is no error
		exceeded   bool
	}{
		{3, 0, v4, "10.1.0.1 says: network unreachable", false},
		{3, 1, v4, "10.1.0.1 says: host unreachable", false},
		{11, 0, v4, "10.1.0.1 says: time exceeded", true},
		{3, 9, v4, "10.1.0.1 says: ICMP type 3 code 9", false},
		{0, 0, v4, "", false},
		{1, 0, v6, "2001:db8::1 says: no route", false},
		{3, 0, v6, "2001:db8::1 says: time exceeded", true},
		{129, 0, v6, "", false},
		{135, 0, v6, "", false},
	} {
		e, m, ok := parseError(quoting(c.kind, c.code, c.by.Is4()), c.by)
		if ok != (c.want != "") {
			t.Errorf("type %d of %s: an error: %t", c.kind, c.by, ok)
			continue
		}
		if ok && (e.String() != c.want || e.TimeExceeded() != c.exceeded || e.TTL != 7 || m.number != 77) {
			t.Errorf("type %d code %d: %+v about probe %d; want %q", c.kind, c.code, e, m.number, c.want)
		}
	}
}

// An echo request is answered with what it carries.
func TestEcho(t *testing.T) {
	for _, v4 := range []bool{true, false} {
		b := echo(sample, v4)
		if v4 && checksum(b) != 0 {
			t.Errorf("checksum of %x", b)
		}
		if _, ok := parseEcho(b, v4); ok {
			t.Error("a request is taken for an answer")
		}
		b[0]++
		if v4 {
			b[0] = 0
		}
		m, ok := parseEcho(b, v4)
		if want := sample; !ok || m.run != want.run || m.number != want.number || m.kind != ping {
			t.Errorf("%x is read as %+v, %t", b, m, ok)
		}
		if _, ok := parseEcho(b, !v4); ok {
			t.Error("the answer of another family is taken")
		}
	}
	if got := checksum([]byte{0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7}); got != ^uint16(0xddf2) { // RFC 1071 section 3
		t.Errorf("checksum %#x", got)
	}
}

// Control data reads back as the kernel would report it.
func TestControl(t *testing.T) {
	for _, text := range []string{"10.1.0.2", "2001:db8::2"} {
		a := netip.MustParseAddr(text)
		messages, err := unix.ParseSocketControlMessage(control(a, a, 9))
		if err != nil || len(messages) != 2 {
			t.Fatalf("%s: %d messages, %v; want 2", text, len(messages), err)
		}
		if ttl := messages[1].Data; ttl[0]+ttl[3] != 9 {
			t.Errorf("%s: TTL %v, want 9", text, ttl)
		}
	}
	if control(netip.MustParseAddr("10.1.0.2"), netip.Addr{}, 0) != nil {
		t.Error("control data without a request for any")
	}
}

func FuzzMessages(f *testing.F) {
	f.Add(sample.bytes(), true)
	f.Add(quoting(3, 0, true), true)
	f.Add(quoting(1, 0, false), false)
	f.Fuzz(func(t *testing.T, b []byte, v4 bool) {
		by := netip.IPv6Unspecified()
		if v4 {
			by = netip.IPv4Unspecified()
		}
		if m, ok := parseMessage(b); ok && !bytes.Equal(m.bytes()[:headLen], b[:headLen]) {
			t.Errorf("%x is read as %+v", b, m)
		}
		if m, ok := parseEcho(b, v4); ok && m.kind != ping {
			t.Errorf("%x is the answer to %+v", b, m)
		}
		if e, _, ok := parseError(b, by); ok && e.String() == "" {
			t.Errorf("%x is an error without words", b)
		}
	})
}
