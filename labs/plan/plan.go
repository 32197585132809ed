package plan

import (
	"fmt"
	"net/netip"
	"slices"

	"pseudowan/bgp/policy"
	"pseudowan/hosts"
	"pseudowan/router/config"
	"pseudowan/topology"
)

// Plan is what must exist for a topology to run. It depends only on the topology
// and the allocations of the lab's earlier plans, and not on the order of the
// hosts in the file.
type Plan struct {
	Format    int       `json:"format"`
	Lab       string    `json:"lab"`
	Namespace string    `json:"namespace"` // the lab's own: segments and the keeper live there
	Runtime   string    `json:"runtime"`   // of hosts that do not name theirs
	Routers   []Router  `json:"routers"`
	Hosts     []Host    `json:"hosts"`
	Wires     []Wire    `json:"wires"`
	Segments  []Segment `json:"segments,omitempty"`
	NICs      []NIC     `json:"nics,omitempty"`
	Uplinks   []Uplink  `json:"uplinks,omitempty"` // the server on segments

	Source string `json:"source,omitempty"` // what the lab was brought up from: an absolute path if it is a file
	Dir    string `json:"dir,omitempty"`    // where relative paths in it start
	Edited bool   `json:"edited,omitempty"` // the lab was changed since, while it ran
	Place  *Place `json:"place,omitempty"`  // nil: the plan is for the whole lab

	// NICNames are the server's names for NICs that the topology names otherwise.
	NICNames map[string]string `json:"nic_names,omitempty"`

	Allocations Allocations `json:"allocations"`
	Names       []Name      `json:"names"`
}

// format is incremented when the meaning of a stored Plan changes.
const format = 2

// Current reports whether a stored plan means what one of this version would.
func (p *Plan) Current() bool { return p.Format == format }

// Router is one router: its namespace and its configuration.
type Router struct {
	Name      string        `json:"name"`
	Namespace string        `json:"namespace"`
	Config    config.Router `json:"config"`
}

// Host is one customer host.
type Host struct {
	Name         string            `json:"name"`
	Runtime      string            `json:"runtime"`
	Namespace    string            `json:"namespace"`           // if its runtime makes one
	Container    string            `json:"container"`           // if its runtime makes one; the name is for users
	Image        string            `json:"image,omitempty"`     // empty without Build: the built-in one
	Build        string            `json:"build,omitempty"`     // an absolute path
	BuildTag     string            `json:"build_tag,omitempty"` // names the built image; New leaves it empty
	Devices      []string          `json:"devices,omitempty"`
	Capabilities []string          `json:"capabilities,omitempty"`
	Mounts       []topology.Mount  `json:"mounts,omitempty"`
	Memory       int64             `json:"memory,omitempty"` // octets; 0: no limit
	CPUs         float64           `json:"cpus,omitempty"`   // 0: no limit
	Command      []string          `json:"command,omitempty"`
	Machine      *topology.Machine `json:"machine,omitempty"`
	NICs         []MachineNIC      `json:"nics,omitempty"` // of a virtual machine
	Env          map[string]string `json:"env,omitempty"`
	Files        map[string]string `json:"files,omitempty"` // content by absolute path

	Services []topology.Service `json:"services,omitempty"`
	Keep     []string           `json:"keep,omitempty"` // directories that are the host's own
	Packages []string           `json:"-"`              // of the distribution, that its commands need

	// For messages: the first setting that needs a container, and the line of Build
	// in the file.
	ContainerOnly *topology.Setting `json:"-"`
	BuildLine     int               `json:"-"`

	VRFs       []string          `json:"vrfs"`
	Addresses  []string          `json:"addresses"`
	Forward    bool              `json:"forward,omitempty"`  // the host routes between its interfaces
	Rewrites   bool              `json:"rewrites,omitempty"` // programs of the host give its interfaces further addresses
	Sysctls    map[string]string `json:"sysctls,omitempty"`  // kernel settings of the whole host
	Knows      []string          `json:"knows,omitempty"`    // further scopes of names: segments without a router, and VRFs behind them
	Interfaces []Interface       `json:"interfaces"`
	Routes     []Route           `json:"routes,omitempty"`
}

// Resolves reports whether a host learns of DNS servers, and its own file does not say
// what they are.
func (h Host) Resolves() bool {
	_, own := h.Files["/etc/resolv.conf"]
	return !own && slices.ContainsFunc(h.Interfaces, func(i Interface) bool { return i.SLAAC || i.DHCP != nil })
}

// Interface is an interface inside a host: the end of a wire, or a LAN behind
// the host.
type Interface struct {
	Name      string         `json:"name"`
	Router    string         `json:"router,omitempty"`  // at the wire's other end
	Segment   string         `json:"segment,omitempty"` // that the wire leads to
	MAC       string         `json:"mac"`
	MTU       int            `json:"mtu"`
	Addresses []netip.Prefix `json:"addresses,omitempty"`
	SLAAC     bool           `json:"slaac,omitempty"`
	Hears     bool           `json:"hears,omitempty"`  // takes routes, but no addresses, from router advertisements
	Formed    []netip.Prefix `json:"formed,omitempty"` // with SLAAC: the addresses that the host forms
	DAD       bool           `json:"dad,omitempty"`    // the host looks for duplicates of its addresses

	Guard   topology.Guard    `json:"guard,omitzero"` // of the port that it is plugged into
	DHCP    *topology.DHCP    `json:"dhcp,omitempty"`
	ProxyND []netip.Prefix    `json:"proxy_nd,omitempty"`
	Sysctls map[string]string `json:"sysctls,omitempty"` // by name, perhaps with ipv4. or ipv6.
}

