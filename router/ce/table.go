package ce

import (
	"log/slog"
	"net/netip"
	"slices"

	"pseudowan/bgp"
	"pseudowan/ovs/pipeline"
	"pseudowan/router/access"
	"pseudowan/router/config"
	"pseudowan/router/fib"
	"pseudowan/router/neighbor"
	"pseudowan/router/vrf"
)

// Table holds the CEs of one router. It is not safe for concurrent use.
type Table struct {
	log   *slog.Logger
	fib   *fib.Table
	ports *access.Ports
	vrfs  *vrf.Tables

	as  uint32         // the router's
	id  netip.Addr     // its BGP identifier
	ces map[uint32]*CE // by access port
}

// CE is the BGP with the host on one access port.
type CE struct {
	config.CE
	Port    *access.Port
	Speaker *Speaker
	Peers   map[netip.Addr]bgp.PeerState

	received map[bgp.Key]bgp.Route    // all that the host announces
	entered  map[bgp.Key]enteredRoute // of these, the routes in the VRF
	refused  map[bgp.Key]string       // why the others are not
	nextHops map[netip.Addr]int       // number of received routes by next hop
	asked    map[netip.Addr]bool      // those that are kept resolved
	speech   *vrf.Speech
}

// NewTable returns an empty Table.
func NewTable(log *slog.Logger, f *fib.Table, ports *access.Ports, vrfs *vrf.Tables) *Table {
	return &Table{log: log, fib: f, ports: ports, vrfs: vrfs, ces: map[uint32]*CE{}}
}

// Leave removes the CEs whose speakers are not in speakers, with their routes. Call
// it before ports and VRFs are configured.
func (t *Table) Leave(speakers map[uint32]*Speaker) {
	for number, c := range t.ces {
		if speakers[number] == c.Speaker {
			continue
		}
		c.speech.Close()
		for key := range c.received {
			t.forget(c, key)
		}
		delete(t.ces, number)
	}
}

// Speak replaces the router's AS and identifier, and the speakers of the CEs, on ports that are already configured, and
// returns the new ones.
func (t *Table) Speak(as uint32, id netip.Addr, speakers map[uint32]*Speaker) (fresh []*Speaker) {
	t.as, t.id = as, id
	for number, speaker := range speakers {
		c := t.ces[number]
		if c == nil {
			c = t.newCE(speaker)
			t.ces[number] = c
			fresh = append(fresh, speaker)
		}
		c.Port = t.ports.Port(number)
		c.CE = *c.Port.CE
	}
	return fresh
}

func (t *Table) newCE(speaker *Speaker) *CE {
	return &CE{
		Speaker: speaker, Peers: map[netip.Addr]bgp.PeerState{},
		received: map[bgp.Key]bgp.Route{}, entered: map[bgp.Key]enteredRoute{}, refused: map[bgp.Key]string{},
		nextHops: map[netip.Addr]int{}, asked: map[netip.Addr]bool{}, speech: vrf.NewSpeech(t.log, t.fib, speaker, nil),
	}
}

// Configure enters all routes again after the VRFs have been configured, and programs
// the sessions.
func (t *Table) Configure() {
	var flows []pipeline.Flow
	for _, c := range t.ces {
		flows = append(flows, t.flows(c)...)
		for _, route := range c.received {
			t.enter(c, route)
		}
	}
	t.fib.Replace(flows, pipeline.KindCustomerBGP)
}

// CE returns the CE on an access port, or nil.
func (t *Table) CE(port uint32) *CE { return t.ces[port] }

// CEs lists the CEs by access port.
func (t *Table) CEs() []*CE {
	list := make([]*CE, 0, len(t.ces))
	for _, c := range t.ces {
		list = append(list, c)
	}
	slices.SortFunc(list, func(a, b *CE) int { return int(a.Port.Port) - int(b.Port.Port) })
	return list
}

// VRF returns the name of the CE's VRF.
func (c *CE) VRF() string { return c.Port.VRF }

// Neighbor returns the key of the neighbour with an address on the CE's port.
func (c *CE) Neighbor(a netip.Addr) neighbor.Key { return neighbor.Key{Port: c.Port.Port, Addr: a} }

// flows returns the flows by which the sessions of a CE pass the switch.
func (t *Table) flows(c *CE) []pipeline.Flow {
	p := pipeline.CustomerBGP{Access: c.Port.Port, Port: c.CE.Port, MAC: c.Port.HardwareAddr}
	for _, s := range c.BGP.Sessions {
		mac, _ := t.ports.Lookup(c.Neighbor(s.PeerAddress))
		p.Sessions = append(p.Sessions, pipeline.CustomerPeer{Gateway: s.LocalAddress, Peer: s.PeerAddress, MAC: mac})
	}
	return p.Flows()
}

// FollowNeighbor notes that an address on an access port appeared, disappeared or
// moved: packets of the sessions go to its new MAC, and routes behind it may have
// become usable or unusable.
func (t *Table) FollowNeighbor(k neighbor.Key) {
	c := t.ces[k.Port]
	if c == nil {
		return
	}
	t.fib.Set(t.flows(c))
	for key, e := range c.entered {
		if e.nextHop == k.Addr {
			t.enter(c, c.received[key])
		}
	}
}

// Neighbors lists the neighbours that the CEs' routes need.
func (t *Table) Neighbors() []neighbor.Key {
	var list []neighbor.Key
	for _, c := range t.ces {
		for hop := range c.asked {
			if c.Port.OnLink(hop) {
				list = append(list, c.Neighbor(hop))
			}
		}
	}
	return list
}

// Of returns the CE of a speaker, or nil if it is gone.
func (t *Table) Of(speaker *Speaker) *CE {
	for _, c := range t.ces {
		if c.Speaker == speaker {
			return c
		}
	}
	return nil
}
