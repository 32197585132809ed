package edit

import (
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"pseudowan/topology"
)

const kindsLab = `name: kinds
defaults:
  router: {bmp: [10.0.0.9, "10.0.0.8:6000"]}
routers:
  pe1: {as: 65001}
  pe2: {as: 65001}
  asbr: {as: 65001, bmp: 10.0.0.7}
links:
  - ends: [pe1:eth1, pe2:eth1]
    subnets: [192.168.0.0/30]
  - ends: {pe1:eth2: {bgp: {local-pref: 50}}, asbr:eth2: {}}
    subnets: [192.168.1.0/30]
  - nic: ens5
    ends: [asbr:eth9]
    subnets: [192.168.9.0/24]
    bgp: {peer: 192.168.9.2, as: 65009}
policies:
  used: [{set: {med: 5}}]
vrfs:
  red: {rts: "65000:1", import-policy: used}
  blue: {rts: "65000:2"}
segments:
  office: {to: pe1, vrf: blue, subnets: [10.40.0.0/24]}
hosts:
  h1: {to: pe1, vrf: red, addresses: 10.1.0.2/24, bgp: 65101}
  h2: {to: pe2, vrf: red, addresses: 10.2.0.2/24}
  o1: {to: office, addresses: 10.40.0.9/24}
series:
  - name: c{i}
    count: 5
    to: pe1
    vrf: blue
    addresses: 10.9.{i}.2/24
    env: {ME: "c{i:03}"}
  - name: r{i}_{vrf}
    on: pe2
    step: /16
    rows:
      - {vrfs: [red, blue], subnet: 10.50.0.0/24, lan: 10.150.0.0/24}
`

