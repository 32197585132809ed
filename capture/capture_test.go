package capture

import (
	"bytes"
	"errors"
	"io"
	"net"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"
)

var at = time.Date(2026, 11, 28, 17, 0, 0, 123456789, time.UTC)

// frame is a ping from h1 to h2, with these labels.
func frame(t testing.TB, labels ...uint32) []byte {
	t.Helper()
	eth := &layers.Ethernet{SrcMAC: net.HardwareAddr{2, 0, 0, 0, 0, 1}, DstMAC: net.HardwareAddr{2, 0, 0, 0, 0, 2}, EthernetType: layers.EthernetTypeIPv4}
	all := []gopacket.SerializableLayer{eth}
	for i, l := range labels {
		eth.EthernetType = layers.EthernetTypeMPLSUnicast
		all = append(all, &layers.MPLS{Label: l, StackBottom: i == len(labels)-1, TTL: 63})
	}
	all = append(all,
		&layers.IPv4{Version: 4, IHL: 5, TTL: 63, Protocol: layers.IPProtocolICMPv4, SrcIP: net.IP{10, 1, 0, 2}, DstIP: net.IP{10, 2, 0, 2}},
		&layers.ICMPv4{TypeCode: layers.CreateICMPv4TypeCode(layers.ICMPv4TypeEchoRequest, 0), Id: 7, Seq: 1}, gopacket.Payload("hello"))
	b := gopacket.NewSerializeBuffer()
	if err := gopacket.SerializeLayers(b, gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true}, all...); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func names() Names {
	return Names{
		Bindings: map[string]map[uint32]Binding{"pe2": {1000: {Router: "pe2", VRF: "red", RD: "10.0.0.2:1", Prefix: netip.MustParsePrefix("10.2.0.0/24")}}},
		Routers:  map[string]string{"02:00:00:00:00:02": "pe2"},
		Hosts:    map[string]map[netip.Addr]string{"red": {netip.MustParseAddr("10.1.0.2"): "h1", netip.MustParseAddr("10.2.0.2"): "h2"}},
		RDs:      map[string][]string{"10.0.0.1:1": {"red"}},
	}
}

// Labels, VRFs and hosts of a packet are named, between routers and at ports.
func TestRead(t *testing.T) {
	core, port := Point{Node: "pe1", Interface: "eth1"}, Point{Node: "pe1", Interface: "eth3", VRF: "red"}
	for name, tt := range map[string]struct {
		at            Point
		labels        []uint32
		comment, line string
	}{
		"labelled": {
			core, []uint32{1000}, "label 1000 = VRF red (10.0.0.2:1) of pe2 10.2.0.0/24; 10.1.0.2 is h1; 10.2.0.2 is h2",
			"pe1:eth1 out label 1000 VRF red 10.1.0.2 (h1) > 10.2.0.2 (h2): ICMP EchoRequest id 7 seq 1, 60 octets",
		},
		"two labels":          {core, []uint32{16, 1000}, "label 16/1000 = VRF red (10.0.0.2:1) of pe2 10.2.0.0/24; 10.1.0.2 is h1; 10.2.0.2 is h2", "out label 16/1000 VRF red"},
		"an unknown label":    {core, []uint32{77}, "label 77", "out label 77 10.1.0.2 > 10.2.0.2"},
		"at a port":           {port, nil, "VRF red; 10.1.0.2 is h1; 10.2.0.2 is h2", "pe1:eth3 out VRF red 10.1.0.2 (h1) >"},
		"without any context": {core, nil, "", "pe1:eth1 out 10.1.0.2 > 10.2.0.2: ICMP EchoRequest"},
	} {
		p := names().Read(tt.at, Packet{Time: at, Out: true, Data: frame(t, tt.labels...)})
		if got := p.Comment(); got != tt.comment {
			t.Errorf("%s: comment %q, want %q", name, got, tt.comment)
		}
		if got := p.Line(tt.at); !strings.Contains(got, tt.line) {
			t.Errorf("%s: %q, want %q", name, got, tt.line)
		}
	}
}

