package vpn

import (
	"encoding/hex"
	"encoding/json"
	"math"
	"net/netip"
	"slices"
	"strings"
	"testing"
)

// octets of the values are from RFC 4364 section 4.2 and RFC 4360 section 3.
var spellings = []struct {
	text string
	kind Type
	rd   string // the RD's octets
	rt   string // the route target's octets
}{
	{"0:0", TypeAS2, "0000000000000000", "0002000000000000"},
	{"65001:101", TypeAS2, "0000fde900000065", "0002fde900000065"},
	{"65535:4294967295", TypeAS2, "0000ffffffffffff", "0002ffffffffffff"},
	{"10.0.0.1:7", TypeIPv4, "00010a0000010007", "01020a0000010007"},
	{"255.255.255.255:65535", TypeIPv4, "0001ffffffffffff", "0102ffffffffffff"},
	{"65536:1", TypeAS4, "0002000100000001", "0202000100000001"},
	{"4200000000:7", TypeAS4, "0002fa56ea000007", "0202fa56ea000007"},
	{"65001L:7", TypeAS4, "00020000fde90007", "02020000fde90007"},
	{"0L:0", TypeAS4, "0002000000000000", "0202000000000000"},
}

func TestRDRoundTrip(t *testing.T) {
	for _, tt := range spellings {
		rd, err := ParseRD(tt.text)
		if err != nil {
			t.Errorf("%s: %v", tt.text, err)
			continue
		}
		b := rd.Bytes()
		if got := hex.EncodeToString(b[:]); got != tt.rd || rd.Type() != tt.kind || rd.String() != tt.text {
			t.Errorf("%s: octets %s, type %d, text %s; want %s, %d", tt.text, got, rd.Type(), rd, tt.rd, tt.kind)
		}
		if back, err := RDFromBytes(b); err != nil || back != rd {
			t.Errorf("%s: %v from octets, %v", tt.text, back, err)
		}
	}
}

func TestRouteTargetRoundTrip(t *testing.T) {
	for _, tt := range spellings {
		target, err := ParseRouteTarget(tt.text)
		if err != nil {
			t.Errorf("%s: %v", tt.text, err)
			continue
		}
		b := target.Bytes()
		if got := hex.EncodeToString(b[:]); got != tt.rt || target.Type() != tt.kind || target.String() != tt.text {
			t.Errorf("%s: octets %s, type %d, text %s; want %s, %d", tt.text, got, target.Type(), target, tt.rt, tt.kind)
		}
		if back, ok := RouteTargetFromBytes(b); !ok || back != target {
			t.Errorf("%s: %v from octets, %v", tt.text, back, ok)
		}
	}
}

func TestRefusedSpellings(t *testing.T) {
	for _, text := range []string{
		"", ":", "1", "1:", ":1", "a:1", "1:a", "1:2:3", "-1:1", "+1:1", "1:-1", "01:1", "1:01", "1_0:1", " 1:1", "1: 1",
		"4294967296:1", "1:4294967296", "65536:65536", "1L:65536", "1.2.3:4", "1.2.3.4:65536", "1.2.3.400:1", "::1:1",
		"1.2.3.4L:1", "1LL:1", "L:1", "0x1:1", "1:1\n", "1:1\x00",
	} {
		if rd, err := ParseRD(text); err == nil {
			t.Errorf("RD %q was read as %s", text, rd)
		} else if !strings.HasPrefix(err.Error(), "route distinguisher ") {
			t.Errorf("%q: error does not name the thing: %v", text, err)
		}
		if target, err := ParseRouteTarget(text); err == nil {
			t.Errorf("route target %q was read as %s", text, target)
		} else if !strings.HasPrefix(err.Error(), "route target ") {
			t.Errorf("%q: error does not name the thing: %v", text, err)
		}
	}
}

func TestRefusedOctets(t *testing.T) {
	for _, b := range [][8]byte{{0, 3}, {0, 255}, {1, 0}, {0x80, 0}} {
		if rd, err := RDFromBytes(b); err == nil {
			t.Errorf("RD of type %x was read as %s", b[:2], rd)
		}
	}
	for name, b := range map[string][8]byte{
		"route origin":           {0, 3},
		"unknown type":           {3, 2},
		"non-transitive":         {0x40, 2},
		"opaque (encapsulation)": {3, 0x0c},
		"link bandwidth":         {0x40, 4},
	} {
		if target, ok := RouteTargetFromBytes(b); ok {
			t.Errorf("%s was read as route target %s", name, target)
		}
	}
}

