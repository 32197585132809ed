package access

import (
	"log/slog"
	"maps"
	"net"
	"net/netip"
	"time"

	"pseudowan/ovs/pipeline"
	"pseudowan/router/config"
	"pseudowan/router/fib"
	"pseudowan/router/neighbor"
	"pseudowan/router/slowpath"
)

// Sender sends frames out of a port, or into the switch as if from a host of a VRF.
type Sender interface {
	Output(port uint32, frame []byte) error
	Inject(vrf uint32, frame []byte) error
	InjectLabeled(frame []byte) error
}

// Ports holds the access ports of one router. It is not safe for concurrent use.
type Ports struct {
	log  *slog.Logger
	fib  *fib.Table
	send Sender

	ports      map[uint32]*Port
	fresh      map[uint32]bool // ports without flows in the switch
	widest     int             // the longest IP packet that can arrive at the router, in octets
	slow       *slowpath.Router
	adverts    *advertiser
	neighbors  *neighbor.Table
	configured map[neighbor.Key]bool      // neighbours that the configuration names
	wanted     map[neighbor.Key]bool      // these, and those that others asked for
	conflicts  map[neighbor.Key]time.Time // when another station's claim to an address was last logged
	changed    []neighbor.Key             // neighbours that appeared, disappeared or moved, in order
	ignored    map[uint32]uint64          // punted packets that got no answer, by the port where they came in
}

// New returns an empty Ports.
func New(log *slog.Logger, f *fib.Table) *Ports {
	slow, _ := slowpath.New(slowpath.Config{}) // cannot fail without interfaces
	return &Ports{
		log: log, fib: f, ports: map[uint32]*Port{}, fresh: map[uint32]bool{}, slow: slow, adverts: newAdvertiser(), neighbors: neighbor.New(),
		configured: map[neighbor.Key]bool{}, wanted: map[neighbor.Key]bool{}, conflicts: map[neighbor.Key]time.Time{}, ignored: map[uint32]uint64{},
	}
}

// SetSender sets the sender of frames. Call it before the first frame.
func (s *Ports) SetSender(to Sender) { s.send = to }

// Leave forgets the neighbours on ports that are about to disappear or to serve
// another host, and ends the advertisements there. The resulting changes belong to
// the old ports.
func (s *Ports) Leave(now time.Time, next map[uint32]*Port) {
	s.Cease(next)
	for number, was := range s.ports {
		if !was.same(next[number]) {
			s.act(s.neighbors.RemovePort(now, number))
		}
	}
}

// Configure replaces the ports, after Leave. widest is the longest IP packet that
// other routers can send, in octets.
func (s *Ports) Configure(ports map[uint32]*Port, slow *slowpath.Router, widest int) {
	s.await(ports)
	s.ports, s.slow, s.widest = ports, slow, max(widest, Widest(ports))
	var flows []pipeline.Flow
	for _, p := range ports {
		flows = append(flows, p.flows()...)
	}
	s.fib.Replace(flows, pipeline.KindAccessPort)
	for hop := range s.fib.NextHops() { // the MAC of the port may have changed
		if p := ports[hop.Port]; p != nil && !hop.Push {
			s.resolve(p, hop.Addr)
		}
	}
}

// await notes which of the next ports are new to the switch, until it has their flows. One
// that is taken over has those of before.
func (s *Ports) await(next map[uint32]*Port) {
	fresh := maps.Clone(s.fresh)
	for number, p := range next {
		if !p.same(s.ports[number]) && !s.fib.Held() {
			fresh[number] = true
		}
	}
	s.fresh = fresh
	s.fib.Then(func() { clear(fresh) })
}

// resolve rewrites the adjacency of a host's address, if it has one. Without a MAC,
// packets for it go to the slow path.
func (s *Ports) resolve(p *Port, addr netip.Addr) {
	mac, _ := s.Lookup(neighbor.Key{Port: p.Port, Addr: addr})
	s.fib.Resolve(fib.NextHop{Port: p.Port, Addr: addr}, p.HardwareAddr, mac)
}

