package look

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"time"

	"pseudowan/hosts/probe"
	"pseudowan/status"
	"pseudowan/verify"
)

// visitor looks at hosts for what `expect:` lines say beyond packets.
type visitor struct{ prober }

// The time that a server has to take a connection which its kernel has accepted.
const acceptWithin = 500 * time.Millisecond

// Connect implements verify.Visitor.
func (v visitor) Connect(ctx context.Context, from string, to netip.AddrPort, server verify.Server) (netip.Addr, error) {
	h, ok := v.in.host(from)
	if !ok {
		return netip.Addr{}, &verify.VisitError{Err: errNoHost}
	}
	var before []netip.AddrPort
	at, known := v.in.host(server.Host)
	if known {
		var err error
		if before, err = at.Accepted(server.Port); err != nil {
			return netip.Addr{}, &verify.VisitError{Err: fmt.Errorf("host %s: %w", server.Host, err)}
		}
	}
	conn, err := h.Connect(ctx, to)
	var refused *net.OpError
	switch {
	case errors.As(err, &refused):
		return netip.Addr{}, refused.Err
	case err != nil:
		return netip.Addr{}, &verify.VisitError{Err: fmt.Errorf("host %s: %w", from, err)}
	}
	defer conn.Close()
	if !known {
		return netip.Addr{}, nil
	}
	return v.sourceAt(at, server.Port, before)
}

// sourceAt returns the source of the connection that a server has beyond those that
// it had before.
func (v visitor) sourceAt(server probe.Host, port uint16, before []netip.AddrPort) (netip.Addr, error) {
	for end := time.Now().Add(acceptWithin); ; time.Sleep(acceptWithin / 10) {
		now, err := server.Accepted(port)
		if err != nil {
			return netip.Addr{}, &verify.VisitError{Err: fmt.Errorf("host %s: %w", server.Name, err)}
		}
		for _, peer := range now {
			if !slices.Contains(before, peer) {
				return peer.Addr(), nil
			}
		}
		if time.Now().After(end) {
			return netip.Addr{}, nil
		}
	}
}

// Addresses implements verify.Visitor.
func (v visitor) Addresses(host string) (list []netip.Addr, err error) {
	h, ok := v.in.host(host)
	if !ok {
		return nil, errNoHost
	}
	found, err := h.Addresses()
	for _, a := range found {
		list = append(list, a.Prefix.Addr())
	}
	return list, err
}

// lines tests the lines that verify.Lines does, unless their hosts do not run.
func (in *inspection) lines(ctx context.Context, p prober, o VerifyOptions) ([]status.HostPair, error) {
	t := *in.topology
	alone := verify.Alone(in.topology)
	t.Expect = nil
	var untested []status.HostPair
	for _, e := range in.topology.Expect {
		if in.isFar(e.From, cmp.Or(e.At, e.To), o.Together) {
			continue
		}
		why := in.untestable(verify.Pair{From: e.From, To: e.To}, nil)
		if why == "" && e.At != "" {
			why = in.untestable(verify.Pair{From: e.From, To: e.At}, nil)
		}
		switch {
		case why == "" || !alone(e):
			t.Expect = append(t.Expect, e)
		case (o.From == "" || o.From == e.From) && (o.To == "" || o.To == e.To):
			untested = append(untested, verify.UntestedLine(e, why))
		}
	}
	rows, err := verify.Lines(ctx, &t, o.From, o.To, visitor{p}, verify.Options{Timeout: o.Timeout, Step: o.Step})
	return append(rows, untested...), err
}
