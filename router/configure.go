package router

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"time"

	"pseudowan/ovs"
	"pseudowan/ovs/pipeline"
	"pseudowan/router/config"
	"pseudowan/router/kernel"
	"pseudowan/router/meter"
	"pseudowan/router/neighbor"
	"pseudowan/router/slowpath"
)

const (
	bridgeName = "br0"
	defaultMTU = 1500
)

// Configure makes the router what cfg says, from whatever it is now. It may be
// repeated: ports whose wire was made again are replaced, everything else that
// is right is left alone.
func (r *reactor) Configure(ctx context.Context, cfg config.Router) error {
	if startedWith(cfg, r.started.datapath) != r.started {
		return r.askRestart()
	}
	r.configuring.Lock()
	defer r.configuring.Unlock()
	access, core, err := portsOf(cfg)
	if err != nil {
		return err
	}
	if err := r.switchPorts(ctx, cfg, core); err != nil {
		return err
	}
	if err := configureLinks(core); err != nil {
		return err
	}
	customers, err := r.customerSpeakers(ctx, cfg, access)
	if err != nil {
		return err
	}
	slow, err := slowpath.New(slowpath.Config{Interfaces: slowInterfaces(access)})
	if err != nil {
		return err
	}
	errs, err := inLoop(ctx, r, func() error {
		r.ceaseAdvertising(access)
		r.slow = slow
		return r.take(cfg, access, core, customers)
	})
	if err != nil || errs != nil {
		return errors.Join(err, errs)
	}
	// The speaker comes last: an ARP request that is lost because the flows are
	// not there yet is repeated by the kernel only a second later.
	// After a restart, flows wait for what the sessions bring.
	if r.recovers.Load() {
		return r.speaker.SetNeighbors(ctx, speakerNeighbors(cfg))
	}
	if err := r.programmed(ctx); err != nil {
		return err
	}
	if err := r.sw.KeepMeters(ctx, meter.All(cfg)...); err != nil {
		return err
	}
	return r.speaker.SetNeighbors(ctx, speakerNeighbors(cfg))
}

// askRestart ends the agent, to be started again.
func (r *reactor) askRestart() error {
	select {
	case r.restart <- struct{}{}:
	default:
	}
	return errRestart
}

func configureLinks(core map[uint32]*corePort) (err error) {
	for _, c := range core {
		if c.link, err = kernel.ConfigureLink(c.BGPName, c.Addresses); err != nil {
			return err
		}
	}
	return nil
}

// programmed returns when the switch has every flow that is wanted now.
func (r *reactor) programmed(ctx context.Context) error {
	_, err := whenCommitted(ctx, r, func(done chan<- struct{}) {
		r.fib.Then(func() { done <- struct{}{} })
	})
	return err
}

// correctFlows puts right what somebody else has changed in the switch, and
// returns how many flows that were.
func (r *reactor) correctFlows(ctx context.Context) (int, error) {
	n, err := whenCommitted(ctx, r, func(done chan<- int) {
		r.fib.Audit(func(n int) { done <- n })
	})
	if n > 0 {
		r.log.Warn("flows that somebody had changed are corrected", "flows", n)
	}
	return n, err
}

// whenCommitted asks the FIB in the loop and waits for what it answers.
func whenCommitted[T any](ctx context.Context, r *reactor, ask func(done chan<- T)) (answer T, err error) {
	done := make(chan T, 1)
	if _, err := inLoop(ctx, r, func() struct{} {
		ask(done)
		return struct{}{}
	}); err != nil {
		return answer, err
	}
	select {
	case answer := <-done:
		return answer, nil
	case <-ctx.Done():
		return answer, ctx.Err()
	case <-r.ended:
		return answer, errEnding
	}
}

// portsOf resolves what the configuration says of ports.
func portsOf(cfg config.Router) (map[uint32]*accessPort, map[uint32]*corePort, error) {
	access, core := map[uint32]*accessPort{}, map[uint32]*corePort{}
	for _, a := range cfg.Access {
		mac, err := net.ParseMAC(a.MAC)
		if err != nil {
			return nil, nil, fmt.Errorf("port %s: %w", a.Name, err)
		}
		i := slices.IndexFunc(cfg.VRFs, func(v config.VRF) bool { return v.Name == a.VRF })
		if i < 0 {
			return nil, nil, fmt.Errorf("port %s: no VRF %s", a.Name, a.VRF)
		}
		access[a.Port] = &accessPort{Access: a, mac: mac, vrf: &cfg.VRFs[i]}
	}
	for _, c := range cfg.Core {
		mac, err := net.ParseMAC(c.MAC)
		if err != nil {
			return nil, nil, fmt.Errorf("port %s: %w", c.Name, err)
		}
		core[c.Port] = &corePort{
			Core: c, mac: mac,
			neighbors: map[netip.Addr]kernel.NeighborEvent{}, wanted: map[netip.Addr]bool{},
		}
	}
	return access, core, nil
}

// switchPorts makes the bridge's ports, and replaces those whose wire is not
// the one they were made for. A customer's port has to wait for its wire: a
// host that does not run must not keep the router from its work.
func (r *reactor) switchPorts(ctx context.Context, cfg config.Router, core map[uint32]*corePort) error {
	bridge := ovs.Bridge{}
	for _, c := range cfg.Core {
		bridge.Ports = append(bridge.Ports,
			ovs.Port{Number: c.Port, Name: c.Name},
			ovs.Port{Number: c.BGPPort, Name: c.BGPName, Internal: true, MAC: core[c.Port].mac, MTU: defaultMTU})
	}
	for _, a := range cfg.Access {
		_, err := net.InterfaceByName(a.Name)
		if err != nil {
			r.log.Info("port without a wire", "port", a.Name, "host", a.Host)
		} else {
			bridge.Ports = append(bridge.Ports, ovs.Port{Number: a.Port, Name: a.Name})
		}
		if a.CE != nil {
			bridge.Ports = append(bridge.Ports, ovs.Port{Number: a.CE.Port, Name: a.CE.Name})
		}
	}
	if err := r.sw.SetMeters(ctx, meter.All(cfg)...); err != nil {
		return err
	}
	return r.sw.ApplyBridge(ctx, bridge)
}

