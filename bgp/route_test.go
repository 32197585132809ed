package bgp

import (
	"net/netip"
	"strings"
	"testing"
)

func TestASPath(t *testing.T) {
	set := ASSegment{Kind: ASSet, AS: []uint32{3, 4}}
	confed := ASSegment{Kind: ASConfedSequence, AS: []uint32{64512, 64513}}
	for _, test := range []struct {
		path     ASPath
		text     string
		length   int
		neighbor uint32
	}{
		{nil, "", 0, 0},
		{Sequence(65001), "65001", 1, 65001},
		{append(Sequence(65001, 4200000000), set), "65001 4200000000 {3,4}", 3, 65001},
		{append(ASPath{confed}, Sequence(7)...), "(64512 64513) 7", 1, 7},
		{ASPath{set, {Kind: ASSequence, AS: []uint32{9}}}, "{3,4} 9", 2, 0},
		{ASPath{{Kind: ASConfedSet, AS: []uint32{1, 2}}}, "[1,2]", 0, 0},
	} {
		if got := test.path.String(); got != test.text {
			t.Errorf("printed %q, want %q", got, test.text)
		}
		if got := test.path.Len(); got != test.length {
			t.Errorf("%s: length %d, want %d", test.text, got, test.length)
		}
		if got := test.path.Neighbor(); got != test.neighbor {
			t.Errorf("%s: neighbor %d, want %d", test.text, got, test.neighbor)
		}
	}
}

func TestRouteValidate(t *testing.T) {
	for prefix, want := range map[string]string{
		"10.0.0.0/8":          "",
		"2001:db8::/32":       "",
		"10.0.0.1/8":          "want 10.0.0.0/8",
		"::ffff:10.0.0.0/104": "write it as IPv4",
	} {
		r := Route{Prefix: netip.MustParsePrefix(prefix)}
		if err := r.validate(carriesVPN); (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", prefix, err, want)
		}
	}
	r := Route{Prefix: netip.MustParsePrefix("10.0.0.0/8"), Label: 1 << 20}
	if r.validate(carriesVPN) == nil {
		t.Error("a label of 21 bits was accepted")
	}
	if (Route{}).validate(carriesVPN) == nil {
		t.Error("a route without prefix was accepted")
	}
}
