package look

import (
	"net/netip"
	"slices"
	"testing"

	"pseudowan/status"
	"pseudowan/topology"
)

func TestLabsByFile(t *testing.T) {
	files := []string{"blue", "pw-demo", "pw-demo-pe1", "pw-demo2", "pw-demo2-h1", "pwn"}
	if got, want := labsByFile(files), []string{"demo", "demo2"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestKnownOfACatalogueLab(t *testing.T) {
	var k Completions
	k.add("hub-spoke", []string{"pw-hub-spoke", "pw-hub-spoke-extra", "pw-other-h1"})
	for _, want := range []struct{ in, word string }{{"nodes", "extra"}, {"nodes", "pe1"}, {"routers", "pe1"}} {
		in := map[string][]string{"nodes": k.Nodes, "routers": k.Routers}[want.in]
		if !slices.Contains(in, want.word) {
			t.Errorf("%s %q lack %q", want.in, in, want.word)
		}
	}
	if slices.Contains(k.Nodes, "h1") {
		t.Errorf("%+v", k)
	}
	all, some := k.VRFs(""), k.VRFs("pe1")
	if len(some) == 0 || len(all) <= len(some) || len(k.VRFs("nowhere")) > 0 {
		t.Errorf("VRFs %q, of pe1 %q", all, some)
	}
}

func TestKnownPrefixes(t *testing.T) {
	var k Completions
	k.addPrefixes(topology.Host{
		Attachments: []topology.Attachment{{Addresses: []netip.Prefix{netip.MustParsePrefix("10.1.0.2/24"), netip.MustParsePrefix("2001:db8::2/64")}}},
		LANs:        []netip.Prefix{netip.MustParsePrefix("110.1.0.1/24")},
	})
	if want := []string{"10.1.0.2", "2001:db8::2", "110.1.0.1"}; !slices.Equal(k.Addresses, want) {
		t.Errorf("addresses %q, want %q", k.Addresses, want)
	}
	if want := []string{"10.1.0.0/24", "10.1.0.2/32", "2001:db8::/64", "2001:db8::2/128", "110.1.0.0/24"}; !slices.Equal(k.Prefixes, want) {
		t.Errorf("prefixes %q, want %q", k.Prefixes, want)
	}
}

func TestUnknownVRF(t *testing.T) {
	lab := &topology.Topology{VRFs: []topology.VRF{{Router: "pe1", Name: "red"}, {Router: "pe2", Name: "blue"}}}
	for _, tt := range []struct {
		filter Filter
		want   string
	}{
		{Filter{}, ""},
		{Filter{Selection: status.Selection{VRF: "red"}}, ""},
		{Filter{Router: "pe1", Selection: status.Selection{VRF: "red"}}, ""},
		{Filter{Selection: status.Selection{VRF: "rad"}}, "lab demo has no VRF rad; did you mean red?"},
		{Filter{Selection: status.Selection{VRF: "somewhere"}}, "lab demo has no VRF somewhere"},
		{Filter{Router: "pe1", Selection: status.Selection{VRF: "blue"}}, "router pe1 has no VRF blue; pe2 has it"},
	} {
		err := unknownVRF("demo", lab, tt.filter)
		if (err == nil) != (tt.want == "") || err != nil && err.Error() != tt.want {
			t.Errorf("%+v: %v, want %q", tt.filter, err, tt.want)
		}
	}
}
