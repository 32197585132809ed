package labs

import (
	"slices"
	"testing"

	"pseudowan/topology"
)

func TestLabsByFile(t *testing.T) {
	files := []string{"blue", "pw-demo", "pw-demo-pe1", "pw-demo2", "pw-demo2-h1", "pwn"}
	if got, want := labsByFile(files), []string{"demo", "demo2"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestKnownOfACatalogueLab(t *testing.T) {
	var k Known
	k.add("hub-spoke", []string{"pw-hub-spoke", "pw-hub-spoke-extra", "pw-other-h1"})
	for _, want := range []struct{ in, word string }{{"nodes", "extra"}, {"nodes", "pe1"}, {"routers", "pe1"}} {
		in := map[string][]string{"nodes": k.Nodes, "routers": k.Routers}[want.in]
		if !slices.Contains(in, want.word) {
			t.Errorf("%s %q lack %q", want.in, in, want.word)
		}
	}
	if slices.Contains(k.Nodes, "h1") || len(k.VRFs) == 0 {
		t.Errorf("%+v", k)
	}
}

func TestUnknownVRF(t *testing.T) {
	lab := &topology.Topology{VRFs: []topology.VRF{{Router: "pe1", Name: "red"}, {Router: "pe2", Name: "blue"}}}
	for _, tt := range []struct {
		filter Filter
		want   string
	}{
		{Filter{}, ""},
		{Filter{VRF: "red"}, ""},
		{Filter{Router: "pe1", VRF: "red"}, ""},
		{Filter{VRF: "rad"}, "lab demo has no VRF rad; did you mean red?"},
		{Filter{VRF: "somewhere"}, "lab demo has no VRF somewhere"},
		{Filter{Router: "pe1", VRF: "blue"}, "router pe1 has no VRF blue; pe2 has it"},
	} {
		err := unknownVRF("demo", lab, tt.filter)
		if (err == nil) != (tt.want == "") || err != nil && err.Error() != tt.want {
			t.Errorf("%+v: %v, want %q", tt.filter, err, tt.want)
		}
	}
}