func set(t *testing.T, words ...string) map[string]any {
	t.Helper()
	s, err := ParseSettings(words)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// Each edit of every kind changes these lines and no others.
func TestKinds(t *testing.T) {
	term := map[string]any{"match": map[string]any{"prefixes": "10.0.0.0/8 le 32"}, "set": map[string]any{"local-pref": 200}}
	for _, c := range []struct {
		name  string
		edits []Edit
		want  []string
	}{
		{"a LAN", []Edit{{Op: LANAdd, Name: "dmz", Settings: set(t, "to=pe2", "vrf=red", "subnets=[10.41.0.0/24]")}},
			[]string{"+dmz:", "+subnets: [10.41.0.0/24]", "+to: pe2", "+vrf: red"}},
		{"a LAN goes", []Edit{{Op: HostDel, Name: "o1"}, {Op: LANDel, Name: "office"}},
			[]string{"-segments:", "-office: {to: pe1, vrf: blue, subnets: [10.40.0.0/24]}", "-o1: {to: office, addresses: 10.40.0.9/24}"}},
		{"a policy and its use", []Edit{{Op: PolicyAdd, Name: "own", Terms: []any{term}}, {Op: VRFSet, Name: "blue", Settings: set(t, "export-policy=own")}},
			[]string{`-blue: {rts: "65000:2"}`, "+own: [{match: {prefixes: 10.0.0.0/8 le 32}, set: {local-pref: 200}}]", `+blue: {rts: "65000:2", export-policy: own}`}},
		{"other terms", []Edit{{Op: PolicySet, Name: "used", Terms: []any{term}}},
			[]string{"-used: [{set: {med: 5}}]", "+used: [{match: {prefixes: 10.0.0.0/8 le 32}, set: {local-pref: 200}}]"}},
		{"a policy goes", []Edit{{Op: VRFSet, Name: "red", Settings: set(t, "import-policy=")}, {Op: PolicyDel, Name: "used"}},
			[]string{"-policies:", "-used: [{set: {med: 5}}]", `-red: {rts: "65000:1", import-policy: used}`, `+red: {rts: "65000:1"}`}},
		{"a prefix list and its use", []Edit{
			{Op: PrefixListAdd, Name: "nets", Entries: []string{"10.0.0.0/8 le 24", "except 10.9.0.0/16"}},
			{Op: PolicySet, Name: "used", Terms: []any{map[string]any{"match": map[string]any{"prefixes": "nets"}}}},
		}, []string{"-used: [{set: {med: 5}}]", "+used: [{match: {prefixes: nets}}]", "+prefix-lists:", "+nets: [10.0.0.0/8 le 24, except 10.9.0.0/16]"}},
		{"a prefix list changes and goes", []Edit{
			{Op: PrefixListAdd, Name: "nets", Entries: []string{"10.0.0.0/8"}}, {Op: PrefixListSet, Name: "nets", Entries: []string{"10.0.0.0/9"}}, {Op: PrefixListDel, Name: "nets"},
		}, nil},
		{"no static routes", []Edit{{Op: RedistributeDel, Name: "blue", Protocol: "static"}}, []string{`-blue: {rts: "65000:2"}`, `+blue: {rts: "65000:2", redistribute: {static: false}}`}},
		{"hosts instead of subnets, and back", []Edit{{Op: RedistributeAdd, Name: "blue", Protocol: "connected", Settings: set(t, "connected=hosts")}, {Op: RedistributeDel, Name: "blue", Protocol: "connected"}},
			[]string{`-blue: {rts: "65000:2"}`, `+blue: {rts: "65000:2", redistribute: {connected: none}}`}},
		{"a station of one", []Edit{{Op: BMPAdd, Name: "asbr", Settings: set(t, "to=10.0.0.6:5001")}},
			[]string{"-asbr: {as: 65001, bmp: 10.0.0.7}", "+asbr: {as: 65001, bmp: [10.0.0.7, {to: '10.0.0.6:5001'}]}"}},
		{"a station of the defaults goes", []Edit{{Op: BMPDel, Name: "pe1", Settings: set(t, "to=10.0.0.9")}},
			[]string{"-pe1: {as: 65001}", `+pe1: {as: 65001, bmp: [{routes: [adj-rib-in-post, adj-rib-in-pre], to: '10.0.0.8:6000'}]}`}},
		{"the last station goes", []Edit{{Op: BMPDel, Name: "asbr", Settings: set(t, "to=10.0.0.7")}},
			[]string{"-asbr: {as: 65001, bmp: 10.0.0.7}", "+asbr: {as: 65001, bmp: []}"}},
		{"a router under maintenance", []Edit{{Op: RouterSet, Name: "pe1", Settings: set(t, "maintenance=true")}},
			[]string{"-pe1: {as: 65001}", "+pe1: {as: 65001, maintenance: true}"}},
		{"maintenance and back, and off where it is not on", []Edit{
			{Op: RouterSet, Name: "pe1", Settings: set(t, "maintenance=true")}, {Op: RouterSet, Name: "pe1", Settings: set(t, "maintenance=false")},
			{Op: RouterSet, Name: "pe2", Settings: set(t, "maintenance=false")},
		}, nil},
		{"a host speaks BGP", []Edit{{Op: NeighborAdd, Name: "h2", Settings: set(t, "as=65102", "hold-time=9s")}},
			[]string{"-h2: {to: pe2, vrf: red, addresses: 10.2.0.2/24}", "+h2: {to: pe2, vrf: red, addresses: 10.2.0.2/24, bgp: {as: 65102, hold-time: 9s}}"}},
		{"a setting of a host's session", []Edit{{Op: NeighborSet, Name: "10.1.0.2", Settings: set(t, "shutdown=true")}},
			[]string{"-h1: {to: pe1, vrf: red, addresses: 10.1.0.2/24, bgp: 65101}", "+h1: {to: pe1, vrf: red, addresses: 10.1.0.2/24, bgp: {as: 65101, shutdown: true}}"}},
		{"a host speaks no BGP", []Edit{{Op: NeighborDel, Name: "h1"}},
			[]string{"-h1: {to: pe1, vrf: red, addresses: 10.1.0.2/24, bgp: 65101}", "+h1: {to: pe1, vrf: red, addresses: 10.1.0.2/24}"}},
		{"a setting of one end", []Edit{{Op: NeighborSet, Name: "pe2", Settings: set(t, "med=7")}},
			[]string{"-- ends: ['pe1:eth1', 'pe2:eth1']", "+- ends: {'pe1:eth1': {bgp: {med: 7}}, 'pe2:eth1': {}}"}},
		{"a setting of the other end", []Edit{{Op: NeighborSet, Name: "pe1", Router: "asbr", Settings: set(t, "hold-time=30s")}, {Op: NeighborSet, Name: "asbr", Router: "pe1", Settings: set(t, "local-pref=")}},
			[]string{"-- ends: {'pe1:eth2': {bgp: {local-pref: 50}}, 'asbr:eth2': {}}", "+- ends: {'pe1:eth2': {bgp: {}}, 'asbr:eth2': {bgp: {hold-time: 30s}}}"}},
		{"no session of routers", []Edit{{Op: NeighborDel, Name: "pe2", Router: "pe1"}}, []string{"+bgp: none"}},
		{"no session of routers for a while", []Edit{{Op: NeighborDel, Name: "pe2", Router: "pe1"}, {Op: NeighborAdd, Name: "pe2", Router: "pe1"}}, nil},
		{"a router behind a NIC", []Edit{{Op: NeighborAdd, Name: "192.168.9.7", Settings: set(t, "as=65010")}},
			[]string{"-bgp: {peer: 192.168.9.2, as: 65009}", "+bgp: {peer: 192.168.9.2, as: 65009, neighbors: [{peer: 192.168.9.7, as: 65010}]}"}},
		{"a router behind a NIC comes and goes", []Edit{{Op: NeighborAdd, Name: "192.168.9.7", Settings: set(t, "as=65010")}, {Op: NeighborSet, Name: "192.168.9.7", Settings: set(t, "med=1")}, {Op: NeighborDel, Name: "192.168.9.7"}},
			[]string{"-bgp: {peer: 192.168.9.2, as: 65009}", "+bgp: {peer: 192.168.9.2, as: 65009, neighbors: []}"}},
		{"no router behind a NIC", []Edit{{Op: NeighborDel, Name: "192.168.9.2"}}, []string{"-bgp: {peer: 192.168.9.2, as: 65009}"}},
		{"a host moves", []Edit{{Op: HostMove, Name: "h2", Settings: set(t, "to=pe1", "vrf=blue")}},
			[]string{"-h2: {to: pe2, vrf: red, addresses: 10.2.0.2/24}", "+h2: {to: pe1, vrf: blue, addresses: 10.2.0.2/24}"}},
		{"a host moves to a LAN", []Edit{{Op: HostMove, Name: "h2", Interface: "eth0", Settings: set(t, "to=office", "addresses=10.40.0.7/24")}},
			[]string{"-h2: {to: pe2, vrf: red, addresses: 10.2.0.2/24}", "+h2: {to: office, addresses: 10.40.0.7/24}"}},
		{"one of a series goes", []Edit{{Op: HostDel, Name: "c2"}}, []string{
			"-count: 5", "+- name: c{i}", "+to: pe1", "+vrf: blue", "+addresses: 10.9.{i}.2/24", `+env: {ME: "c{i:03}"}`, "+range: 1-1", "+range: 3-5"}},
		{"one of a series changes", []Edit{{Op: RouteAdd, Name: "blue", Prefix: prefix("172.16.0.0/16"), NextHop: addr("10.9.1.2")}}, []string{
			"-count: 5", "+c1:", "+to: pe1", "+vrf: blue", "+addresses: 10.9.1.2/24", `+env: {ME: "c001"}`, "+announce:", "+- {next-hop: 10.9.1.2, prefix: 172.16.0.0/16}", "+range: 2-5"}},
		{"one of rows changes", []Edit{{Op: HostDel, Name: "r1_red"}}, []string{
			"-- name: r{i}_{vrf}", "-on: pe2", "-step: /16", "-rows:", "-- {vrfs: [red, blue], subnet: 10.50.0.0/24, lan: 10.150.0.0/24}",
			"+r2_blue:", "+to: pe2", "+vrf: blue", "+addresses: [10.51.0.2/24]", "+lans: [10.151.0.0/24]"}},
	} {
		before, err := Apply(parsed(t, kindsLab), []byte(kindsLab), nil)
		if err != nil {
			t.Fatal(err)
		}
		after, err := Apply(parsed(t, kindsLab), []byte(kindsLab), c.edits)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		parsed(t, string(after))
		if d := cmp.Diff(c.want, changed(string(before), string(after))); d != "" {
			t.Errorf("%s (-want +got):\n%s\n%s", c.name, d, after)
		}
	}
}

func TestRefusalsOfKinds(t *testing.T) {
	for _, c := range []struct {
		edit   Edit
		want   string
		absent bool
	}{
		{Edit{Op: LANAdd, Name: "office"}, "LAN office exists already", false},
		{Edit{Op: LANDel, Name: "offic"}, "did you mean office?", true},
		{Edit{Op: LANDel, Name: "office"}, "host o1 is on LAN office (eth0)", false},
		{Edit{Op: VRFDel, Name: "blue"}, "LAN office is in VRF blue", false},
		{Edit{Op: PolicyAdd, Name: "used"}, "policy used exists already", false},
		{Edit{Op: PolicySet, Name: "unused"}, "did you mean used?", true},
		{Edit{Op: PolicyDel, Name: "used"}, "VRF red has the policy used", false},
		{Edit{Op: PrefixListSet, Name: "n"}, "there is no prefix list n", true},
		{Edit{Op: PrefixListDel, Name: "n"}, "there is no prefix list n", true},
		{Edit{Op: RedistributeAdd, Name: "rod", Protocol: "static"}, "did you mean red?", true},
		{Edit{Op: RedistributeAdd, Name: "red", Protocol: "ospf"}, "choose connected or static", false},
		{Edit{Op: BMPAdd, Name: "pe9", Settings: set(t, "to=10.0.0.1")}, "no router pe9", true},
		{Edit{Op: BMPAdd, Name: "pe1", Settings: set(t, "to=10.0.0.9:5000")}, "has the BMP station 10.0.0.9:5000 already", false},
		{Edit{Op: BMPAdd, Name: "pe1"}, "is not the address of a station", false},
		{Edit{Op: BMPDel, Name: "pe1", Settings: set(t, "to=10.0.0.1")}, "no BMP station 10.0.0.1:5000", true},
		{Edit{Op: RouterSet, Name: "pe9", Settings: set(t, "maintenance=true")}, "no router pe9", true},
		{Edit{Op: RouterSet, Name: "pe1", Settings: set(t, "as=65002")}, "only maintenance can be set", false},
		{Edit{Op: RouterSet, Name: "pe1"}, "only maintenance can be set", false},
		{Edit{Op: NeighborAdd, Name: "h1", Settings: set(t, "as=65102")}, "has BGP with its router already", false},
		{Edit{Op: NeighborAdd, Name: "h9", Settings: set(t, "as=65102")}, "did you mean", true},
		{Edit{Op: NeighborAdd, Name: "pe2", Router: "pe1"}, "have a session over the link of pe1:eth1 and pe2:eth1 already", false},
		{Edit{Op: NeighborAdd, Name: "pe2", Router: "asbr"}, "no link joins", true},
		{Edit{Op: NeighborAdd, Name: "pe2"}, "name the other one", false},
		{Edit{Op: NeighborAdd, Name: "192.168.9.2", Settings: set(t, "as=1")}, "has a session with 192.168.9.2 already", false},
		{Edit{Op: NeighborAdd, Name: "192.168.9.7", Router: "pe1"}, "behind no NIC", true},
		{Edit{Op: NeighborSet, Name: "pe1", Settings: set(t, "med=1")}, "several sessions with pe1; name the router", false},
		{Edit{Op: NeighborSet, Name: "h2", Settings: set(t, "shutdown=true")}, "no router has a session with h2", true},
		{Edit{Op: NeighborSet, Name: "h1", Settings: set(t, "med=")}, "has no med in the file", true},
		{Edit{Op: NeighborDel, Name: "192.168.9.77"}, "no router has a session", true},
		{Edit{Op: HostMove, Name: "h2", Settings: set(t, "addresses=10.1.1.1/24")}, "needs to=", false},
		{Edit{Op: HostMove, Name: "h2", Interface: "eth7", Settings: set(t, "to=pe1")}, "no interface of host h2 eth7", true},
		{Edit{Op: HostMove, Name: "h7", Settings: set(t, "to=pe1")}, "did you mean", true},
	} {
		_, err := Apply(parsed(t, kindsLab), []byte(kindsLab), []Edit{c.edit})
		var absent *NotFoundError
		if err == nil || !strings.Contains(err.Error(), c.want) || errors.As(err, &absent) != c.absent {
			t.Errorf("%s: %v; want %q", c.edit, err, c.want)
		}
	}
}

// Every host of every series, taken out, is what it was.
func TestSeriesTakenOut(t *testing.T) {
	before := parsed(t, kindsLab)
	for _, name := range []string{"c1", "c3", "c5", "r1_red", "r2_blue"} {
		f, err := read([]byte(kindsLab))
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := f.host(before, name); err != nil {
			t.Fatal(err)
		}
		after, err := f.parse("lab.yaml")
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		byName := cmpopts.SortSlices(func(a, b topology.Host) bool { return a.Name < b.Name })
		same := cmp.Comparer(func(a, b topology.Attachment) bool {
			return cmp.Equal(a.Addresses, b.Addresses, compared) && a.VRF == b.VRF && a.Router == b.Router
		})
		if d := cmp.Diff(before.Hosts, after.Hosts, byName, same, compared, cmpopts.IgnoreFields(topology.Host{}, "BuildLine")); d != "" {
			t.Errorf("%s (-before +after):\n%s", name, d)
		}
		if len(before.VRFs) != len(after.VRFs) {
			t.Errorf("%s: VRFs %v, were %v", name, after.VRFs, before.VRFs)
		}
	}
}

// compared makes addresses comparable.
var compared = cmpopts.EquateComparable(prefix("0.0.0.0/0"), addr("0.0.0.0"))

// A prefix list stays while a policy or another list names it.
func TestPrefixListsInUse(t *testing.T) {
	const text = `name: lists
routers: {pe1: {as: 65001}}
prefix-lists: {inner: [10.0.0.0/8], outer: [inner], free: [11.0.0.0/8]}
policies: {p: [{match: {prefixes: outer}}]}
`
	for name, want := range map[string]string{
		"inner": "prefix-list outer names the prefix list inner", "outer": "policy p, term 1 names the prefix list outer", "free": "",
	} {
		_, err := Apply(parsed(t, text), []byte(text), []Edit{{Op: PrefixListDel, Name: name}})
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: %v; want %q", name, err, want)
		}
	}
}

