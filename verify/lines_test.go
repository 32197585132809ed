package verify

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"testing"
	"time"

	"pseudowan/status"
	"pseudowan/topology"
)

// visited answers as a test says.
type visited struct {
	accepts map[string]string // source seen, by "address:port"; "-": none
	has     []netip.Addr
	replies map[string]bool
	path    []Hop
}

func (v *visited) Path(context.Context, Probe) ([]Hop, error) { return v.path, nil }

func (v *visited) Connect(_ context.Context, _ string, to netip.AddrPort, server Server) (netip.Addr, error) {
	source, ok := v.accepts[to.String()]
	switch {
	case !ok:
		return netip.Addr{}, errors.New("connection refused")
	case server.Host == "" || source == "-":
		return netip.Addr{}, nil
	}
	return netip.MustParseAddr(source), nil
}

func (v *visited) Addresses(string) ([]netip.Addr, error) { return v.has, nil }

func (v *visited) Send(_ context.Context, list []Probe, _ Schedule) ([]Observation, error) {
	var out []Observation
	for _, p := range list {
		out = append(out, Observation{Replied: v.replies[p.Destination.String()]})
	}
	return out, nil
}

func hops(addresses ...string) (out []Hop) {
	for i, a := range addresses {
		out = append(out, Hop{TTL: i + 1, Address: netip.MustParseAddr(a)})
	}
	return out
}

const lined = `
name: lab
routers: {pe1: {as: 65000}}
vrfs: {red: {rts: "1:1"}}
hosts:
  a: {to: pe1, vrf: red, addresses: [10.1.0.2/24, "2001:db8:1::2/64"]}
  b: {to: pe1, vrf: red, addresses: [10.2.0.2/24, "2001:db8:2::2/64"]}
expect:
- `

func TestLines(t *testing.T) {
	seen4 := map[string]string{"10.2.0.2:80": "10.1.0.2"}
	for _, tt := range []struct {
		line string
		v    visited
		want []string
	}{
		{"a -> b tcp 80", visited{accepts: seen4}, nil},
		{"a -> b tcp 80", visited{accepts: map[string]string{"[2001:db8:2::2]:80": "-"}}, nil},
		{"a -> b tcp 81", visited{accepts: seen4}, []string{"10.2.0.2 no connection to port 81: connection refused", "2001:db8:2::2 no connection to port 81: connection refused"}},
		{"a !-> b tcp 81", visited{accepts: seen4}, nil},
		{"a !-> b tcp 80", visited{accepts: seen4}, []string{"10.2.0.2 port 80 accepts a connection"}},
		{"a -> b tcp 80 as 10.1.0.2", visited{accepts: seen4}, nil},
		{"a -> b tcp 80 as 10.9.0.1", visited{accepts: seen4}, []string{"10.2.0.2 b sees 10.1.0.2 as the source", "2001:db8:2::2 no connection to port 80: connection refused"}},
		{"a -> b tcp 80 as 10.1.0.2", visited{accepts: map[string]string{"10.2.0.2:80": "-"}}, []string{"10.2.0.2 b does not have the connection: something between accepts it", "2001:db8:2::2 no connection to port 80: connection refused"}},
		{"a -> 10.9.0.1 tcp 80", visited{accepts: map[string]string{"10.9.0.1:80": "-"}}, nil},
		{"a -> 10.9.0.1", visited{replies: map[string]bool{"10.9.0.1": true}}, nil},
		{"a -> 10.9.0.1", visited{}, []string{"10.9.0.1 no answer"}},
		{"a !-> 10.9.0.1", visited{}, nil},
		{"a !-> 10.9.0.1", visited{replies: map[string]bool{"10.9.0.1": true}}, []string{"10.9.0.1 it answers"}},
		{"a -> 10.9.0.1 via b", visited{replies: map[string]bool{"10.9.0.1": true}, path: hops("10.1.0.1", "10.2.0.2", "10.9.0.1")}, nil},
		{"a -> 10.9.0.1 via b", visited{replies: map[string]bool{"10.9.0.1": true}, path: hops("10.1.0.1", "10.9.0.1")}, []string{"10.9.0.1 it answers, but b is not seen on the path: 10.1.0.1 10.9.0.1"}},
		{"a -> 10.9.0.1 tcp 80 at b", visited{accepts: map[string]string{"10.9.0.1:80": "10.7.0.1"}}, nil},
		{"a -> 10.9.0.1 tcp 80 at b", visited{accepts: map[string]string{"10.9.0.1:80": "-"}}, []string{"10.9.0.1 b does not have the connection: something between accepts it"}},
		{"a -> 10.9.0.1 tcp 80 as 10.7.0.1 at b", visited{accepts: map[string]string{"10.9.0.1:80": "10.7.0.1"}}, nil},
		{"a -> 10.9.0.1 tcp 80 as 10.7.0.2 at b", visited{accepts: map[string]string{"10.9.0.1:80": "10.7.0.1"}}, []string{"10.9.0.1 b sees 10.7.0.1 as the source"}},
		{"a has 10.1.0.2", visited{has: []netip.Addr{netip.MustParseAddr("10.1.0.2")}}, nil},
		{"a has 2001:db8::9", visited{has: []netip.Addr{netip.MustParseAddr("10.1.0.2"), netip.MustParseAddr("2001:db8::1")}}, []string{"2001:db8::9 a does not have it; it has 2001:db8::1"}},
		{"a has 2001:db8::9", visited{}, []string{"2001:db8::9 a does not have it"}},
	} {
		top, err := topology.Parse("lab.yaml", []byte(lined+tt.line))
		if err != nil {
			t.Fatal(err)
		}
		rows, err := Lines(t.Context(), top, "", "", &tt.v, Options{Timeout: 300 * time.Millisecond, Step: func(string) {}})
		if err != nil || len(rows) != 1 {
			t.Fatalf("%s: %v, %v", tt.line, rows, err)
		}
		r := rows[0]
		var got []string
		for _, d := range r.Differences {
			got = append(got, d.Destination.String()+" "+d.Seen)
		}
		if want := len(tt.want) > 0; r.Rule != tt.line || r.Tested == 0 || !slices.Equal(got, tt.want) || (r.Result == status.Different) != want {
			t.Errorf("%s: %+v", tt.line, r)
		}
	}
}

