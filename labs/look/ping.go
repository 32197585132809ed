package look

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"pseudowan/labs/store"
	"pseudowan/router"
	"pseudowan/status"
)

// PingOptions say what a router sends inside a VRF.
type PingOptions struct {
	Lab    string // "": the only one
	Router string
	VRF    string // name or RD; "" if the router has one
	To     netip.Addr
	Source netip.Addr // zero: the router's first address of the family
	Count  int
	Every  time.Duration
	Wait   time.Duration // for each answer
	Size   int           // octets of data
}

// Pong is what came back.
type Pong = router.Pong

// PingTTL is the TTL of requests that should arrive.
const PingTTL = 64

// Ping sends echo requests from a router inside a VRF, and tells each what came back.
func Ping(ctx context.Context, o PingOptions, each func(n int, p Pong)) error {
	c, o, err := pinger(ctx, o)
	if err != nil {
		return err
	}
	defer c.Close()
	for n := 1; n <= o.Count; n++ {
		begin := time.Now()
		pong, err := c.Ping(ctx, o.request(PingTTL))
		if err != nil {
			return err
		}
		each(n, pong)
		if n == o.Count {
			break
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(time.Until(begin.Add(o.Every))):
		}
	}
	return nil
}

// Traceroute sends echo requests with ever greater TTLs from a router inside a VRF, until
// the destination answers.
func Traceroute(ctx context.Context, o PingOptions, hops int, each func(ttl int, p Pong)) error {
	c, o, err := pinger(ctx, o)
	if err != nil {
		return err
	}
	defer c.Close()
	for ttl := 1; ttl <= hops; ttl++ {
		pong, err := c.Ping(ctx, o.request(uint8(ttl)))
		if err != nil {
			return err
		}
		each(ttl, pong)
		if pong.From.IsValid() && pong.What == "" {
			return nil
		}
	}
	return nil
}

func (o PingOptions) request(ttl uint8) router.Ping {
	return router.Ping{VRF: o.VRF, To: o.To, Source: o.Source, TTL: ttl, Size: o.Size, Wait: o.Wait}
}

// pinger opens the router's agent, and finds the VRF that is meant.
func pinger(ctx context.Context, o PingOptions) (*router.Client, PingOptions, error) {
	l, c, err := clientOf(ctx, o.Lab, o.Router)
	if err != nil {
		return nil, o, err
	}
	if o.VRF == "" {
		var have []string
		if l.applied != nil {
			for _, v := range l.applied.VRFs {
				if v.Router == o.Router {
					have = append(have, v.Name)
				}
			}
		}
		if len(have) != 1 {
			return nil, o, status.NotFound(fmt.Sprintf("router %s has the VRFs %s; choose one with --vrf", o.Router, strings.Join(have, ", ")))
		}
		o.VRF = have[0]
	}
	if err := unknownVRF(l.Name, l.applied, Filter{Router: o.Router, Selection: status.Selection{VRF: o.VRF}}); err != nil {
		return nil, o, err
	}
	return c, o, nil
}

// clientOf opens the agent of a router, which must not be halted.
func clientOf(ctx context.Context, lab, name string) (*Lab, *router.Client, error) {
	l, err := Open(ctx, lab)
	if err != nil {
		return nil, nil, err
	}
	if !slices.Contains(l.routers, name) {
		return nil, nil, l.noRouter(name)
	}
	if h, ok := store.Halts(l.Name)[name]; ok {
		return nil, nil, fmt.Errorf("router %s is %s; `pseudowan start %s` lets it run again", name, haltState(h), name)
	}
	return l, router.NewClient(name, store.AgentSocket(l.Name, name)), nil
}