// take replaces the configuration inside the loop.
func (r *reactor) take(cfg config.Router, access map[uint32]*accessPort, core map[uint32]*corePort, customers map[uint32]*customer) error {
	now := time.Now()
	r.anew = true
	r.dropPorts(now, access)
	r.settleNeighbors() // on the ports as they were
	for number, c := range core {
		if before := r.core[number]; before != nil && before.link == c.link {
			c.neighbors, c.wanted = before.neighbors, before.wanted
			continue
		}
		c.neighbors = r.heardBefore(c.link)
	}
	r.cfg, r.access, r.core = cfg, access, core
	r.takeCustomers(customers)
	if err := r.customerLabels(); err != nil {
		return err
	}
	r.portFlows()
	r.vrfFlows()
	r.tables.SetVRFs(tableVRFs(cfg))
	r.chooseAnew()
	for nextHop := range r.tables.NextHops() {
		r.useNextHop(nextHop)
	}
	r.refreshAdjacencies()
	r.refreshRoutes()
	r.enterCustomers()
	nics := map[string]string{}
	for _, c := range core {
		nics[c.Name] = c.NIC
	}
	r.carriersChanged(r.carriers.Behind(nics))
	for _, p := range access {
		if r.carriers.Up(p.Name) {
			r.accessCarrier(now, p, true)
		}
	}
	r.wantHosts(now)
	r.recall(now)
	r.memory.stale = true
	return nil
}

// refreshAdjacencies rewrites the adjacencies of ports that stay: their own
// MAC may be another.
func (r *reactor) refreshAdjacencies() {
	for hop := range r.fib.NextHops() {
		if c := r.core[hop.Port]; c != nil && hop.Push {
			r.fib.Resolve(hop, c.mac, c.neighbors[hop.Addr].MAC)
		}
		if p := r.access[hop.Port]; p != nil && !hop.Push {
			mac, _ := r.neighbors.Lookup(neighbor.Key{Port: hop.Port, Addr: hop.Addr})
			r.fib.Resolve(hop, p.mac, mac)
		}
	}
}

// dropPorts forgets the neighbours on ports that are gone or serve somebody
// else in the next configuration.
func (r *reactor) dropPorts(now time.Time, next map[uint32]*accessPort) {
	for number, was := range r.access {
		is := next[number]
		if is != nil && is.Name == was.Name && is.vrf.ID == was.vrf.ID && slices.Equal(is.Gateways, was.Gateways) {
			continue
		}
		r.neighborActions(r.neighbors.RemovePort(now, number))
	}
}

// portFlows says in flows what arrives where.
func (r *reactor) portFlows() {
	flows := pipeline.Base{Meter: meter.Other}.Flows()
	for _, c := range r.core {
		flows = append(flows, pipeline.CorePort{
			Port: c.Port, BGPPort: c.BGPPort, MAC: c.mac, Addresses: addressesOf(c.Addresses), Meter: meter.Core(c.Port),
		}.Flows()...)
	}
	for _, a := range r.access {
		flows = append(flows, pipeline.AccessPort{
			Port: a.Port, VRF: a.vrf.ID, MAC: a.mac, Gateways: addressesOf(a.Gateways),
			ControlMeter: meter.Control(a.Port), Meter: meter.Data(a.Port),
		}.Flows()...)
	}
	for _, c := range r.customers {
		flows = append(flows, r.customerFlows(c)...)
	}
	r.fib.Replace(flows, pipeline.KindBase, pipeline.KindCorePort, pipeline.KindAccessPort, pipeline.KindCustomerBGP)
}

func addressesOf(prefixes []netip.Prefix) []netip.Addr {
	out := make([]netip.Addr, len(prefixes))
	for i, p := range prefixes {
		out[i] = p.Addr()
	}
	return out
}

func slowInterfaces(access map[uint32]*accessPort) []slowpath.Interface {
	var out []slowpath.Interface
	for _, a := range access {
		out = append(out, slowpath.Interface{
			Port: a.Port, VRF: a.vrf.ID, Name: a.Name, MAC: a.mac, Addresses: a.Gateways, MTU: a.MTU, RA: advertisement(a.RA),
		})
	}
	return out
}

// configuredHosts is every address that the configuration names behind a port:
// the hosts' own and the next hops of static routes.
func (r *reactor) configuredHosts() map[neighbor.Key]bool {
	want := map[neighbor.Key]bool{}
	for _, p := range r.access {
		for _, a := range p.Expect {
			want[neighbor.Key{Port: p.Port, Addr: a}] = true
		}
	}
	for _, v := range r.cfg.VRFs {
		for _, s := range v.Statics {
			want[neighbor.Key{Port: s.Port, Addr: s.NextHop.WithZone("")}] = true
		}
	}
	return want
}

// wantHosts asks for every address that the configuration or a customer's
// route names behind a port. One that is named no longer is forgotten, and
// learnt again where a host still has it: it must not be routed to, nor
// announced, until it falls silent.
func (r *reactor) wantHosts(now time.Time) {
	want := r.configuredHosts()
	r.customerHosts(want)
	for k := range r.wanted {
		if !want[k] {
			r.neighborActions(r.neighbors.Forget(now, k))
		}
	}
	for k := range want {
		r.neighborActions(r.neighbors.Want(now, k))
	}
	r.wanted = want
}