func TestLinesOfOneHost(t *testing.T) {
	top, err := topology.Parse("lab.yaml", []byte(lined+"a -> b\n- a -> b tcp 80\n- b -> 10.9.0.1\n- b has 10.2.0.2"))
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		from, to string
		want     int
	}{{"", "", 3}, {"a", "", 1}, {"b", "", 2}, {"", "b", 1}, {"b", "a", 0}} {
		rows, err := Lines(t.Context(), top, tt.from, tt.to, &visited{}, Options{Step: func(string) {}})
		if err != nil || len(rows) != tt.want {
			t.Errorf("from %q to %q: %d rows, %v; want %d", tt.from, tt.to, len(rows), err, tt.want)
		}
	}
}

// Lines speak of what passes a host that rewrites packets; the pairs are open. One
// address that answers suffices, as the family of another may be lost on the way.
func TestLinesThroughHostsThatRewrite(t *testing.T) {
	const text = `
name: lab
routers: {pe1: {as: 65000}}
vrfs: {red: {rts: "1:1"}, blue: {rts: "1:2"}}
hosts:
  a:   {to: pe1, vrf: red, addresses: [10.1.0.2/24, "2001:db8:1::2/64"]}
  b:   {to: pe1, vrf: blue, addresses: [10.2.0.2/24, "2001:db8:2::2/64"]}
  nat:
    forward: true
    rewrites: true
    attach:
    - {to: pe1, vrf: red, addresses: [10.3.0.2/24, "2001:db8:3::2/64"], announce: [0.0.0.0/0, "::/0"]}
    - {to: pe1, vrf: blue, addresses: [10.4.0.2/24, "2001:db8:4::2/64"], routes: [0.0.0.0/0, "::/0"]}
expect:
- `
	for _, tt := range []struct {
		line string
		v    visited
		want []string
	}{
		{"a -> b", visited{replies: map[string]bool{"2001:db8:2::2": true}}, nil},
		{"a -> b", visited{}, []string{"10.2.0.2 no answer", "2001:db8:2::2 no answer"}},
		{"a !-> b", visited{}, nil},
		{"a !-> b", visited{replies: map[string]bool{"10.2.0.2": true}}, []string{"10.2.0.2 it answers"}},
		{"a -> b via nat", visited{replies: map[string]bool{"10.2.0.2": true}, path: hops("10.1.0.1", "10.3.0.2", "10.2.0.2")}, nil},
	} {
		top, err := topology.Parse("lab.yaml", []byte(text+tt.line))
		if err != nil {
			t.Fatal(err)
		}
		rows, err := Lines(t.Context(), top, "", "", &tt.v, Options{Timeout: 300 * time.Millisecond, Step: func(string) {}})
		if err != nil || len(rows) != 1 {
			t.Fatalf("%s: %v, %v", tt.line, rows, err)
		}
		var got []string
		for _, d := range rows[0].Differences {
			got = append(got, d.Destination.String()+" "+d.Seen)
		}
		if !slices.Equal(got, tt.want) {
			t.Errorf("%s: %+v", tt.line, rows[0])
		}
		pairs := Matrix(top, "", "")
		judged := Judge(top, pairs, newFindings())
		open := 0
		for _, r := range judged {
			if r.Result == status.Open {
				open++
			}
		}
		if open != 4 || len(judged) != 6 { // b has no route to a and one address of nat
			t.Errorf("%d of %d pairs are open", open, len(judged))
		}
	}
}

// What goes wrong in the test itself is no difference.
func TestLinesThatCannotBeTested(t *testing.T) {
	top, err := topology.Parse("lab.yaml", []byte(lined+"a -> b tcp 80"))
	if err != nil {
		t.Fatal(err)
	}
	broken := errors.New("no such namespace")
	if _, err := Lines(t.Context(), top, "", "", failing{err: &VisitError{Err: broken}}, Options{Step: func(string) {}}); !errors.Is(err, broken) {
		t.Errorf("%v", err)
	}
}

type failing struct{ err error }

func (f failing) Connect(context.Context, string, netip.AddrPort, Server) (netip.Addr, error) {
	return netip.Addr{}, f.err
}

func (f failing) Send(ctx context.Context, list []Probe, s Schedule) ([]Observation, error) {
	return nil, f.err
}

func (f failing) Path(context.Context, Probe) ([]Hop, error) { return nil, f.err }

func (f failing) Addresses(string) ([]netip.Addr, error) { return nil, f.err }
