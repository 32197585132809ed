package verify

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"pseudowan/status"
	"pseudowan/topology"
)

// overlapping is two VPNs with the same addresses, and a hub.
const overlapping = `
name: lab
routers: {pe1: {as: 65000}, pe2: {as: 65000}}
links: [{ends: [pe1:eth1, pe2:eth1], subnets: [192.168.0.0/30, "2001:db8:ffff::/64"]}]
vrfs:
  red:     {rts: "65000:1"}
  blue:    {rts: "65000:2"}
  hub-in:  {import: ["65000:4"]}
  hub-out: {export: ["65000:3"]}
  spoke:   {import: ["65000:3"], export: ["65000:4"]}
hosts:
  red1:  {to: pe1, vrf: red,  addresses: [10.1.0.2/24, "2001:db8:1::2/64"]}
  red2:  {to: pe2, vrf: red,  addresses: [10.2.0.2/24, slaac], ra: "2001:db8:2::/64"}
  blue1: {to: pe1, vrf: blue, addresses: [10.1.0.2/24, "2001:db8:1::2/64"]}
  blue2: {to: pe2, vrf: blue, addresses: [10.2.0.2/24], lans: [10.20.0.1/24]}
  hq:
    forward: true
    attach:
    - {to: pe1, vrf: hub-in,  addresses: [10.91.0.2/24], routes: [10.0.0.0/8]}
    - {to: pe1, vrf: hub-out, addresses: [10.99.0.2/24], announce: [0.0.0.0/0]}
  s1: {to: pe1, vrf: spoke, addresses: [10.93.0.2/24]}
  s2: {to: pe2, vrf: spoke, addresses: [10.94.0.2/24]}
expect: [red1 -> red2, red1 !-> blue2, s1 -> s2 via hq]
`

var slaac = netip.MustParsePrefix("2001:db8:2::ff:fe00:1/64")

func lab(t *testing.T) *topology.Topology {
	t.Helper()
	parsed, err := topology.Parse("lab.yaml", []byte(overlapping))
	if err != nil {
		t.Fatal(err)
	}
	return Complete(parsed, Configured{"red2": {"eth0": {Addresses: []netip.Prefix{slaac, netip.MustParsePrefix("2001:db8:77::1/64")}}}})
}

func pairOf(t *testing.T, pairs []Pair, from, to string) Pair {
	t.Helper()
	i := slices.IndexFunc(pairs, func(p Pair) bool { return p.From == from && p.To == to })
	if i < 0 {
		t.Fatalf("no pair %s %s", from, to)
	}
	return pairs[i]
}

func TestMatrix(t *testing.T) {
	pairs := Matrix(lab(t), "", "")
	if len(pairs) != 7*6 {
		t.Fatalf("%d pairs, want 42", len(pairs))
	}
	for _, c := range []struct{ from, to, reach, never, via string }{
		{"red1", "red2", "10.2.0.2 2001:db8:2::ff:fe00:1", "", ""},
		{"red2", "red1", "10.1.0.2 2001:db8:1::2", "", ""},
		{"red1", "blue1", "", "10.1.0.2 2001:db8:1::2", ""},
		{"red1", "blue2", "", "10.2.0.2 10.20.0.1", ""},
		{"blue1", "blue2", "10.2.0.2 10.20.0.1", "", ""},
		{"s1", "s2", "10.94.0.2", "", "hq"},
		{"s1", "red2", "", "10.2.0.2 2001:db8:2::ff:fe00:1", ""},
	} {
		p := pairOf(t, pairs, c.from, c.to)
		var reach, never, via []string
		for _, r := range p.Reach {
			reach = append(reach, r.Destination.String())
			via = append(via, r.Via...)
		}
		for _, a := range p.Never {
			never = append(never, a.String())
		}
		if got := [3]string{strings.Join(reach, " "), strings.Join(never, " "), strings.Join(via, " ")}; got != [3]string{c.reach, c.never, c.via} {
			t.Errorf("%s to %s: reach, never, via %q", c.from, c.to, got)
		}
	}
	if got := len(Matrix(lab(t), "red1", "")) + len(Matrix(lab(t), "", "hq")) + len(Matrix(lab(t), "red1", "red2")); got != 6+6+1 {
		t.Errorf("the narrowed matrices have %d pairs, want 13", got)
	}
}

// Complete does not change the given topology.
func TestCompleteCopies(t *testing.T) {
	parsed, err := topology.Parse("lab.yaml", []byte(overlapping))
	if err != nil {
		t.Fatal(err)
	}
	Complete(parsed, Configured{"red2": {"eth0": {Addresses: []netip.Prefix{slaac}}}})
	if got := parsed.Hosts[1].Attachments[0].Addresses; len(got) != 1 {
		t.Errorf("the topology now has %v", got)
	}
}

