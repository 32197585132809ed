package router

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"time"

	"pseudowan/ovs"
	"pseudowan/router/config"
	"pseudowan/router/slowpath"
	"pseudowan/status"
)

// Ping asks for one echo request from a router inside a VRF.
type Ping struct {
	VRF    string        `json:"vrf"` // name or RD
	To     netip.Addr    `json:"to"`
	Source netip.Addr    `json:"source"` // an address of the router in the VRF; zero: the first of the family
	TTL    uint8         `json:"ttl"`
	Size   int           `json:"size"` // octets of data
	Wait   time.Duration `json:"wait"`
}

// Pong is what came back.
type Pong struct {
	Source netip.Addr `json:"source"`
	From   netip.Addr `json:"from"` // zero: nothing came in time
	What   string     `json:"what"` // "" for the answer of the destination, else why the packet did not arrive
	Millis float64    `json:"millis"`
}

// Limits of a request.
const (
	maxPingWait = 30 * time.Second
	maxPingSize = 1400
)

// Ping sends one echo request from inside a VRF, and waits for what comes back. An agent
// of an older version cannot.
func (c *Client) Ping(ctx context.Context, p Ping) (out Pong, err error) {
	err = c.send(ctx, http.MethodPost, "ping", p, &out)
	return out, err
}

func (a *agent) postPing(w http.ResponseWriter, q *http.Request) {
	p, ok := asked[Ping](w, q)
	if !ok {
		return
	}
	if !p.To.IsValid() || p.TTL == 0 || p.Size < 0 || p.Size > maxPingSize || p.Wait <= 0 {
		http.Error(w, fmt.Sprintf("ping: needs an address, a TTL, a time to wait and at most %d octets of data", maxPingSize), http.StatusBadRequest)
		return
	}
	answer, err := a.ping(q.Context(), p)
	a.answer(w, answer, err)
}

// probe is an echo request that is under way.
type probe struct {
	vrf  uint32
	to   netip.Addr
	sent time.Time
	done chan Pong
}

// probes are those under way, by their identifiers.
type probes struct {
	next uint16
	open map[uint16]*probe
}

// ping sends one request and waits for the answer, or an error message about it.
func (a *agent) ping(ctx context.Context, p Ping) (Pong, error) {
	type begun struct {
		id     uint16
		source netip.Addr
		probe  *probe
		frame  []byte
		err    error
	}
	b, err := inLoop(ctx, a.loop, func() (b begun) {
		v, source, err := a.loop.pingSource(p)
		if err != nil {
			return begun{err: err}
		}
		b.source = source
		b.id, b.probe = a.loop.probes.begin(v.ID, p.To, time.Now())
		b.frame, b.err = slowpath.EchoRequest(source, p.To, p.TTL, b.id, p.Size)
		return b
	})
	if err = errors.Join(err, b.err); err != nil {
		return Pong{}, err
	}
	defer inLoop(context.WithoutCancel(ctx), a.loop, func() struct{} { // it may have ended
		delete(a.loop.probes.open, b.id)
		return struct{}{}
	})
	if err := a.sw.Inject(b.probe.vrf, b.frame); err != nil {
		return Pong{}, err
	}
	limit := time.NewTimer(min(p.Wait, maxPingWait))
	defer limit.Stop()
	select {
	case pong := <-b.probe.done:
		pong.Source = b.source
		return pong, nil
	case <-limit.C:
		return Pong{Source: b.source}, nil
	case <-a.loop.ended:
		return Pong{}, errEnding
	case <-ctx.Done():
		return Pong{}, ctx.Err()
	}
}

// pingSource returns the VRF of a request, and the address from which it is sent.
func (l *loop) pingSource(p Ping) (*config.VRF, netip.Addr, error) {
	var vrf *config.VRF
	for i, v := range l.cfg.VRFs {
		if v.Name == p.VRF || v.RD.String() == p.VRF {
			vrf = &l.cfg.VRFs[i]
		}
	}
	if vrf == nil {
		return nil, netip.Addr{}, status.NotFound("no VRF " + p.VRF)
	}
	for _, a := range l.cfg.Access {
		for _, g := range a.Gateways {
			own := g.Addr()
			if a.VRF == vrf.Name && own == p.To {
				return nil, netip.Addr{}, fmt.Errorf("VRF %s: %s is the router's own address", vrf.Name, p.To)
			}
			if a.VRF == vrf.Name && own.Is4() == p.To.Is4() && !own.IsLinkLocalUnicast() && (own == p.Source || !p.Source.IsValid()) {
				return vrf, own, nil
			}
		}
	}
	if p.Source.IsValid() {
		return nil, netip.Addr{}, fmt.Errorf("VRF %s: %s is not an address of the router", vrf.Name, p.Source)
	}
	return nil, netip.Addr{}, fmt.Errorf("VRF %s: the router has no address of the family of %s there", vrf.Name, p.To)
}

// begin notes a request, under an identifier that no other has.
func (s *probes) begin(vrf uint32, to netip.Addr, now time.Time) (uint16, *probe) {
	if s.open == nil {
		s.open = map[uint16]*probe{}
	}
	for {
		s.next++
		if _, used := s.open[s.next]; !used || len(s.open) > 1<<15 {
			break
		}
	}
	p := &probe{vrf: vrf, to: to, sent: now, done: make(chan Pong, 1)}
	s.open[s.next] = p
	return s.next, p
}

// hear takes a packet from the switch that answers a request, and reports whether it was
// one.
func (s *probes) hear(p ovs.PacketIn, now time.Time) bool {
	if len(s.open) == 0 {
		return false
	}
	e, ok := slowpath.ReadEcho(p.Frame)
	if !ok {
		return false
	}
	of, ok := s.open[e.ID]
	if !ok || of.to != e.To {
		return false
	}
	select {
	case of.done <- Pong{From: e.From, What: e.What, Millis: float64(now.Sub(of.sent).Microseconds()) / 1000}:
	default:
	}
	return true
}