// Port returns a port by its number, or nil.
func (s *Ports) Port(number uint32) *Port { return s.ports[number] }

// All returns the ports by number. It must not be changed.
func (s *Ports) All() map[uint32]*Port { return s.ports }

// Holding returns the port of a VRF with the longest subnet that holds an address, or
// nil. For a link-local address, the zone names the port.
func (s *Ports) Holding(vrf uint32, addr netip.Addr) *Port {
	var best *Port
	bits := -1
	for _, p := range s.ports {
		if p.VRFID != vrf {
			continue
		}
		for _, g := range p.Gateways {
			better := g.Bits() > bits || g.Bits() == bits && p.Port < best.Port
			if (g.Contains(addr) || p.Name == addr.Zone()) && better {
				best, bits = p, g.Bits()
			}
		}
	}
	return best
}

// Forward returns how packets get to an address on a port.
func (s *Ports) Forward(p *Port, addr netip.Addr) pipeline.Forward {
	addr = addr.WithZone("")
	mac, _ := s.Lookup(neighbor.Key{Port: p.Port, Addr: addr})
	to := pipeline.Forward{Adjacency: s.fib.Adjacency(fib.NextHop{Port: p.Port, Addr: addr}, p.HardwareAddr, mac)}
	if s.widest > p.MTU { // otherwise every packet that can arrive fits
		to.MTU = p.MTU
	}
	return to
}

// Carrier notes that a port has gained or lost its carrier.
func (s *Ports) Carrier(now time.Time, p *Port, up bool) {
	if !up {
		s.adverts.stop(p.Port)
		s.act(s.neighbors.PortDown(now, p.Port))
		return
	}
	s.act(s.neighbors.PortUp(now, p.Port))
	for _, frame := range s.slow.GratuitousAnnounce(p.Port) {
		s.output(slowpath.Out{Port: p.Port, Frame: frame})
	}
	s.startAdvertising(now, p)
}

// Tick does what is due.
func (s *Ports) Tick(now time.Time) {
	s.act(s.neighbors.Tick(now))
	s.advertise(now)
}

// Next returns when Tick has something to do; ok is false if nothing will be due.
func (s *Ports) Next() (at time.Time, ok bool) {
	at, ok = s.neighbors.Next()
	if advert, due := s.adverts.next(); due && (!ok || advert.Before(at)) {
		return advert, true
	}
	return at, ok
}

// Lookup returns the MAC of a neighbour that is up.
func (s *Ports) Lookup(k neighbor.Key) (mac net.HardwareAddr, ok bool) { return s.neighbors.Lookup(k) }

// Entries lists the neighbours by port and address.
func (s *Ports) Entries() []neighbor.Entry { return s.neighbors.Entries() }

// configuredHosts returns all addresses that the configuration names behind a port:
// the hosts' own and the next hops of static routes.
func configuredHosts(ports map[uint32]*Port, vrfs []config.VRF) map[neighbor.Key]bool {
	want := map[neighbor.Key]bool{}
	for _, p := range ports {
		for _, a := range p.Expect {
			want[neighbor.Key{Port: p.Port, Addr: a}] = true
		}
	}
	for _, v := range vrfs {
		for _, s := range v.Statics {
			want[neighbor.Key{Port: s.Port, Addr: s.NextHop.WithZone("")}] = true
		}
	}
	return want
}

func (s *Ports) output(frames ...slowpath.Out) {
	for _, o := range frames {
		var err error
		switch {
		case o.Port != 0:
			err = s.send.Output(o.Port, o.Frame)
		case o.Labeled:
			err = s.send.InjectLabeled(o.Frame)
		default:
			err = s.send.Inject(o.VRF, o.Frame)
		}
		if err != nil {
			s.log.Warn("cannot send a frame", "port", o.Port, "vrf", o.VRF, "error", err)
		}
	}
}
