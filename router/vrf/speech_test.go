package vrf

import (
	"context"
	"log/slog"
	"net/netip"
	"slices"
	"testing"

	"pseudowan/bgp"
	"pseudowan/ovs/pipeline"
	"pseudowan/router/fib"
)

// peers records what is announced.
type peers struct{ told []string }

func (p *peers) Announce(_ context.Context, routes []bgp.Route) error {
	for _, r := range routes {
		p.told = append(p.told, r.Prefix.String()+" via "+r.NextHop.String())
	}
	return nil
}

func (p *peers) Withdraw(_ context.Context, routes []bgp.Route) error {
	for _, r := range routes {
		p.told = append(p.told, "no "+r.Prefix.String())
	}
	return nil
}

// A route is announced once the switch has its flow, and withdrawn at once.
func TestSpeech(t *testing.T) {
	f, p := fib.New(), &peers{}
	s := NewSpeech(slog.New(slog.DiscardHandler), f, p, nil)
	prefix := netip.MustParsePrefix("10.0.0.0/8")
	key := bgp.Key{Prefix: prefix}
	via := func(hop string) bgp.Route { return bgp.Route{Prefix: prefix, NextHop: netip.MustParseAddr(hop)} }
	committed := func() {
		for b, ok := f.Take(); ok; b, ok = f.Take() {
			f.Done(b, 0)
		}
	}
	for _, step := range []struct {
		name string
		do   func()
		want []string
	}{
		{"announced", func() {
			f.Set([]pipeline.Flow{{Cookie: pipeline.NewCookie(pipeline.KindRoute, 0, 1), Match: "ip"}})
			s.Announce(key, via("192.0.2.1"))
		}, nil},
		{"the switch has the flow", committed, []string{"10.0.0.0/8 via 192.0.2.1"}},
		{"announced again", func() { s.Announce(key, via("192.0.2.1")); committed() }, nil},
		{"changed twice before the switch knows", func() {
			s.Announce(key, via("192.0.2.2"))
			s.Announce(key, via("192.0.2.3"))
			committed()
		}, []string{"10.0.0.0/8 via 192.0.2.3"}},
		{"withdrawn while a change waits", func() {
			s.Announce(key, via("192.0.2.4"))
			s.Withdraw(key)
		}, []string{"no 10.0.0.0/8"}},
		{"the change is void", committed, nil},
		{"closed", func() {
			s.Announce(key, via("192.0.2.5"))
			s.Close()
			committed()
		}, nil},
	} {
		p.told = nil
		step.do()
		if !slices.Equal(p.told, step.want) {
			t.Errorf("%s: told %q; want %q", step.name, p.told, step.want)
		}
	}
}
