package verify

import (
	"context"
	"net/netip"
	"slices"
	"testing"

	"pseudowan/topology"
)

// behindNIC is one side of a WAN whose other side is somebody else's. The site
// far and the host h3 have an address in common; so have far and far2.
const behindNIC = `
name: lab
routers: {pe1: {as: 65000}}
links: [{nic: eth1, ends: [pe1:eth1], subnets: [192.168.0.0/30], bgp: {peer: 192.168.0.2, as: 65002}}]
vrfs: {red: {rts: "1:1"}, blue: {rts: "1:2"}, green: {rts: "1:3"}}
hosts:
  h1: {to: pe1, vrf: red, addresses: [10.1.0.2/24]}
  h2: {to: pe1, vrf: blue, addresses: [10.1.0.2/24]}
  h3: {to: pe1, vrf: green, addresses: [30.1.0.2/24]}
outside:
  far: {vrf: red, addresses: [30.1.0.2, 30.1.0.3, 30.1.0.1]}
  far2: {vrf: blue, addresses: [30.1.0.3]}
expect: [h1 -> far, h2 !-> far, h2 -> far2]
`

// beyond answers as the topology says, but for what a test changes: sites by
// ICMP, hosts by their tokens.
type beyond struct {
	*network
	pinged map[netip.Addr]bool
}

func (b *beyond) Send(ctx context.Context, list []Probe, v Schedule) ([]Observation, error) {
	b.pinged = v.Pings
	out, err := b.network.Send(ctx, list, v)
	for i, o := range out {
		if slices.ContainsFunc(o.Answered, func(h string) bool { return h == "far" || h == "far2" }) {
			out[i] = Observation{Replied: true}
		}
		if list[i].From == "h3" && list[i].Destination.String() == "30.1.0.2" { // its own address
			out[i] = Observation{Answered: []string{"h3"}, Arrived: []string{"h3"}, Replied: true}
		}
	}
	return out, err
}

func TestOutside(t *testing.T) {
	top, err := topology.Parse("lab.yaml", []byte(behindNIC))
	if err != nil {
		t.Fatal(err)
	}
	replies := Observation{Replied: true}
	for name, c := range map[string]struct {
		at   string
		seen Observation
		want []string
	}{
		"as intended": {},
		"silence": {"h1 30.1.0.2", Observation{Error: "10.1.0.1 says: no route"}, []string{
			"h1 far: 30.1.0.2 no answer: 10.1.0.1 says: no route", "h1 far: 30.1.0.2 no answer: 10.1.0.1 says: no route"}}, // the pair, and its line
		"a host of the lab answers instead": {"h1 30.1.0.2", Observation{Replied: true, Answered: []string{"h3"}}, []string{
			"h1 h3: 30.1.0.2 h3 answers, but must not be reached", "h1 far: 30.1.0.2 h3 answers instead of far", "h1 far: 30.1.0.2 h3 answers instead of far"}},
		"a leak": {"h2 30.1.0.2", replies, []string{
			"h2 far: 30.1.0.2 far answers, but must not be reached", "h2 far: 30.1.0.2 far answers"}},
		"the site that is meant, of two with an address": {"h2 30.1.0.3", replies, nil},
	} {
		t.Run(name, func(t *testing.T) {
			n := &network{pairs: Matrix(top, "", "")}
			if c.at != "" {
				n.changed = map[string]Observation{c.at: c.seen}
			}
			b := &beyond{network: n}
			found, err := Observe(t.Context(), n.pairs, b, Options{Step: func(string) {}})
			if err != nil {
				t.Fatal(err)
			}
			rows := Judge(top, n.pairs, found)
			if got := said(rows); !slices.Equal(got, c.want) {
				t.Errorf("%q\nwant %q", got, c.want)
			}
			if len(rows) != 3*2+3*2+3 {
				t.Errorf("%d rows, want those of 3 hosts to 2 others and 2 sites, and 3 lines", len(rows))
			}
			if len(b.pinged) != 3 {
				t.Errorf("pinged are %v; want those of the sites", b.pinged)
			}
		})
	}
	if pairs := Matrix(top, "h1", "far"); len(pairs) != 1 || len(pairs[0].Reach) != 3 {
		t.Errorf("from h1 to far: %+v", pairs)
	}
	// A gateway of the lab answers pings itself: its silence cannot be asked for.
	if never := pairOf(t, Matrix(top, "h3", ""), "h3", "far").Never; len(never) != 2 {
		t.Errorf("h3 must not reach %v of far; want 30.1.0.2 and 30.1.0.3", never)
	}
}
