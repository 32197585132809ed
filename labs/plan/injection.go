package plan

import (
	"fmt"
	"net/netip"
	"slices"

	"pseudowan/bgp/session"
	"pseudowan/bgp/vpn"
	"pseudowan/router/config"
	"pseudowan/topology"
)

// Injection is a speaker that is added to a running router: its port, its wires and the
// sessions with it. It is not part of a lab's plan.
type Injection struct {
	Name      string `json:"name"` // of the speaker; no node has it
	Number    int    `json:"number"`
	Router    string `json:"router"`
	VRF       string `json:"vrf"`
	AS        uint32 `json:"as"`
	Namespace string `json:"namespace"` // the speaker's

	// In a VRF the speaker is a customer's router (CE); else it is a router of the core,
	// behind a link of its own.
	Access  *config.Access    `json:"access,omitempty"`
	Core    *config.Core      `json:"core,omitempty"`
	Session *topology.Session `json:"session,omitempty"`

	Interface Interface         `json:"interface"` // the speaker's
	Wires     []Wire            `json:"wires"`
	Sessions  []InjectorSession `json:"sessions"`
}

// InjectorSession is a session from the speaker's side.
type InjectorSession struct {
	Families []vpn.Family `json:"families"`
	Local    netip.Addr   `json:"local"`
	Peer     netip.Addr   `json:"peer"`
}

// InjectionRequest is where a speaker is wanted.
type InjectionRequest struct {
	Number int // from 1; no two speakers of a lab have the same
	VRF    string
	VPN    bool   // labelled VPN routes from a router of the core, instead of a CE's
	AS     uint32 // 0: one that nobody has in a VRF, the router's own in the core
	IPv4   bool
	IPv6   bool
}

// MaxInjections is how many speakers a lab can have at a time.
const MaxInjections = 64

const (
	// firstInjectorAS begins the AS numbers of speakers, which are private (RFC 6996).
	firstInjectorAS = 4_200_000_000

	injectorInterface = "eth0"
	injectorMTU       = 1500
)

// Inject plans a speaker at a router. Its addresses are those for tests of devices (RFC
// 2544, RFC 5180), its ports the last of the switch, which plans do not reach.
func Inject(r config.Router, q InjectionRequest) Injection {
	i := Injection{
		Name: fmt.Sprintf("inject%d", q.Number), Number: q.Number, Router: r.Router, VRF: q.VRF, AS: q.AS,
		Namespace: NodeNamespace(r.Lab, injectorNode(q.Number)),
	}
	if q.VPN {
		i.core(r, q)
	} else {
		i.customer(r, q)
	}
	return i
}

// injectorNode names the speaker's end of wires. No node can have this name.
func injectorNode(number int) string { return fmt.Sprintf("+inject%d", number) }

// subnets are those of the speaker's wire, with the router's address and the speaker's.
func injectorSubnets(number int, q InjectionRequest) (router, speaker []netip.Prefix) {
	four := netip.AddrFrom4([4]byte{198, 18, byte(number), 1})
	six := netip.AddrFrom16([16]byte{0x20, 0x01, 0, 2, 0, 0, 0, byte(number), 15: 1})
	if q.IPv4 {
		router, speaker = append(router, netip.PrefixFrom(four, 30)), append(speaker, netip.PrefixFrom(four.Next(), 30))
	}
	if q.IPv6 {
		router, speaker = append(router, netip.PrefixFrom(six, 64)), append(speaker, netip.PrefixFrom(six.Next(), 64))
	}
	return router, speaker
}

// ports are the two of a speaker.
func injectorPorts(number int) (first, second uint32) {
	return lastPort - uint32(2*number), lastPort - uint32(2*number) + 1
}

// customer makes the speaker a CE.
func (i *Injection) customer(r config.Router, q InjectionRequest) {
	port, ownPort := injectorPorts(q.Number)
	gateways, addresses := injectorSubnets(q.Number, q)
	if i.AS == 0 {
		i.AS = firstInjectorAS + uint32(q.Number)
	}
	i.Access = &config.Access{
		Port: port, Name: fmt.Sprintf("ovs-inj%d", port), VRF: q.VRF, MAC: gatewayMAC(port).String(), Gateways: gateways, MTU: injectorMTU, Host: i.Name,
	}
	settings := session.Default(session.Hosts)
	settings.MaxPrefixes, settings.Passive, settings.Description = 0, true, i.Name+": injected routes"
	node := r.Router + "+" + i.Access.Name
	i.Access.CE = &config.CE{
		Namespace: NodeNamespace(r.Lab, node), Interface: customerInterface, Port: ownPort, Name: fmt.Sprintf("ovs-bgp%d", ownPort),
		BGP: topology.CustomerBGP{AS: i.AS, Settings: settings},
	}
	for k, g := range gateways {
		family := vpn.FamilyOf(g).Plain()
		i.Access.CE.BGP.Sessions = append(i.Access.CE.BGP.Sessions, topology.CustomerSession{Family: family, LocalAddress: g.Addr(), PeerAddress: addresses[k].Addr()})
		i.Sessions = append(i.Sessions, InjectorSession{[]vpn.Family{family}, addresses[k].Addr(), g.Addr()})
	}
	i.wire(r, i.Access.Name, addresses, injectorMTU)
	i.Wires = append(i.Wires, Wire{
		A: End{Node: r.Router, Interface: i.Access.CE.Name, MTU: injectorMTU, Alias: r.Router + ":" + i.Name + "/bgp", MAC: derivedMAC(r.Lab, r.Router, i.Access.CE.Name).String()},
		B: End{Node: node, Interface: customerInterface, MTU: injectorMTU, Alias: node + ":" + customerInterface, MAC: i.Access.MAC},
	})
}

