package edit

import (
	"errors"
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pseudowan/topology"
)

const lab = `# A lab.
name: rt # short
routers:
  pe1: {as: 65001}
  pe2: {as: 65001} # the other one
links:
  - ends: [pe1:eth1, pe2:eth1]
    subnets: [192.168.0.0/30]
vrfs:
  red:
    rts: "65000:1" # both ways
hosts:
  h1: {to: pe1, vrf: red, addresses: 10.1.0.2/24}
  # the far one
  h2:
    attach:
      - {to: pe2, vrf: red, addresses: 10.2.0.2/24, announce: 10.20.0.0/16}
  h3:
    attach: {to: pe2, vrf: red, addresses: 10.3.0.2/24}
series:
  - name: c{i}
    count: 2
    to: pe1
    vrf: green
    rd: 65000:9
    addresses: 10.9.{i}.2/24
`

func parsed(t testing.TB, text string) *topology.Topology {
	t.Helper()
	lab, err := topology.Parse("lab.yaml", []byte(text))
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	return lab
}

func prefix(s string) netip.Prefix { return netip.MustParsePrefix(s) }
func addr(s string) netip.Addr     { return netip.MustParseAddr(s) }

// Each edit changes these lines and no others: - and + as of diff, without leading space.
func TestEdits(t *testing.T) {
	set := func(words ...string) map[string]any {
		s, err := ParseSettings(words)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	for _, c := range []struct {
		name  string
		edits []Edit
		want  []string
	}{
		{"a VRF keeps the numbers of others", []Edit{{Op: VRFAdd, Name: "blue", Settings: set("rts=65000:2", "on=pe1")}},
			[]string{"+number: 2", "+blue:", "+on: pe1", `+rts: "65000:2"`, "+number: 3"}},
		{"a VRF after the others needs no number", []Edit{{Op: VRFAdd, Name: "z", Settings: set("rts=65000:2")}}, []string{"+z:", `+rts: "65000:2"`}},
		{"a setting", []Edit{{Op: VRFSet, Name: "red", Settings: set("max-routes=10", "rts=65000:1", "rts=65000:3")}},
			[]string{`-rts: "65000:1" # both ways`, `+rts: ["65000:1", "65000:3"] # both ways`, "+max-routes: 10"}},
		{"a setting of a VRF of hosts alone", []Edit{{Op: VRFSet, Name: "green", Settings: set("rts=65000:9")}}, []string{"+green:", `+rts: "65000:9"`}},
		{"a route of a host with one attachment", []Edit{{Op: RouteAdd, Name: "red", Prefix: prefix("172.16.0.0/16"), NextHop: addr("10.1.0.2")}},
			[]string{"-h1: {to: pe1, vrf: red, addresses: 10.1.0.2/24}", "+h1: {to: pe1, vrf: red, addresses: 10.1.0.2/24, announce: [{next-hop: 10.1.0.2, prefix: 172.16.0.0/16}]}"}},
		{"a second route", []Edit{{Op: RouteAdd, Name: "red", Prefix: prefix("172.16.0.0/16"), NextHop: addr("10.2.0.9")}},
			[]string{"-- {to: pe2, vrf: red, addresses: 10.2.0.2/24, announce: 10.20.0.0/16}",
				"+- {to: pe2, vrf: red, addresses: 10.2.0.2/24, announce: [10.20.0.0/16, {next-hop: 10.2.0.9, prefix: 172.16.0.0/16}], interface: eth0}"}},
		{"a route is there and gone", []Edit{
			{Op: RouteAdd, Name: "red", Prefix: prefix("172.16.0.0/16"), NextHop: addr("10.1.0.2")}, {Op: HostAdd, Name: "h9", Settings: set("to=pe1", "vrf=red", "addresses=10.8.0.2/24")},
			{Op: RouteDel, Name: "red", Prefix: prefix("172.16.0.0/16")}, {Op: HostDel, Name: "h9"},
		}, nil},
		{"the only route of the file", []Edit{{Op: RouteDel, Name: "red", Prefix: prefix("10.20.0.0/16")}},
			[]string{"-- {to: pe2, vrf: red, addresses: 10.2.0.2/24, announce: 10.20.0.0/16}", "+- {to: pe2, vrf: red, addresses: 10.2.0.2/24, interface: eth0}"}},
		{"interfaces keep their names", []Edit{{Op: HostAttach, Name: "h3", Settings: set("to=pe1", "vrf=red", "addresses=10.4.0.2/24")}, {Op: HostDetach, Name: "h3", Interface: "eth0"}},
			[]string{"-attach: {to: pe2, vrf: red, addresses: 10.3.0.2/24}", "+attach:", "+- {addresses: 10.4.0.2/24, to: pe1, vrf: red, interface: eth1}"}},
		{"a host", []Edit{{Op: HostDel, Name: "h3"}}, []string{"-h3:", "-attach: {to: pe2, vrf: red, addresses: 10.3.0.2/24}"}},
		{"a VRF without hosts", []Edit{{Op: VRFAdd, Name: "z", Settings: set("rts=1:1")}, {Op: VRFDel, Name: "z"}}, nil},
	} {
		before, err := Apply(parsed(t, lab), []byte(lab), nil)
		if err != nil {
			t.Fatal(err)
		}
		after, err := Apply(parsed(t, lab), []byte(lab), c.edits)
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

// changed lists the lines that only one of two texts has.
func changed(before, after string) []string {
	count := map[string]int{}
	for line := range strings.Lines(after) {
		count[strings.TrimSpace(line)]++
	}
	var out []string
	for line := range strings.Lines(before) {
		if count[strings.TrimSpace(line)]--; count[strings.TrimSpace(line)] < 0 {
			out = append(out, "-"+strings.TrimSpace(line))
		}
	}
	for line := range strings.Lines(after) {
		if text := strings.TrimSpace(line); count[text] > 0 {
			out, count[text] = append(out, "+"+text), count[text]-1
		}
	}
	return out
}

// Comments and the rest of the file stay.
func TestEditsKeepComments(t *testing.T) {
	after, err := Apply(parsed(t, lab), []byte(lab), []Edit{{Op: VRFAdd, Name: "z", Settings: map[string]any{"rts": "65000:7"}}})
	if err != nil {
		t.Fatal(err)
	}
	for _, comment := range []string{"# A lab.", "name: rt # short", "# the other one", "# both ways", "# the far one"} {
		if !strings.Contains(string(after), comment) {
			t.Errorf("%s is gone:\n%s", comment, after)
		}
	}
}

// The RDs of VRFs stay whatever is added beside them.
func TestEditsKeepRDs(t *testing.T) {
	before := parsed(t, lab)
	for _, edits := range [][]Edit{
		{{Op: VRFAdd, Name: "a", Settings: map[string]any{"rts": "1:1", "on": []any{"pe1", "pe2"}}}},
		{{Op: HostAdd, Name: "x", Settings: map[string]any{"to": "pe1", "vrf": "a", "rd": "65000:77", "addresses": "10.7.0.2/24"}}},
		{{Op: VRFAdd, Name: "a", Settings: map[string]any{"rts": "1:1"}}, {Op: VRFAdd, Name: "b", Settings: map[string]any{"rts": "1:2", "on": "pe1"}}, {Op: VRFDel, Name: "a"}},
	} {
		text, err := Apply(before, []byte(lab), edits)
		if err != nil {
			t.Fatal(err)
		}
		after := parsed(t, string(text))
		for _, v := range before.VRFs {
			for _, w := range after.VRFs {
				if v.Router == w.Router && v.Name == w.Name && v.RD != w.RD {
					t.Errorf("%v: VRF %s of %s has the RD %s, had %s\n%s", edits, v.Name, v.Router, w.RD, v.RD, text)
				}
			}
		}
	}
}

func TestRefusals(t *testing.T) {
	for _, c := range []struct {
		edit   Edit
		want   string
		absent bool
	}{
		{Edit{Op: VRFAdd, Name: "red"}, "exists already", false},
		{Edit{Op: VRFAdd, Name: "green"}, "exists already", false},
		{Edit{Op: VRFSet, Name: "rod"}, "did you mean red?", true},
		{Edit{Op: VRFDel, Name: "rod"}, "no VRF rod", true},
		{Edit{Op: VRFDel, Name: "red"}, "host h1 is in VRF red", false},
		{Edit{Op: VRFDel, Name: "green"}, "host c1 is in VRF green", false},
		{Edit{Op: HostAdd, Name: "h1"}, "exists already", false},
		{Edit{Op: HostAdd, Name: "c1"}, "exists already", false},
		{Edit{Op: HostDel, Name: "h7"}, "did you mean h", true},
		{Edit{Op: HostDetach, Name: "h1", Interface: "eth0"}, "the only interface", false},
		{Edit{Op: HostDetach, Name: "h1", Interface: "eth9"}, "eth9", true},
		{Edit{Op: RouteAdd, Name: "rod", Prefix: prefix("10.0.0.0/8"), NextHop: addr("10.1.0.2")}, "no VRF rod", true},
		{Edit{Op: RouteAdd, Name: "red", Prefix: prefix("10.0.0.0/8"), NextHop: addr("10.99.0.2")}, "on no subnet", true},
		{Edit{Op: RouteAdd, Name: "red", Prefix: prefix("10.20.0.0/16"), NextHop: addr("10.2.0.2")}, "already", false},
		{Edit{Op: RouteAdd, Name: "red"}, "needs a prefix", false},
		{Edit{Op: RouteDel, Name: "red", Prefix: prefix("10.99.0.0/16")}, "no static route", true},
		{Edit{Op: "reboot", Name: "h1"}, "no change", false},
		{Edit{Op: VRFAdd}, "names nothing", false},
	} {
		_, err := Apply(parsed(t, lab), []byte(lab), []Edit{c.edit})
		var absent *NotFoundError
		if err == nil || !strings.Contains(err.Error(), c.want) || errors.As(err, &absent) != c.absent {
			t.Errorf("%s: %v; want %q", c.edit, err, c.want)
		}
	}
}

// What an edit would change elsewhere, too, is refused.
func TestAliases(t *testing.T) {
	const text = `name: rt
x-base: &base {vrf: red, to: pe1}
routers: {pe1: {as: 1}}
vrfs:
  red: &red {rts: "1:1"}
  blue: *red
hosts:
  h1: {<<: *base, addresses: 10.1.0.2/24}
`
	for _, e := range []Edit{
		{Op: VRFSet, Name: "red", Settings: map[string]any{"max-routes": 1}},
		{Op: VRFSet, Name: "blue", Settings: map[string]any{"max-routes": 1}},
	} {
		if _, err := Apply(parsed(t, text), []byte(text), []Edit{e}); err == nil || !strings.Contains(err.Error(), "edit the file") {
			t.Errorf("%s: %v", e, err)
		}
	}
	after, err := Apply(parsed(t, text), []byte(text), []Edit{{Op: RouteAdd, Name: "red", Prefix: prefix("172.16.0.0/16"), NextHop: addr("10.1.0.2")}})
	if err != nil || len(parsed(t, string(after)).Hosts[0].Attachments[0].Statics) != 1 {
		t.Errorf("%v\n%s", err, after)
	}
}

func TestParseSettings(t *testing.T) {
	got, err := ParseSettings([]string{"rd=65000:1", "rts=1:1", "rts=1:2", "rts=1:3", "max-routes=5", "command=[sleep, 1]", "mac="})
	want := map[string]any{"rd": "65000:1", "rts": []any{"1:1", "1:2", "1:3"}, "max-routes": 5, "command": []any{"sleep", 1}, "mac": nil}
	if d := cmp.Diff(want, got); err != nil || d != "" {
		t.Errorf("%v\n%s", err, d)
	}
	for _, word := range []string{"rd", "=x", "a=[", ""} {
		if _, err := ParseSettings([]string{word}); err == nil {
			t.Errorf("%q is taken", word)
		}
	}
}
