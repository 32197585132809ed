package topology

import "testing"

// A host with a wide LAN takes addresses inside for its own: it does not reach
// a narrower LAN of another host, which reaches the rest of the wide one.
func TestReachOfLANsInsideEachOther(t *testing.T) {
	lab, err := Parse("lab.yaml", []byte(`
name: lans
routers: {pe1: {as: 65000}, pe2: {as: 65000}}
links: [{ends: [pe1:eth1, pe2:eth1], subnets: [192.168.0.0/30]}]
vrfs: {v: {rts: "65000:1"}}
hosts:
  wide:   {to: pe1, vrf: v, addresses: [10.1.0.2/24], lans: [10.9.0.1/16]}
  narrow: {to: pe2, vrf: v, addresses: [10.2.0.2/24], lans: [10.9.7.1/24]}
`))
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]bool{}
	for _, r := range lab.Reaches() {
		got[r.From+" "+r.Destination.String()] = true
	}
	for pair, want := range map[string]bool{
		"wide 10.2.0.2": true, "wide 10.9.7.1": false, "narrow 10.1.0.2": true, "narrow 10.9.0.1": true,
	} {
		if got[pair] != want {
			t.Errorf("%s: reached %t, want %t", pair, got[pair], want)
		}
	}
}