// Addresses from DHCP servers count with the length of the subnet that they are in, and
// with the router that the server has named; delegated ones do not.
func TestCompleteDHCP(t *testing.T) {
	parsed, err := topology.Parse("lab.yaml", []byte(`name: lab
routers: {pe1: {as: 65000}}
vrfs: {red: {rts: "65000:1"}}
segments: {lan: {to: pe1, vrf: red, subnets: ["2001:db8::/64", 10.1.0.0/24]}, six: {subnets: ["2001:db8:1::/64"]}}
hosts:
  a: {to: lan, addresses: [dhcp, dhcp6]}
  b: {to: lan, addresses: [dhcp6]}
  c: {forward: true, attach: [{to: lan, addresses: [dhcp6], delegated: {to: eth1}}, {to: six, addresses: ["2001:db8:1::1/64"]}]}`))
	if err != nil {
		t.Fatal(err)
	}
	found := func(p ...string) Learned {
		l := Learned{Gateway: netip.MustParseAddr("10.1.0.1")}
		for _, s := range p {
			l.Addresses = append(l.Addresses, netip.MustParsePrefix(s))
		}
		return l
	}
	done := Complete(parsed, Configured{
		"a": {"eth0": found("10.1.0.7/24", "2001:db8::7/128")},
		"b": {"eth0": found("10.1.0.8/24", "2001:db8::8/128", "2001:db9::8/128")},
		"c": {"eth0": found("2001:db8::9/128"), "eth1": found("2001:db8:1::1/64", "2001:db8:100::1/64")},
	})
	var got []string
	for _, h := range done.Hosts {
		for _, a := range h.Attachments {
			got = append(got, fmt.Sprint(h.Name, a.Addresses, a.NextHops))
		}
	}
	want := []string{
		"a[10.1.0.7/24 2001:db8::7/64] [{0.0.0.0/0 10.1.0.1}]", "b[2001:db8::8/64 2001:db9::8/128] []",
		"c[2001:db8::9/64] []", "c[2001:db8:1::1/64] []",
	}
	if !slices.Equal(got, want) {
		t.Errorf("%q; want %q", got, want)
	}
}

// One probe tests all hosts that have an address.
func TestProbes(t *testing.T) {
	positive, negative := probes(Matrix(lab(t), "red1", ""))
	seen := map[Probe]bool{}
	for _, p := range slices.Concat(positive, negative) {
		p.Source = netip.Addr{}
		if seen[p] {
			t.Errorf("%v twice", p)
		}
		seen[p] = true
	}
	if len(positive) != 2 || slices.ContainsFunc(negative, func(p Probe) bool { return p.Destination.String() == "10.2.0.2" }) {
		t.Errorf("positive %v, negative %v", positive, negative)
	}
}

// network answers as the topology says, except where a test changes it.
type network struct {
	pairs     []Pair
	changed   map[string]Observation // by host and address
	path      []Hop                  // of all paths; nil for the intended ones
	schedules []Schedule
	sent      [][]Probe
}

func (n *network) Send(_ context.Context, list []Probe, v Schedule) ([]Observation, error) {
	n.schedules, n.sent = append(n.schedules, v), append(n.sent, list)
	out := make([]Observation, len(list))
	for i, p := range list {
		if o, ok := n.changed[p.From+" "+p.Destination.String()]; ok {
			out[i] = o
			continue
		}
		for _, pair := range n.pairs {
			for _, r := range pair.Reach {
				if r.From == p.From && r.Destination == p.Destination {
					out[i] = Observation{Answered: []string{r.To}, Arrived: []string{r.To}}
				}
			}
		}
	}
	v.Progress(len(list))
	return out, nil
}

func (n *network) Path(_ context.Context, p Probe) ([]Hop, error) {
	if n.path != nil {
		return n.path, nil
	}
	return []Hop{{TTL: 1, Address: netip.MustParseAddr("10.93.0.1")}, {TTL: 2}, {TTL: 3, Address: netip.MustParseAddr("10.91.0.2")}, {TTL: 4, Address: p.Destination}}, nil
}

func run(t *testing.T, top *topology.Topology, n *network) []status.HostPair {
	t.Helper()
	n.pairs = Matrix(top, "", "")
	found, err := Observe(context.Background(), n.pairs, n, Options{Timeout: time.Second, Step: func(string) {}})
	if err != nil {
		t.Fatal(err)
	}
	return Judge(top, n.pairs, found)
}

// said lists the differences, one line each.
func said(rows []status.HostPair) []string {
	var out []string
	for _, r := range rows {
		for _, d := range r.Differences {
			at := ""
			if d.Destination.IsValid() {
				at = d.Destination.String() + " "
			}
			out = append(out, r.From+" "+r.To+": "+at+d.Seen)
		}
	}
	return out
}

func TestAllAsIntended(t *testing.T) {
	n := &network{}
	rows := run(t, lab(t), n)
	if len(rows) != 42+3 || len(said(rows)) != 0 {
		t.Errorf("%d rows, %q", len(rows), said(rows))
	}
	for _, r := range rows {
		if r.Result != status.AsIntended || r.Tested == 0 || r.Expected == "" {
			t.Errorf("%+v", r)
		}
	}
	if len(n.schedules) != 2 || n.schedules[0].Refusals || !n.schedules[1].Refusals {
		t.Errorf("schedules %+v: an error must not settle an address that must answer", n.schedules)
	}
}