func TestOrder(t *testing.T) {
	want := []string{"1:2", "1:10", "2:1", "1.0.0.1:9", "10.0.0.1:1", "1L:5", "70000:1"}
	var rds []RD
	var targets []RouteTarget
	for _, s := range want {
		rd, _ := ParseRD(s)
		target, _ := ParseRouteTarget(s)
		rds, targets = append(rds, rd), append(targets, target)
	}
	slices.Reverse(rds)
	slices.Reverse(targets)
	slices.SortFunc(rds, RD.Compare)
	slices.SortFunc(targets, RouteTarget.Compare)
	for i, s := range want {
		if rds[i].String() != s || targets[i].String() != s {
			t.Errorf("place %d: RD %s, target %s, want %s", i, rds[i], targets[i], s)
		}
	}
	if rds[0].Compare(rds[0]) != 0 || rds[0].Compare(rds[1]) >= 0 || rds[1].Compare(rds[0]) <= 0 {
		t.Error("compare is not an order")
	}
}

func TestJSON(t *testing.T) {
	type row struct {
		RD     RD          `json:"rd"`
		Target RouteTarget `json:"target"`
	}
	const text = `{"rd":"10.0.0.1:7","target":"65001L:9"}`
	var v row
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatal(err)
	}
	back, err := json.Marshal(v)
	if err != nil || string(back) != text {
		t.Errorf("%s, %v", back, err)
	}
	for _, bad := range []string{`{"rd":"x"}`, `{"target":"1:x"}`, `{"rd":7}`} {
		if err := json.Unmarshal([]byte(bad), &v); err == nil {
			t.Errorf("%s was read", bad)
		}
	}
}

func TestLabelRange(t *testing.T) {
	r, err := ParseLabelRange(" 1000 - 1999 ")
	if err != nil {
		t.Fatal(err)
	}
	if r != (LabelRange{1000, 1999}) || r.Size() != 1000 || r.String() != "1000-1999" {
		t.Errorf("%v with %d labels", r, r.Size())
	}
	for label, in := range map[Label]bool{999: false, 1000: true, 1999: true, 2000: false} {
		if r.Contains(label) != in {
			t.Errorf("contains %d: %v", label, !in)
		}
	}
	whole, err := ParseLabelRange("16-1048575")
	if err != nil || whole.Size() != math.MaxUint32>>12-15 {
		t.Errorf("%v, %v", whole, err)
	}
	for text, why := range map[string]string{
		"": "FIRST-LAST", "1000": "FIRST-LAST", "15-100": "reserved", "0-5": "reserved", "200-100": "greater than the last",
		"16-1048576": "numbers from", "a-b": "numbers from", "16-": "numbers from", "-16": "numbers from", "16-20-30": "numbers from", "016-20": "numbers from",
	} {
		if r, err := ParseLabelRange(text); err == nil || !strings.Contains(err.Error(), why) {
			t.Errorf("%q: %v, %v, want an error with %q", text, r, err, why)
		}
	}
}

func TestFamilyOf(t *testing.T) {
	for text, want := range map[string]Family{"0.0.0.0/0": VPNv4, "10.1.0.0/24": VPNv4, "::/0": VPNv6, "2001:db8::/32": VPNv6} {
		if got := FamilyOf(netip.MustParsePrefix(text)); got != want {
			t.Errorf("%s: %s", text, got)
		}
	}
}

