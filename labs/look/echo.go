package look

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"pseudowan/router"
	"pseudowan/status"
)

// LSPOptions say which label-switched path MPLS echo tests.
type LSPOptions struct {
	Lab    string // "": the only one
	Router string // that sends
	To     string // a router, or an address or prefix: a loopback or, with a VRF, what a route of it leads to
	VRF    string // name or RD; "": the path to a loopback
	Count  int
	Every  time.Duration
	Wait   time.Duration // for each answer
}

// wholePath is the TTL of labels that should last to the end of any path.
const wholePath = 255

// LSPPing sends requests of MPLS echo to the end of a label-switched path (RFC 8029).
func LSPPing(ctx context.Context, o LSPOptions) (t status.LSPTest, err error) {
	c, e, err := o.begin(ctx, &t)
	if err != nil {
		return t, err
	}
	defer c.Close()
	e.TTL = wholePath
	for n := 1; n <= o.Count; n++ {
		begin := time.Now()
		if _, err := echoed(ctx, c, e, &t); err != nil {
			return t, err
		}
		if n == o.Count {
			break
		}
		select {
		case <-ctx.Done():
			return t, context.Cause(ctx)
		case <-time.After(time.Until(begin.Add(o.Every))):
		}
	}
	return t, nil
}

// mostSilent is after how many routers without an answer the rest of a path is given up.
const mostSilent = 3

// LSPTraceroute sends requests of MPLS echo with ever greater TTLs along a label-switched
// path. Each tells the next router what the one before has said of it.
func LSPTraceroute(ctx context.Context, o LSPOptions, hops int) (t status.LSPTest, err error) {
	c, e, err := o.begin(ctx, &t)
	if err != nil {
		return t, err
	}
	defer c.Close()
	e.Trace = true
	silent := 0
	for ttl := 1; ttl <= min(hops, wholePath) && silent < mostSilent; ttl++ {
		e.TTL = uint8(ttl)
		answer, err := echoed(ctx, c, e, &t)
		switch {
		case err != nil:
			return t, err
		case !answer.From.IsValid():
			silent++
			e.Mapping = nil
			continue
		case answer.Mapping == nil: // the end, or a fault
			return t, nil
		}
		silent, e.Mapping = 0, answer.Mapping
	}
	return t, nil
}

// begin opens the agent of the router that sends.
func (o LSPOptions) begin(ctx context.Context, t *status.LSPTest) (*router.Client, router.Echo, error) {
	e := router.Echo{VRF: o.VRF, Wait: o.Wait}
	l, c, err := clientOf(ctx, o.Lab, o.Router)
	if err != nil {
		return nil, e, err
	}
	*t = status.LSPTest{Router: o.Router, FECs: []string{}, Labels: []uint32{}, Answers: []status.LSPEcho{}}
	if err := unknownVRF(l.Name, l.applied, Filter{Router: o.Router, Selection: status.Selection{VRF: o.VRF}}); err != nil {
		return nil, e, err
	}
	if prefix, err := ParseTarget(o.To); err == nil {
		e.Prefix = prefix
		return c, e, nil
	}
	if !slices.Contains(l.routers, o.To) {
		return nil, e, l.noRouter(o.To)
	}
	if e.Router = o.To; o.VRF != "" {
		return nil, e, fmt.Errorf("VRF %s has no route to router %s; write an address or a prefix", o.VRF, o.To)
	}
	return c, e, nil
}

// ParseTarget reads an address or a prefix.
func ParseTarget(s string) (netip.Prefix, error) {
	if a, err := netip.ParseAddr(s); err == nil && a.Zone() == "" {
		return netip.PrefixFrom(a, a.BitLen()), nil
	}
	p, err := netip.ParsePrefix(s)
	return p.Masked(), err
}

// echoed sends one request, and notes what comes back.
func echoed(ctx context.Context, c *router.Client, e router.Echo, t *status.LSPTest) (router.Echoed, error) {
	a, err := c.Echo(ctx, e)
	if err != nil {
		return a, err
	}
	row := status.LSPEcho{TTL: int(e.TTL), InLabels: []uint32{}, Out: []uint32{}}
	t.FECs, t.Labels, t.Sent = a.FECs, append([]uint32{}, a.Pushed...), t.Sent+1
	if a.From.IsValid() {
		t.Answered++
		t.Arrived = t.Arrived || a.Arrived
		row.Router, row.Address, row.Code, row.Meaning, row.Depth, row.Millis = a.Router, a.From, int(a.Code), a.Meaning, int(a.Depth), a.Millis
		row.InLabels = append(row.InLabels, a.Stack...)
	}
	if m := a.Mapping; m != nil {
		row.NextHop, row.MTU = m.NextHop, m.MTU
		for _, l := range m.Labels {
			row.Out = append(row.Out, l.Value)
		}
	}
	t.Answers = append(t.Answers, row)
	return a, nil
}