func TestDifferences(t *testing.T) {
	for name, c := range map[string]struct {
		at   string
		seen Observation
		want []string
	}{
		"silence": {"blue1 10.20.0.1", Observation{}, []string{"blue1 blue2: 10.20.0.1 no answer"}},
		"refused": {"blue1 10.20.0.1", Observation{Error: "10.1.0.1 says: network unreachable"},
			[]string{"blue1 blue2: 10.20.0.1 no answer: 10.1.0.1 says: network unreachable"}},
		"one way": {"blue1 10.20.0.1", Observation{Arrived: []string{"blue2"}},
			[]string{"blue1 blue2: 10.20.0.1 no answer: the request arrives at blue2, but its answer is lost"}},
		"astray": {"blue1 10.20.0.1", Observation{Arrived: []string{"red2"}},
			[]string{"blue1 blue2: 10.20.0.1 no answer: the request arrives at red2 instead of blue2"}},
		"the other VPN answers": {"blue1 10.2.0.2", Observation{Answered: []string{"red2"}, Arrived: []string{"red2"}},
			[]string{"blue1 red2: 10.2.0.2 red2 answers, but must not be reached", "blue1 blue2: 10.2.0.2 red2 answers instead of blue2"}},
		"both answer": {"blue1 10.2.0.2", Observation{Answered: []string{"blue2", "red2"}},
			[]string{"blue1 red2: 10.2.0.2 red2 answers, but must not be reached", "blue1 blue2: 10.2.0.2 blue2 answers, and red2 too"}},
		"leak": {"red1 10.20.0.1", Observation{Answered: []string{"blue2"}},
			[]string{"red1 blue2: 10.20.0.1 blue2 answers, but must not be reached", "red1 blue2: 10.20.0.1 blue2 answers"}}, // the pair and its expect: line
		"a line": {"red1 10.2.0.2", Observation{},
			[]string{"red1 red2: 10.2.0.2 no answer", "red1 red2: 10.2.0.2 no answer"}},
	} {
		t.Run(name, func(t *testing.T) {
			got := said(run(t, lab(t), &network{changed: map[string]Observation{c.at: c.seen}}))
			if !slices.Equal(got, c.want) {
				t.Errorf("%q\nwant %q", got, c.want)
			}
		})
	}
}

// A short cut past the hub is a difference, even if everything answers.
func TestVia(t *testing.T) {
	n := &network{path: []Hop{{TTL: 1, Address: netip.MustParseAddr("10.93.0.1")}, {TTL: 2, Address: netip.MustParseAddr("10.94.0.2")}}}
	got := said(run(t, lab(t), n))
	want := []string{
		"s1 s2: 10.94.0.2 s2 answers, but the path does not pass through hq: 10.93.0.1 10.94.0.2",
		"s2 s1: 10.93.0.2 s1 answers, but the path does not pass through hq: 10.93.0.1 10.94.0.2",
		"s1 s2: 10.94.0.2 s2 answers, but the path does not pass through hq: 10.93.0.1 10.94.0.2",
	}
	if !slices.Equal(got, want) {
		t.Errorf("%q\nwant %q", got, want)
	}
}

// A hop that does not answer may be the hub: that is reported, but no difference.
func TestViaBehindSilentHops(t *testing.T) {
	n := &network{path: []Hop{{TTL: 1, Address: netip.MustParseAddr("10.93.0.1")}, {TTL: 2}, {TTL: 3, Address: netip.MustParseAddr("10.94.0.2")}}}
	rows := run(t, lab(t), n)
	if got := said(rows); len(got) > 0 {
		t.Errorf("differences: %q", got)
	}
	var told []string
	for _, r := range rows {
		for _, what := range r.CannotTell {
			told = append(told, r.From+" "+r.To+" "+what)
		}
	}
	want := []string{
		"s1 s2 10.94.0.2: whether the path passes through hq: some hops do not answer: 10.93.0.1 * 10.94.0.2",
		"s2 s1 10.93.0.2: whether the path passes through hq: some hops do not answer: 10.93.0.1 * 10.94.0.2",
	}
	if !slices.Equal(told, want) {
		t.Errorf("%q\nwant %q", told, want)
	}
}

// `expect:` lines that contradict the route targets fail, even if the lab follows the
// route targets.
func TestLinesAgainstTheTargets(t *testing.T) {
	text := strings.Replace(overlapping, "[red1 -> red2, red1 !-> blue2, s1 -> s2 via hq]", "[red1 !-> red2, red1 -> blue2, red1 -> red2 via hq]", 1)
	parsed, err := topology.Parse("lab.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	rows := run(t, parsed, &network{})
	for i, want := range []string{
		"red1 !-> red2: red2 answers: the route targets of the topology allow it",
		"red1 -> blue2: blue2 is not reached: the topology does not allow it: no route target in common, or no route there or back",
		"red1 -> red2 via hq: red2 answers, but the path does not pass through hq: ",
	} {
		r := rows[42+i]
		if r.Result != status.Different || len(r.Differences) != 1 {
			t.Errorf("%+v; want %q", r, want)
			continue
		}
		if got := r.Rule + ": " + r.Differences[0].Seen + ": " + r.Differences[0].Cause; got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