// Every operation is in the schema of the API, and does something.
func TestOps(t *testing.T) {
	f, _ := reflect.TypeFor[Edit]().FieldByName("Op")
	var ops []string
	for _, op := range Ops() {
		ops = append(ops, string(op))
		if _, err := Apply(parsed(t, kindsLab), []byte(kindsLab), []Edit{{Op: op, Name: "x"}}); err != nil && strings.Contains(err.Error(), "there is no change") {
			t.Errorf("%s: %v", op, err)
		}
	}
	if d := cmp.Diff(f.Tag.Get("enum"), strings.Join(ops, ",")); d != "" {
		t.Error(d)
	}
	for e, want := range map[string]Edit{
		"vrf add red": {Op: VRFAdd, Name: "red"}, "prefix-list set n": {Op: PrefixListSet, Name: "n"},
		"route add red 10.0.0.0/8 via 10.1.0.2": {Op: RouteAdd, Name: "red", Prefix: prefix("10.0.0.0/8"), NextHop: addr("10.1.0.2")}, "x y": {Op: "x", Name: "y"},
		"maintenance pe1 on": {Op: RouterSet, Name: "pe1", Settings: map[string]any{"maintenance": true}}, "maintenance pe1 off": {Op: RouterSet, Name: "pe1"},
	} {
		if got := want.String(); got != e {
			t.Errorf("%q is described as %q", e, got)
		}
	}
}
