package verify

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"pseudowan/status"
	"pseudowan/topology"
)

// Visitor looks at hosts for what `expect:` lines say beyond which host reaches which.
type Visitor interface {
	Prober

	// Connect opens a TCP connection from a host to an address. If the server is named,
	// it returns the source that this host sees; zero if it sees none.
	Connect(ctx context.Context, from string, to netip.AddrPort, server Server) (source netip.Addr, err error)

	// Addresses lists the addresses that a host has now on its interfaces.
	Addresses(host string) ([]netip.Addr, error)
}

// Server is where a connection must end.
type Server struct {
	Host string // "": no matter where
	Port uint16 // 0: any on which the host listens
}

// The time that a connection may take, that one may take which must not be (the first
// packet may be lost, and is repeated after a second), and the pause before another
// attempt.
const (
	connectWithin = time.Second
	refusedWithin = 2500 * time.Millisecond
	connectAgain  = 250 * time.Millisecond
)

// Lines tests the `expect:` lines that the pairs of a Matrix do not, and returns a row
// for each: those that are not about packets between two hosts, and those about hosts
// between which others rewrite packets. If from or to is not empty, it selects the
// lines of that host or site.
func Lines(ctx context.Context, t *topology.Topology, from, to string, v Visitor, o Options) ([]status.HostPair, error) {
	var rows []status.HostPair
	alone := Alone(t)
	for _, e := range t.Expect {
		if !alone(e) || from != "" && e.From != from || to != "" && e.To != to {
			continue
		}
		o.Step("testing " + e.String())
		l := line{Expectation: e, topology: t, visitor: v, timeout: o.Timeout}
		row, err := l.test(ctx)
		if err != nil {
			return nil, err
		}
		rows = append(rows, row)
	}
	return rows, nil
}

// rowOf returns the row of a line that nothing is known against.
func rowOf(e topology.Expectation) status.HostPair {
	row := status.HostPair{
		From: e.From, To: e.Target(), Rule: e.String(), Expected: status.ExpectReach, Result: status.AsIntended,
		Via: append([]string{}, e.Through...), Differences: []status.Difference{}, CannotTell: []string{},
	}
	switch {
	case e.Has:
		row.Expected = status.ExpectAddress
	case e.Never:
		row.Expected = status.ExpectIsolated
	}
	return row
}

// UntestedLine returns the row of a line that cannot be tested.
func UntestedLine(e topology.Expectation, why string) status.HostPair {
	row := rowOf(e)
	row.Result = status.Untested
	row.Differences = append(row.Differences, status.Difference{Seen: "not tested", Cause: why})
	return row
}

// line is a test of one line.
type line struct {
	topology.Expectation
	topology *topology.Topology
	visitor  Visitor
	timeout  time.Duration
}

func (l line) test(ctx context.Context) (status.HostPair, error) {
	row := rowOf(l.Expectation)
	var err error
	switch {
	case l.Has:
		row.Tested = 1
		row.Differences, err = l.has(ctx)
	case l.Port != 0:
		targets := l.targets()
		row.Tested = len(targets)
		row.Differences, err = l.connections(ctx, targets)
	default:
		targets := l.targets()
		row.Tested = len(targets)
		row.Differences, err = l.ping(ctx, targets)
	}
	if len(row.Differences) > 0 {
		row.Result = status.Different
	}
	if row.Differences == nil {
		row.Differences = []status.Difference{}
	}
	return row, err
}

// targets lists the addresses that a connection is tried to.
func (l line) targets() []netip.Addr {
	if l.Address.IsValid() {
		return []netip.Addr{l.Address}
	}
	for _, h := range l.topology.Hosts {
		if h.Name == l.To {
			return AddressesOf(h)
		}
	}
	for _, s := range l.topology.Outside {
		if s.Name == l.To {
			return s.Addresses
		}
	}
	return nil
}

// has waits until the host has the address: who gives it may only be starting.
func (l line) has(ctx context.Context) ([]status.Difference, error) {
	var found []netip.Addr
	for deadline := time.Now().Add(l.timeout); ; {
		var err error
		if found, err = l.visitor.Addresses(l.From); err != nil || slices.Contains(found, l.Address) {
			return nil, err
		}
		if time.Now().After(deadline) {
			break
		}
		select {
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case <-time.After(connectAgain):
		}
	}
	var same []string // of the family
	for _, a := range found {
		if a.Is4() == l.Address.Is4() {
			same = append(same, a.String())
		}
	}
	seen := fmt.Sprintf("%s does not have it", l.From)
	if len(same) > 0 {
		seen += "; it has " + strings.Join(same, ", ")
	}
	return []status.Difference{{Destination: l.Address, Seen: seen}}, nil
}

// connections tries each address. One that accepts suffices, or is too many.
func (l line) connections(ctx context.Context, targets []netip.Addr) ([]status.Difference, error) {
	if len(targets) == 0 && !l.Never {
		return []status.Difference{{Seen: l.To + " has no address"}}, nil
	}
	for deadline := time.Now().Add(l.timeout); ; {
		found, accepted, err := l.round(ctx, targets)
		if err != nil || l.Never || accepted || time.Now().After(deadline) {
			return found, err
		}
		select {
		case <-ctx.Done():
			return found, context.Cause(ctx)
		case <-time.After(connectAgain): // the service may only be starting
		}
	}
}

// round tries each address once, and returns what is not as it should be. Good says
// that one is.
func (l line) round(ctx context.Context, targets []netip.Addr) (found []status.Difference, good bool, err error) {
	var tries errgroup.Group
	if l.As.IsValid() || l.At != "" {
		tries.SetLimit(1) // of several new connections, nobody could tell which is which
	}
	seen := make([]string, len(targets))
	for i, to := range targets {
		tries.Go(func() (err error) {
			seen[i], err = l.try(ctx, to)
			return err
		})
	}
	if err := errors.Join(tries.Wait(), ctx.Err()); err != nil {
		return nil, false, err
	}
	for i, to := range targets {
		if seen[i] == "" {
			good = !l.Never
		} else {
			found = append(found, status.Difference{Destination: to, Seen: seen[i]})
		}
	}
	if good {
		return nil, true, nil
	}
	return found, false, nil
}

// try tries one address, and returns what is not as it should be.
func (l line) try(ctx context.Context, to netip.Addr) (string, error) {
	within, server := connectWithin, Server{}
	if l.Never {
		within = refusedWithin
	}
	switch {
	case l.At != "":
		server.Host = l.At
	case l.As.IsValid():
		server = Server{l.To, l.Port}
	}
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	source, err := l.visitor.Connect(ctx, l.From, netip.AddrPortFrom(to, l.Port), server)
	var internal *VisitError
	switch {
	case errors.As(err, &internal):
		return "", err
	case l.Never && err == nil:
		return fmt.Sprintf("port %d accepts a connection", l.Port), nil
	case l.Never:
	case err != nil:
		return fmt.Sprintf("no connection to port %d: %v", l.Port, err), nil
	case l.As.IsValid() && source.IsValid() && source != l.As:
		return fmt.Sprintf("%s sees %s as the source", server.Host, source), nil
	case server.Host != "" && !source.IsValid():
		return server.Host + " does not have the connection: something between accepts it", nil
	}
	return "", nil
}

// VisitError is an error of the test itself.
type VisitError struct{ Err error }

func (e *VisitError) Error() string { return e.Err.Error() }

func (e *VisitError) Unwrap() error { return e.Err }