func TestLabelKeys(t *testing.T) {
	four, six := netip.MustParsePrefix("10.9.0.0/16"), netip.MustParsePrefix("2001:db8:9::/48")
	hop, linkLocal := netip.MustParseAddr("10.1.0.2"), netip.MustParseAddr("fe80::2%eth5")
	for _, tt := range []struct {
		mode    LabelMode
		prefix  netip.Prefix
		nextHop netip.Addr
		want    string
	}{
		{PerNextHop, four, netip.Addr{}, "red|vpnv4|connected"},
		{PerNextHop, six, netip.Addr{}, "red|vpnv6|connected"},
		{PerNextHop, four, hop, "red|10.1.0.2"},
		{PerNextHop, six, linkLocal, "red|fe80::2%eth5"},
		{PerNextHop, four, linkLocal, "red|fe80::2%eth5|vpnv4"},
		{"", four, hop, "red|10.1.0.2"},
		{PerVRF, four, hop, "red|vpnv4"},
		{PerVRF, six, netip.Addr{}, "red|vpnv6"},
		{PerPrefix, four, hop, "red|10.9.0.0/16"},
		{PerPrefix, six, netip.Addr{}, "red|2001:db8:9::/48"},
	} {
		key := tt.mode.KeyFor("red", tt.prefix, tt.nextHop)
		text, err := key.MarshalText()
		if err != nil || string(text) != tt.want {
			t.Errorf("%s, %s by %s: key %s, %v; want %s", tt.mode, tt.prefix, tt.nextHop, text, err, tt.want)
		}
		var back LabelKey
		if err := back.UnmarshalText(text); err != nil || back != key {
			t.Errorf("%s is read as %+v, %v; want %+v", text, back, err, key)
		}
	}
	for _, bad := range []string{"", "red", "red|", "red|vpnv4|next-hop", "red|10.1.0.2|ipv4", "red|10.0.0.0/33", "red|x"} {
		if err := new(LabelKey).UnmarshalText([]byte(bad)); err == nil {
			t.Errorf("%q is read", bad)
		}
	}
}

func TestCommunities(t *testing.T) {
	for text, want := range map[string]uint32{
		"65001:100": 0xfde90064, "0:0": 0, "65535:65535": 0xffffffff, "no-export": 0xffffff01, "graceful-shutdown": 0xffff0000, "blackhole": 0xffff029a,
	} {
		if c, err := ParseCommunity(text); err != nil || uint32(c) != want || c.String() != text {
			t.Errorf("%q is %v, %v", text, c, err)
		}
	}
	if c, err := ParseCommunity("65535:65281"); err != nil || c != NoExport {
		t.Errorf("65535:65281 is %v, %v", c, err)
	}
	for _, text := range []string{"", "1", "65536:1", "1:65536", "1:2:3", "01:2", "a:b", "No-Export"} {
		if c, err := ParseCommunity(text); err == nil {
			t.Errorf("%q is read as %v", text, c)
		}
	}
	if c, err := ParseLargeCommunity("4294967295:0:7"); err != nil || c != (LargeCommunity{0xffffffff, 0, 7}) || c.String() != "4294967295:0:7" {
		t.Errorf("%v, %v", c, err)
	}
	for _, text := range []string{"", "1:2", "1:2:3:4", "1:2:4294967296", "1:2:"} {
		if c, err := ParseLargeCommunity(text); err == nil {
			t.Errorf("%q is read as %v", text, c)
		}
	}
}

func TestExtendedCommunities(t *testing.T) {
	for text, want := range map[string]ExtendedCommunity{
		"rt:65001:1":         {0, 2, 0xfd, 0xe9, 0, 0, 0, 1},
		"rt:10.0.0.1:7":      {1, 2, 10, 0, 0, 1, 0, 7},
		"soo:65001:1":        {0, 3, 0xfd, 0xe9, 0, 0, 0, 1},
		"soo:4200000000:1":   {2, 3, 0xfa, 0x56, 0xea, 0, 0, 1},
		"0x030b000000000001": {3, 0xb, 0, 0, 0, 0, 0, 1},
		"0x4002fde900000001": {0x40, 2, 0xfd, 0xe9, 0, 0, 0, 1}, // a target that is not transitive is none
	} {
		c, err := ParseExtendedCommunity(text)
		if err != nil || c != want || c.String() != text {
			t.Errorf("%q is %x, %v", text, c, err)
		}
		if o, ok := SiteOfOriginFromBytes(c); ok != (c[1] == 3) || ok && o.Bytes() != c {
			t.Errorf("%q is the site %v, %t", text, o, ok)
		}
	}
	for _, text := range []string{"", "rt:", "soo:1", "rt:65001", "0x00", "0x030b00000000000g", "030b000000000001", "65001:1"} {
		if c, err := ParseExtendedCommunity(text); err == nil {
			t.Errorf("%q is read as %v", text, c)
		}
	}
}
