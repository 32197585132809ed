package catalog_test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"pseudowan/labs/catalog"
)

// The other end of pseudo-wan-eth1 has, in each of its forms, what belongs to the lab:
// addresses, AS numbers, RDs and route targets of all VPNs, and the sites' addresses.
func TestOtherEnds(t *testing.T) {
	const name = "pseudo-wan-eth1"
	lab := parse(t, name)
	s := lab.Sessions[0]
	if got := catalog.OtherEnds(name); !slices.Equal(got, []string{"frr", "ios-xr", "junos", "linux"}) {
		t.Fatalf("other ends %q", got)
	}
	text := map[string]string{}
	for _, kind := range catalog.OtherEnds(name) {
		data, err := catalog.OtherEnd(name, kind)
		if err != nil {
			t.Fatal(err)
		}
		text[kind] = string(data)
	}
	for _, kind := range []string{"frr", "ios-xr", "junos"} {
		has(t, kind, text[kind], s.LocalAddress.String(), fmt.Sprint(s.PeerAS), fmt.Sprint(lab.Routers[0].AS))
		for _, v := range lab.VRFs {
			rd, rt := `(rd|rd vpn export|route-distinguisher) `+v.RD.String(), `(rt vpn both |^\s+|target:)`+v.Import[0].String()
			for _, pattern := range []string{rd, rt} {
				if !regexp.MustCompile(`(?m)` + pattern + `$`).MatchString(text[kind]) {
					t.Errorf("%s lacks %s of VRF %s", kind, pattern, v.Name)
				}
			}
		}
	}
	for _, kind := range []string{"linux", "ios-xr", "junos"} {
		has(t, kind, text[kind], s.PeerAddress.String())
	}
	for i, site := range lab.Outside {
		lan, host := site.Addresses[1], site.Addresses[0]
		if want := fmt.Sprintf("30.%d.0.2 130.%d.0.1", i+1, i+1); host.String()+" "+lan.String() != want || site.VRF != lab.VRFs[i].Name {
			t.Errorf("%+v; want %s, as the loop of linux.sh makes it", site, want)
		}
		for _, kind := range []string{"ios-xr", "junos"} {
			has(t, kind, text[kind], host.String(), lan.String())
		}
		has(t, "linux", text["linux"], " "+site.VRF)
	}
}

func has(t *testing.T, kind, text string, words ...string) {
	t.Helper()
	for _, w := range words {
		if !strings.Contains(text, w) {
			t.Errorf("%s lacks %s", kind, w)
		}
	}
}

func TestUnknownOtherEnd(t *testing.T) {
	for _, tt := range []struct{ lab, kind, want string }{
		{"pseudo-wan-eth1", "frrr", "lab pseudo-wan-eth1 has no other end for frrr (frr, ios-xr, junos, linux); did you mean frr?"},
		{"extranet", "frr", "lab extranet has no other end outside the lab"},
		{"extranets", "frr", "did you mean extranet?"},
		{"..", "frr", "no ready lab"},
	} {
		if _, err := catalog.OtherEnd(tt.lab, tt.kind); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s %s: %v; want %q", tt.lab, tt.kind, err, tt.want)
		}
	}
	if got := catalog.OtherEnds("extranet"); len(got) > 0 {
		t.Errorf("other ends of extranet: %q", got)
	}
}

// The lab is the side of pseudo-wan that was the original's: its hosts are the same.
func TestPseudoWANAtANIC(t *testing.T) {
	both, one := parse(t, "pseudo-wan"), parse(t, "pseudo-wan-eth1")
	if len(one.Routers) != 1 || len(one.Hosts) != 10 || one.Links[0].NIC != "eth1" || len(one.Sessions) != 1 || *one.Sessions[0].MED != 100 {
		t.Fatalf("%+v", one)
	}
	for i, h := range one.Hosts {
		if want := both.Hosts[i]; fmt.Sprint(h) != fmt.Sprint(want) {
			t.Errorf("host %+v\nwant %+v", h, want)
		}
	}
	if fmt.Sprint(one.VRFs) != fmt.Sprint(both.VRFs[:10]) || fmt.Sprint(one.Routers) != fmt.Sprint(both.Routers[:1]) {
		t.Error("routers or VRFs differ from those of pseudo-wan")
	}
	reached := map[string]int{}
	for _, r := range one.Reaches() {
		reached[r.From+" "+r.To]++
	}
	if len(reached) != 10 || reached["host_001_101 remote_001_101"] != 2 {
		t.Errorf("reached: %v; want each host and its site", reached)
	}
}