// LAN reports whether the interface represents a LAN behind the host.
func (i Interface) LAN() bool { return i.Router == "" && i.Segment == "" }

// Route is a static route inside a host.
type Route struct {
	Prefix    netip.Prefix `json:"prefix"`
	Via       netip.Addr   `json:"via"`
	Interface string       `json:"interface"`
}

// Wire is a veth pair.
type Wire struct {
	A End `json:"a"`
	B End `json:"b"`
}

// End is one end of a wire.
type End struct {
	Node      string `json:"node"` // empty: the lab's namespace
	Interface string `json:"interface"`
	MAC       string `json:"mac"`
	MTU       int    `json:"mtu"`
	Alias     string `json:"alias"`
}

// Segment is a LAN that several routers share, or one of hosts. The A ends of its
// wires are in the lab's namespace.
type Segment struct {
	Name  string `json:"name"`
	Of    string `json:"of,omitempty"` // the topology's name of a segment of hosts
	MTU   int    `json:"mtu"`
	Wires []Wire `json:"wires"`

	Guards []Guard `json:"guards,omitempty"` // of the A ends of wires
	Tunnel *Tunnel `json:"tunnel,omitempty"` // to the segment's parts at other sites; nil: there are none
}

// NIC lends an interface of the server to a router.
type NIC struct {
	NIC       string `json:"nic"`
	Router    string `json:"router"`
	Interface string `json:"interface"`
	MTU       int    `json:"mtu"`
}

// Name is a line of /etc/hosts.
type Name struct {
	Address netip.Addr `json:"address"`
	Names   []string   `json:"names"`
	VRF     string     `json:"vrf"` // or the scope of a segment without a router; "" for routers
	Node    string     `json:"node"`
}

// New plans a topology. Names, ports and labels in previous, which is zero for a
// new lab, are kept. Hosts that do not name a runtime run in runtime.
func New(t *topology.Topology, previous Allocations, runtime string) (*Plan, error) {
	b := newPlanner(t, previous, runtime).build()
	if len(b.exhausted) > 0 {
		// What this edit adds may get the numbers of what it removes, but only if no
		// others are left.
		left := previous.clone()
		left.prune(b.inUse)
		b = newPlanner(t, left, runtime).build()
	}
	if len(b.exhausted) > 0 {
		return nil, fmt.Errorf("lab %s: %w", t.Name, b.exhausted[0])
	}
	return b.plan, nil
}

func newPlanner(t *topology.Topology, previous Allocations, runtime string) *planner {
	return &planner{topology: t, runtime: runtime, routers: map[string]*config.Router{}, inUse: allocationsInUse{}, instances: map[[2]string]topology.VRF{}, ends: map[string][]End{}, guards: map[string][]Guard{}, plan: &Plan{
		Format:      format,
		Lab:         t.Name,
		Namespace:   LabNamespace(t.Name),
		Runtime:     runtime,
		Allocations: previous.clone(),
	}}
}

// planner is the state of New.
type planner struct {
	topology *topology.Topology
	plan     *Plan
	runtime  string
	routers  map[string]*config.Router
	inUse    allocationsInUse

	instances map[[2]string]topology.VRF // by router and VRF
	ends      map[string][]End           // of wires to each segment of hosts
	guards    map[string][]Guard         // of hosts there

	forwarders map[string][][]string // see forwardersOf

	exhausted []error // one for each name without a number
}

func (b *planner) build() *planner {
	for _, r := range b.topology.Routers {
		b.routers[r.Name] = &config.Router{
			Lab: b.topology.Name, Router: r.Name,
			AS: r.AS, RouterID: r.ID, Labels: r.Labels,
			Datapath: b.topology.Datapath,
		}
		b.plan.Allocations.router(r.Name)
	}
	b.links()
	b.transport()
	b.vrfs()
	hosts := b.sortedHosts()
	b.forwarders = b.forwardersOf(hosts)
	b.vrfLinks()
	b.segments()
	for _, h := range hosts {
		b.host(h)
	}
	b.bridges()
	b.server()
	for _, r := range b.topology.Routers {
		b.stations(r)
	}
	b.sessions()
	b.expectations()
	b.names(hosts)
	b.plan.Allocations.prune(b.inUse)
	for _, r := range b.topology.Routers {
		c := b.routers[r.Name]
		slices.SortFunc(c.Access, func(x, y config.Access) int { return int(x.Port) - int(y.Port) })
		c.Policies = b.policies(c)
		b.plan.Routers = append(b.plan.Routers, Router{
			Name: r.Name, Namespace: NodeNamespace(b.topology.Name, r.Name), Config: *c,
		})
	}
	return b
}

