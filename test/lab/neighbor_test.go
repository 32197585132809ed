package lab

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"pseudowan/status"
)

const policedLab = `name: pwt-policed
prefix-lists: {some: [10.1.0.0/16 le 32]}
policies:
  from-pe2: [{match: {prefixes: some}, set: {local-pref: 222, weight: 9, communities: {add: ["65001:7"]}}}]
  to-pe1: [{set: {med: 77}}]
routers: {pe1: {as: 65001}, pe2: {as: 65002}}
links:
  - ends: {"pe1:eth1": {bgp: {import-policy: from-pe2}}, "pe2:eth1": {bgp: {export-policy: to-pe1, ipv6-next-hop: true}}}
    subnets: [192.168.0.0/30, 2001:db8:f::/64]
vrfs: {red: {rts: "65000:1"}}
hosts:
  a: {to: pe1, vrf: red, addresses: [10.9.0.2/24, 2001:db8:9::2/64]}
  b: {to: pe2, vrf: red, addresses: [10.1.0.2/24, 2001:db8:1::2/64]}
`

// sessionRoutes reads the routes of a session by prefix.
func (l lab) sessionRoutes(t *testing.T, peer, view string) map[string]status.SessionRoute {
	t.Helper()
	var rows []status.SessionRoute
	out := must(t, "show", "neighbor", peer, view, "--lab", l.name, "-o", "json")
	if err := json.Unmarshal([]byte(out), &rows); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	found := map[string]status.SessionRoute{}
	for _, r := range rows {
		found[r.Prefix.String()] = r
	}
	return found
}

// The routes of a session are shown on their way in and out, an edit of a policy
// counts at once without a new session, and packets take VPNv6 routes whose next hop
// is the link's IPv6 address.
func TestRealSessionRoutes(t *testing.T) {
	l := fromText(t, t.TempDir(), "pwt-policed", policedLab)
	l.up(t)
	must(t, "verify", "--lab", l.name)
	received, accepted := l.sessionRoutes(t, "pe2", "received"), l.sessionRoutes(t, "pe2", "accepted")
	told := l.sessionRoutes(t, "pe1", "advertised")
	four, six := "10.1.0.0/24", "2001:db8:1::/64"
	if r := received[four]; r.MED == nil || *r.MED != 77 || r.LocalPref != nil || len(r.ChangedBy) != 1 || r.ChangedBy[0] != "policy from-pe2, term 1" {
		t.Errorf("received: %+v", r)
	}
	if r := accepted[four]; r.LocalPref == nil || *r.LocalPref != 222 || r.Weight != 9 || len(r.Communities) != 1 || r.Communities[0] != "65001:7" {
		t.Errorf("accepted: %+v", r)
	}
	if r := told[four]; r.MED == nil || *r.MED != 77 || r.ASPath != "65002" || r.NextHop.String() != "192.168.0.2" || r.Label == nil || len(r.Targets) != 1 {
		t.Errorf("advertised: %+v", r)
	}
	for view, routes := range map[string]map[string]status.SessionRoute{"received": received, "accepted": accepted, "advertised": told} {
		if r := routes[six]; r.NextHop.String() != "2001:db8:f::2" || r.Family != "vpnv6" {
			t.Errorf("%s: %+v", view, r)
		}
	}
	best := l.route(t, "pe1", "red", four)
	if best == nil || best.Weight != 9 || *best.LocalPref != 222 {
		t.Errorf("in the VRF: %+v", best)
	}
	since := table[status.Peer](t, l, "neighbor", "pe2")[0].Since
	edited := fromText(t, t.TempDir(), l.name, strings.NewReplacer("med: 77", "med: 78", "{local-pref: 222, weight: 9, ", "{local-pref: 333, ", ", ipv6-next-hop: true", "").Replace(policedLab))
	edited.upSaying(t)
	eventually(t, 5*time.Second, func() error {
		if best = l.route(t, "pe1", "red", four); best == nil || best.Weight != 0 || *best.LocalPref != 333 || *best.MED != 78 {
			return fmt.Errorf("in the VRF: %+v", best)
		}
		if hop := l.sessionRoutes(t, "pe2", "accepted")[six].NextHop.String(); hop != "192.168.0.2" {
			return fmt.Errorf("next hop of %s: %s", six, hop)
		}
		return nil
	})
	if rows := table[status.Peer](t, l, "neighbor", "pe2"); len(rows) != 1 || rows[0].Since != since || rows[0].Received != 2 || rows[0].Accepted != 2 || rows[0].Advertised != 2 {
		t.Errorf("after the edit: %+v", rows)
	}
	must(t, "verify", "--lab", l.name)
	if r := pseudowan("show", "neighbor", "pe9", "--lab", l.name); r.code != 4 || !strings.Contains(r.stderr, "has no BGP session with pe9; did you mean pe1?") {
		t.Errorf("exit code %d: %s", r.code, r.stderr)
	}
}
