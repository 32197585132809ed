package router

import (
	"context"
	"fmt"
	"net/netip"
	"path/filepath"

	"pseudowan/bgp"
	"pseudowan/ovs/pipeline"
	"pseudowan/router/config"
	"pseudowan/router/kernel"
)

// customer is the running BGP towards the host on one access port. Each has a
// speaker of its own: it tells the host the best routes of the VRF, and the
// VRF what the host tells it.
type customer struct {
	config.CE
	identity ceIdentity
	access   *accessPort
	speaker  *bgp.Speaker
	stopped  bool // the speaker; known to Configure alone

	// What follows belongs to the reactor's goroutine.

	gone     bool
	peers    map[netip.Addr]bgp.PeerState
	received map[bgp.Key]bgp.Route      // all that the host tells
	entered  map[bgp.Key]enteredRoute   // of these, what stands in the VRF
	nextHops map[netip.Addr]int         // of the received routes, counted
	asked    map[netip.Addr]bool        // those that are kept resolved
	wanted   map[netip.Prefix]bgp.Route // what the host is to be told
	told     map[netip.Prefix]bgp.Route // what it has been told
	refused  map[bgp.Key]string         // why the rest of the received does not stand in the VRF
}

// customerSpeakers brings the speakers towards customers in line with a
// configuration. It returns those of the configuration by access port.
func (r *reactor) customerSpeakers(ctx context.Context, cfg config.Router, access map[uint32]*accessPort) (map[uint32]*customer, error) {
	next := map[uint32]*customer{}
	for number, was := range r.customers {
		p := access[number]
		if !was.stopped && p != nil && p.CE != nil && was.identity == identityOf(cfg, p.vrf, p.CE) {
			next[number] = was
			continue
		}
		r.stopSpeaker(ctx, was) // before its successor needs the addresses
	}
	for _, p := range access {
		if p.CE == nil {
			continue
		}
		if err := r.customerSpeaker(ctx, cfg, p, next); err != nil {
			for number, made := range next {
				if made != r.customers[number] {
					r.stopSpeaker(ctx, made)
				}
			}
			return nil, fmt.Errorf("BGP with host %s in VRF %s: %w", p.Host, p.VRF, err)
		}
	}
	return next, nil
}

// customerSpeaker configures the namespace of a customer's sessions, starts
// their speaker where it does not run, and configures it.
func (r *reactor) customerSpeaker(ctx context.Context, cfg config.Router, p *accessPort, next map[uint32]*customer) error {
	c := *p.CE
	inside := func(f func() error) error { return r.inside(c.Namespace, f) }
	if err := inside(func() error { return kernel.ConfigureQuietLink(c.Interface, p.Gateways) }); err != nil {
		return err
	}
	if next[p.Port] == nil {
		if err := r.startCustomer(ctx, cfg, p, inside, next); err != nil {
			return err
		}
	}
	return next[p.Port].speaker.SetNeighbors(ctx, speakerCE(&c))
}

func (r *reactor) startCustomer(ctx context.Context, cfg config.Router, p *accessPort, inside func(func() error) error, next map[uint32]*customer) error {
	c := *p.CE
	speaker, err := r.startSpeaker(ctx, bgp.Config{
		AS: cfg.AS, RouterID: cfg.RouterID, ListenAddresses: listenAddressesOf(&c), Plain: true, Inside: inside,
		APISocket: filepath.Join(r.socketDir, fmt.Sprintf("gobgp-%s.sock", c.Name)),
		Log:       r.log.With("vrf", p.VRF, "host", p.Host), Restarting: r.recovers.Load(),
	})
	if err != nil {
		return err
	}
	made := &customer{
		CE: c, identity: identityOf(cfg, p.vrf, &c), access: p, speaker: speaker,
		peers: map[netip.Addr]bgp.PeerState{}, received: map[bgp.Key]bgp.Route{}, entered: map[bgp.Key]enteredRoute{},
		nextHops: map[netip.Addr]int{}, asked: map[netip.Addr]bool{}, wanted: map[netip.Prefix]bgp.Route{}, told: map[netip.Prefix]bgp.Route{},
		refused: map[bgp.Key]string{},
	}
	next[p.Port] = made
	go r.listen(made)
	return nil
}

// listen hands what a customer's speaker tells to the loop.
func (r *reactor) listen(c *customer) {
	for events := range c.speaker.Events() {
		select {
		case r.calls <- func() { r.customerEvents(c, events) }:
		case <-r.ended:
			return
		}
	}
}

func (r *reactor) stopSpeaker(ctx context.Context, c *customer) {
	if c.stopped {
		return
	}
	c.stopped = true
	if err := c.speaker.Stop(ctx); err != nil {
		r.log.Warn("stop the BGP speaker of a customer", "host", c.access.Host, "error", err)
	}
}

// takeCustomers replaces the customers inside the loop. The routes of those
// that are gone leave the VRFs.
func (r *reactor) takeCustomers(next map[uint32]*customer) {
	for number, was := range r.customers {
		if next[number] == was {
			continue
		}
		was.gone = true
		for key := range was.received {
			r.forgetCustomerRoute(was, key)
		}
	}
	r.customers = next
	for number, c := range next {
		c.access = r.access[number]
		c.CE = *c.access.CE
	}
}

// customerFlows is how the sessions of a customer pass the switch.
func (r *reactor) customerFlows(c *customer) []pipeline.Flow {
	p := pipeline.CustomerBGP{Access: c.access.Port, Port: c.Port, MAC: c.access.mac}
	for _, s := range c.BGP.Sessions {
		mac, _ := r.neighbors.Lookup(c.neighbor(s.PeerAddress))
		p.Sessions = append(p.Sessions, pipeline.CustomerPeer{Gateway: s.LocalAddress, Peer: s.PeerAddress, MAC: mac})
	}
	return p.Flows()
}

// peerMoved rewrites the flows of a customer's sessions where an address on
// its port has got another MAC, or lost it.
func (r *reactor) peerMoved(p *accessPort) {
	if c := r.customers[p.Port]; c != nil {
		r.fib.Set(r.customerFlows(c))
	}
}