func (b *planner) links() {
	for i, l := range b.topology.Links {
		if l.InterAS == topology.OptionA {
			continue // see vrfLinks
		}
		ends := make([]End, len(l.Ends))
		for j, e := range l.Ends {
			ends[j] = b.coreEnd(l, e)
		}
		b.neighbors(l)
		switch {
		case l.NIC != "":
			b.plan.NICs = append(b.plan.NICs, NIC{NIC: l.NIC, Router: l.Ends[0].Router, Interface: l.Ends[0].Interface, MTU: l.MTU})
		case len(ends) == 2:
			b.plan.Wires = append(b.plan.Wires, Wire{ends[0], ends[1]})
		default:
			b.segment(fmt.Sprintf("lan%d", i), l.MTU, ends)
		}
	}
}

// coreEnd plans the two ports of a link end and returns the end of its wire.
func (b *planner) coreEnd(l topology.Link, e topology.LinkEnd) End {
	c := b.routers[e.Router]
	mac := e.MAC
	if len(mac) == 0 {
		mac = derivedMAC(b.topology.Name, e.Router, "bgp-"+e.Interface)
	}
	c.Core = append(c.Core, config.Core{
		Port: b.corePort(e.Router, e.Interface), Name: e.Interface,
		BGPPort: b.corePort(e.Router, bgpPortName(e.Interface)), BGPName: bgpPortName(e.Interface),
		MAC: mac.String(), Addresses: e.Addresses, MTU: l.MTU, NIC: behind(l, e), Metric: l.Metric, XDP: l.XDP, External: b.external(l),
	})
	return End{
		Node: e.Router, Interface: e.Interface, MTU: l.MTU,
		MAC:   derivedMAC(b.topology.Name, e.Router, e.Interface).String(),
		Alias: e.Router + ":" + e.Interface,
	}
}

// neighbors tells the routers on a link each other's MACs. Those that they learn by
// themselves share the kernel's one neighbour table of all namespaces, which a LAN of
// more than thirty routers fills.
func (b *planner) neighbors(l topology.Link) {
	core := func(e topology.LinkEnd) *config.Core {
		c := b.routers[e.Router]
		return &c.Core[slices.IndexFunc(c.Core, func(c config.Core) bool { return c.Name == e.Interface })]
	}
	for _, e := range l.Ends {
		mine := core(e)
		for _, other := range l.Ends {
			if other.Router == e.Router && other.Interface == e.Interface {
				continue
			}
			for _, a := range other.Addresses {
				if slices.ContainsFunc(e.Addresses, func(p netip.Prefix) bool { return p.Contains(a.Addr()) }) {
					mine.Neighbors = append(mine.Neighbors, config.Neighbor{Address: a.Addr(), MAC: core(other).MAC})
				}
			}
		}
	}
}

// behind returns the NIC that may be behind the wire of a link end.
func behind(l topology.Link, e topology.LinkEnd) string {
	if l.NIC == "" {
		return ""
	}
	return hosts.NICName(e.Interface)
}

func (b *planner) segment(name string, mtu int, ends []End) {
	s := Segment{Name: name, MTU: mtu}
	for i, e := range ends {
		port := fmt.Sprintf("%sp%d", name, i+1)
		s.Wires = append(s.Wires, Wire{B: e, A: End{
			Interface: port, MTU: mtu,
			MAC:   derivedMAC(b.topology.Name, "", port).String(),
			Alias: e.Alias + "@" + name,
		}})
	}
	b.plan.Segments = append(b.plan.Segments, s)
}

func (b *planner) vrfs() {
	for _, v := range b.topology.VRFs {
		b.instances[[2]string{v.Router, v.Name}] = v
		c := b.routers[v.Router]
		c.VRFs = append(c.VRFs, config.VRF{
			ID:   b.vrf(v.Router, v.Name),
			Name: v.Name, RD: v.RD, Import: v.Import, Export: v.Export,
			LabelMode:             v.LabelMode,
			RedistributeConnected: v.RedistributeConnected,
			RedistributeStatic:    v.RedistributeStatic,
			ImportPolicy:          v.ImportPolicy,
			ExportPolicy:          v.ExportPolicy,
			Limit:                 v.Limit,
			Aggregates:            v.Aggregates,
		})
	}
}

// policies returns those that a router's sessions and VRFs name.
func (b *planner) policies(c *config.Router) []policy.Policy {
	var named []string
	for _, s := range c.Sessions {
		named = slices.Concat(named, s.ImportPolicy, s.ExportPolicy)
	}
	for _, v := range c.VRFs {
		named = slices.Concat(named, v.ImportPolicy, v.ExportPolicy)
	}
	for _, a := range c.Access {
		if a.CE != nil {
			named = slices.Concat(named, a.CE.BGP.ImportPolicy, a.CE.BGP.ExportPolicy)
		}
	}
	return slices.DeleteFunc(slices.Clone(b.topology.Policies), func(p policy.Policy) bool { return !slices.Contains(named, p.Name) })
}