// What somebody sends, however cut off, is captured and crashes nothing.
func TestReadCutOff(t *testing.T) {
	whole := frame(t, 16, 1000)
	for n := range whole {
		p := names().Read(Point{Node: "pe1", Interface: "eth1"}, Packet{Time: at, Data: whole[:n]})
		if p.Line(Point{}) == "" || len(p.Data) != n {
			t.Errorf("%d octets: %+v", n, p)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add(frame(f, 16, 1000))
	f.Add(frame(f))
	f.Fuzz(func(t *testing.T, data []byte) {
		p := names().Read(Point{Node: "pe1", Interface: "eth1"}, Packet{Time: at, Data: data})
		p.Line(Point{})
		p.Comment()
		Filter{VRF: "red", Prefix: netip.MustParsePrefix("10.0.0.0/8")}.Selects(names(), p)
	})
}

func TestFilter(t *testing.T) {
	label, other := uint32(1000), uint32(1001)
	labelled := names().Read(Point{}, Packet{Data: frame(t, 1000)})
	plain := names().Read(Point{VRF: "red"}, Packet{Data: frame(t)})
	foreign := names().Read(Point{VRF: "blue"}, Packet{Data: frame(t)})
	for name, tt := range map[string]struct {
		f    Filter
		want []bool // labelled, plain, foreign
	}{
		"all":                {Filter{}, []bool{true, true, true}},
		"a VRF":              {Filter{VRF: "red"}, []bool{true, true, false}},
		"the egress's RD":    {Filter{VRF: "10.0.0.2:1"}, []bool{true, false, false}},
		"the ingress's RD":   {Filter{VRF: "10.0.0.1:1"}, []bool{true, true, false}},
		"a destination":      {Filter{Prefix: netip.MustParsePrefix("10.2.0.0/24")}, []bool{true, true, true}},
		"a source":           {Filter{Prefix: netip.MustParsePrefix("10.1.0.2/32")}, []bool{true, true, true}},
		"neither":            {Filter{Prefix: netip.MustParsePrefix("10.3.0.0/24")}, []bool{false, false, false}},
		"a label":            {Filter{Label: &label}, []bool{true, false, false}},
		"another label":      {Filter{Label: &other}, []bool{false, false, false}},
		"a VRF and a prefix": {Filter{VRF: "red", Prefix: netip.MustParsePrefix("10.2.0.0/24")}, []bool{true, true, false}},
	} {
		got := []bool{}
		for _, p := range []Packet{labelled, plain, foreign} {
			got = append(got, tt.f.Selects(names(), p))
		}
		if !slices.Equal(got, tt.want) {
			t.Errorf("%s: %v, want %v", name, got, tt.want)
		}
	}
}

// Another reader of the format finds the points, the times and the frames.
func TestFile(t *testing.T) {
	var b bytes.Buffer
	points := []Point{{Node: "pe1", Interface: "eth1", About: "link to pe2:eth1"}, {Node: "pe1", Interface: "eth3", VRF: "red", About: "VRF red, host h1"}}
	f, err := NewFile(&b, "lab demo", points)
	if err != nil {
		t.Fatal(err)
	}
	packets := []Packet{
		{Point: 1, Time: at, Data: frame(t)},
		{Point: 0, Time: at.Add(time.Millisecond), Out: true, Data: frame(t, 1000)},
	}
	for i, p := range packets {
		packets[i] = names().Read(points[p.Point], p)
		if err := f.Write(packets[i]); err != nil {
			t.Fatal(err)
		}
	}
	for _, p := range packets {
		if !bytes.Contains(b.Bytes(), []byte(p.Comment())) {
			t.Errorf("the file lacks the comment %q", p.Comment())
		}
	}
	r, err := pcapgo.NewNgReader(&b, pcapgo.NgReaderOptions{WantMixedLinkType: true})
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range packets {
		data, info, err := r.ReadPacketData()
		if err != nil || !bytes.Equal(data, p.Data) || !info.Timestamp.Equal(p.Time) || info.InterfaceIndex != p.Point {
			t.Fatalf("%v: %+v, want %+v", err, info, p)
		}
		i, err := r.Interface(info.InterfaceIndex)
		if err != nil || i.Name != points[p.Point].String() || i.Description != points[p.Point].About {
			t.Errorf("%v: interface %+v", err, i)
		}
	}
	if _, _, err := r.ReadPacketData(); !errors.Is(err, io.EOF) {
		t.Errorf("after the last packet: %v", err)
	}
}
