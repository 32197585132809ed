package slowpath

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
)

// An answer, and an error that quotes the request, are known by the request's identifier;
// whatever else arrives is not.
func TestEchoes(t *testing.T) {
	for _, families := range [][2]string{{"10.1.0.1", "10.2.0.2"}, {"2001:db8:1::1", "2001:db8:2::2"}} {
		us, them := netip.MustParseAddr(families[0]), netip.MustParseAddr(families[1])
		request, err := EchoRequest(us, them, 5, 77, 56)
		if err != nil {
			t.Fatal(err)
		}
		if e, ok := ReadEcho(request); ok {
			t.Errorf("a request counts as %+v", e)
		}
		r := &Router{buf: gopacket.NewSerializeBuffer()}
		e := envelope{srcMAC: make([]byte, 6), dstMAC: make([]byte, 6), src: them, dst: us, ttl: 60, proto: layers.IPProtocolICMPv4}
		var reply, exceeded []byte
		hop := netip.MustParseAddr("192.0.2.9")
		if us.Is4() {
			reply = r.seal(e, &layers.ICMPv4{TypeCode: layers.CreateICMPv4TypeCode(layers.ICMPv4TypeEchoReply, 0), Id: 77, Seq: 1})
			e.src = hop
			exceeded = r.seal(e, &layers.ICMPv4{TypeCode: layers.CreateICMPv4TypeCode(layers.ICMPv4TypeTimeExceeded, 0)}, gopacket.Payload(request[14:]))
		} else {
			e.proto, hop = layers.IPProtocolICMPv6, netip.MustParseAddr("2001:db8::9")
			reply = r.seal(e, &layers.ICMPv6{TypeCode: layers.CreateICMPv6TypeCode(layers.ICMPv6TypeEchoReply, 0)}, &layers.ICMPv6Echo{Identifier: 77, SeqNumber: 1})
			e.src = hop
			exceeded = r.seal(e, &layers.ICMPv6{TypeCode: layers.CreateICMPv6TypeCode(layers.ICMPv6TypeTimeExceeded, 0)}, gopacket.Payload(append(make([]byte, 4), request[14:]...)))
		}
		if got, ok := ReadEcho(reply); !ok || got != (Echo{ID: 77, From: them, To: them}) {
			t.Errorf("%s answers: %+v, %v", them, got, ok)
		}
		if got, ok := ReadEcho(exceeded); !ok || got.ID != 77 || got.From != hop || got.To != them || !strings.HasSuffix(got.What, " exceeded") {
			t.Errorf("%s says: %+v, %v", hop, got, ok)
		}
		for n := range exceeded {
			ReadEcho(exceeded[:n]) // crashes nothing
		}
	}
}
