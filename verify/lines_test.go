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
	network
	accepts map[string]string // source seen, by "address:port"; "-": none
	has     []netip.Addr
	replies map[string]bool
}

func (v *visited) Connect(_ context.Context, _ string, to netip.AddrPort, server string) (netip.Addr, error) {
	source, ok := v.accepts[to.String()]
	switch {
	case !ok:
		return netip.Addr{}, errors.New("connection refused")
	case server == "" || source == "-":
		return netip.Addr{}, nil
	}
	return netip.MustParseAddr(source), nil
}

func (v *visited) Addresses(string) ([]netip.Addr, error) { return v.has, nil }

func (v *visited) Send(_ context.Context, list []Probe, _ Schedule) ([]Observation, error) {
	return []Observation{{Replied: v.replies[list[0].Destination.String()]}}, nil
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

func (f failing) Connect(context.Context, string, netip.AddrPort, string) (netip.Addr, error) {
	return netip.Addr{}, f.err
}

func (f failing) Send(ctx context.Context, list []Probe, s Schedule) ([]Observation, error) {
	return nil, f.err
}

func (f failing) Path(context.Context, Probe) ([]Hop, error) { return nil, f.err }

func (f failing) Addresses(string) ([]netip.Addr, error) { return nil, f.err }