// core makes the speaker a router of the core, whose routes have labels.
func (i *Injection) core(r config.Router, q InjectionRequest) {
	port, ownPort := injectorPorts(q.Number)
	// VPNv6 routes have an IPv4 next hop, too (RFC 4659 section 3.2.1.2).
	routers, speakers := injectorSubnets(q.Number, InjectionRequest{IPv4: true})
	if i.AS == 0 {
		i.AS = r.AS
	}
	const mtu = 1512
	name := fmt.Sprintf("inj%d", q.Number)
	i.Core = &config.Core{
		Port: port, Name: name, BGPPort: ownPort, BGPName: bgpPortName(name),
		MAC: derivedMAC(r.Lab, r.Router, bgpPortName(name)).String(), Addresses: routers, MTU: mtu,
	}
	settings := session.Default(session.Routers)
	settings.Passive, settings.Description = true, i.Name+": injected routes"
	i.Session = &topology.Session{
		Router: r.Router, Interface: name, LocalAddress: routers[0].Addr(), PeerAddress: speakers[0].Addr(), PeerAS: i.AS, Settings: settings,
	}
	var families []vpn.Family
	if q.IPv4 {
		families = append(families, vpn.VPNv4)
	}
	if q.IPv6 {
		families = append(families, vpn.VPNv6)
	}
	i.Sessions = []InjectorSession{{families, speakers[0].Addr(), routers[0].Addr()}}
	i.wire(r, name, speakers, mtu)
	i.Core.Neighbors = []config.Neighbor{{Address: speakers[0].Addr(), MAC: i.Interface.MAC}}
}

// wire plans the wire between the router and the speaker.
func (i *Injection) wire(r config.Router, port string, addresses []netip.Prefix, mtu int) {
	node := injectorNode(i.Number)
	i.Interface = Interface{Name: injectorInterface, MAC: derivedMAC(r.Lab, node, injectorInterface).String(), MTU: mtu, Addresses: addresses}
	i.Wires = append(i.Wires, Wire{
		A: End{Node: r.Router, Interface: port, MTU: mtu, Alias: r.Router + ":" + i.Name, MAC: derivedMAC(r.Lab, r.Router, port).String()},
		B: End{Node: node, Interface: injectorInterface, MTU: mtu, Alias: i.Name + ":" + injectorInterface, MAC: i.Interface.MAC},
	})
}

// Namespaces are the namespaces of the speaker, its own last.
func (i Injection) Namespaces() []string {
	if i.Access != nil {
		return []string{i.Access.CE.Namespace, i.Namespace}
	}
	return []string{i.Namespace}
}

// Added is a router's configuration with the speaker.
func (i Injection) Added(c config.Router) config.Router {
	c = i.Removed(c)
	switch {
	case i.Access != nil:
		c.Access = append(c.Access, *i.Access)
		slices.SortFunc(c.Access, func(x, y config.Access) int { return int(x.Port) - int(y.Port) })
	case i.Core != nil:
		c.Core, c.Sessions = append(c.Core, *i.Core), append(c.Sessions, *i.Session)
	}
	return c
}

// Removed is a router's configuration without the speaker.
func (i Injection) Removed(c config.Router) config.Router {
	c.Access = slices.DeleteFunc(slices.Clone(c.Access), func(a config.Access) bool { return i.Access != nil && a.Port == i.Access.Port })
	c.Core = slices.DeleteFunc(slices.Clone(c.Core), func(k config.Core) bool { return i.Core != nil && k.Port == i.Core.Port })
	c.Sessions = slices.DeleteFunc(slices.Clone(c.Sessions), func(s topology.Session) bool { return i.Session != nil && s.Interface == i.Session.Interface })
	return c
}
