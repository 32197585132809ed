package ovs

import (
	"net"
	"testing"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"

	"pseudowan/ovs/pipeline"
)

// Numbers of the diversion test: next hops that nobody answers, in the core and at a
// customer's port.
const (
	deadCore     = 200
	deadCustomer = 201
)

// Packets whose next hop is dead take the backup of their route, with its label, as soon
// as the adjacency's one diversion is there; those of spread flows take another path.
// Without the diversion they are lost, and two diverted adjacencies do not make them
// circle.
func TestRealDiversion(t *testing.T) {
	p := runningPair(t)
	nobody := net.HardwareAddr{2, 0, 0, 9, 9, 9}
	flows := pipeline.Adjacency{ID: deadCore, Port: corePort, SrcMAC: wanMAC(1), DstMAC: nobody, Push: true, Resolved: true}.Flows()
	flows = append(flows, pipeline.Adjacency{ID: deadCustomer, Port: hostPort(2), SrcMAC: wanMAC(1), DstMAC: nobody, Resolved: true}.Flows()...)
	check(t, p.r1.sw.Commit(t.Context(), flows, nil))
	core := newCapture(t, p.r1.ns, "eth1")
	for what, tt := range map[string]struct {
		target func(pipeline.Forward) (pipeline.Target, []pipeline.Flow)
		dead   []uint32
	}{
		"core":              {overBackup(deadCore), []uint32{deadCore}},
		"a customer's port": {overBackup(deadCustomer), []uint32{deadCustomer}},
		"one of two paths": {func(to pipeline.Forward) (pipeline.Target, []pipeline.Flow) {
			g := pipeline.Group{ID: 1, Paths: []pipeline.Forward{{Adjacency: deadCore, Label: 99, MTU: to.MTU}, to}}
			return g.Spread(), g.Flows()
		}, []uint32{deadCore}},
	} {
		for family := range 2 {
			to := pipeline.Forward{Adjacency: coreAdjacency, Label: label(2, 1, family == 1), MTU: 1500}
			target, more := tt.target(to)
			prefix := subnets(2)[family]
			route := pipeline.Route{ID: routeID(1, family) + 3, VRF: 1, Prefix: prefix, To: target}.Flows()
			check(t, p.r1.sw.Commit(t.Context(), append(more, route...), nil))
			check(t, p.r1.sw.Commit(t.Context(), nil, diversions(deadCore, deadCustomer, coreAdjacency)))
			if len(more) == 0 { // a spread flow may take the living path
				becomes(t, p, family, false, what+" without a diversion")
			}
			check(t, p.r1.sw.Commit(t.Context(), diversions(tt.dead...), nil))
			becomes(t, p, family, true, what)
			want := layers.MPLS{Label: label(2, 1, family == 1), StackBottom: true, TTL: 63}
			core.next(t, "packet with the label of the backup", func(p gopacket.Packet) bool {
				l, ok := p.Layer(layers.LayerTypeMPLS).(*layers.MPLS)
				return ok && equalMPLS(*l, want)
			})
			if len(more) == 0 {
				check(t, p.r1.sw.Commit(t.Context(), diversions(coreAdjacency), nil))
				becomes(t, p, family, true, what+" with a diverted backup, which forwards")
			}
		}
	}
}

func overBackup(dead uint32) func(pipeline.Forward) (pipeline.Target, []pipeline.Flow) {
	return func(to pipeline.Forward) (pipeline.Target, []pipeline.Flow) {
		first := pipeline.Forward{Adjacency: dead, Label: 99, MTU: to.MTU}
		first.Protect(to)
		return first, nil
	}
}

func diversions(adjacencies ...uint32) (flows []pipeline.Flow) {
	for _, a := range adjacencies {
		flows = append(flows, pipeline.Diversion{Adjacency: a}.Flows()...)
	}
	return flows
}

// becomes waits until pings from a host of the first VRF to the other router's are
// answered, or are not: cached flows outlive a change for a moment.
func becomes(t *testing.T, p *pair, family int, want bool, what string) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); {
		if _, err := p.hosts["a1"].run("ping", "-n", "-c", "1", "-W", "0.1", remote(2, family)); (err == nil) == want {
			return
		}
	}
	t.Errorf("%s: family %d: want answers: %t", what, family, want)
}
