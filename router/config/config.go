package config

import (
	"net/netip"

	"pseudowan/bgp/policy"
	"pseudowan/bgp/vpn"
	"pseudowan/topology"
)

// Router is the desired state of one router. It is a pure function of the lab's
// plan.
type Router struct {
	Lab      string         `json:"lab"`
	Router   string         `json:"router"`
	AS       uint32         `json:"as"`
	RouterID netip.Addr     `json:"router_id"`
	Labels   vpn.LabelRange `json:"labels"`
	Datapath string         `json:"datapath,omitempty"`

	Maintenance bool `json:"maintenance,omitempty"` // paths through the router are the last resort

	Core      []Core             `json:"core"`
	Transport *Transport         `json:"transport,omitempty"` // nil: next hops are on links alone
	Access    []Access           `json:"access"`              // sorted by port
	VRFs      []VRF              `json:"vrfs"`
	Sessions  []topology.Session `json:"sessions"`
	Policies  []policy.Policy    `json:"policies,omitempty"` // those that the sessions and VRFs name
	Secrets   Secrets            `json:"secrets,omitempty"`  // that the sessions name; the plan has none
	Stations  []topology.Station `json:"stations,omitempty"` // of BMP
	Outlets   []Outlet           `json:"outlets,omitempty"`  // one for each VRF through which a station is reached
	MRT       *topology.MRT      `json:"mrt,omitempty"`
	Expect    []Expect           `json:"expect"` // routes that must be programmed before the router has converged
}

// Core is a link to other routers. It has two ports: the wire, and the internal port
// that owns its addresses.
type Core struct {
	Port      uint32         `json:"port"`
	Name      string         `json:"name"`
	BGPPort   uint32         `json:"bgp_port"`
	BGPName   string         `json:"bgp_name"`
	MAC       string         `json:"mac"`
	Addresses []netip.Prefix `json:"addresses"`
	MTU       int            `json:"mtu"`
	NIC       string         `json:"nic,omitempty"` // a NIC behind the wire; if it exists, its carrier counts, too
	Ways      []Way          `json:"ways,omitempty"`
	Neighbors []Neighbor     `json:"neighbors,omitempty"` // the other routers of the lab on the link
	Metric    uint32         `json:"metric,omitempty"`    // of the link in label-switched paths; 0: there are none over it
	XDP       bool           `json:"xdp,omitempty"`       // the switch receives and sends by AF_XDP
	External  bool           `json:"external,omitempty"`  // routers of other ASes are on the link
}

// Neighbor is an address of another router of the lab on a link. Its MAC is where to
// begin: if another one answers, that counts.
type Neighbor struct {
	Address netip.Addr `json:"address"`
	MAC     string     `json:"mac"`
}

// Way leads to what is behind a router on a link: peers, and next hops of theirs.
type Way struct {
	To     netip.Prefix `json:"to"`
	Via    netip.Addr   `json:"via"`
	Source netip.Addr   `json:"source"` // the router's own address
}

// Access is a port to a customer's host.
type Access struct {
	Port     uint32         `json:"port"`
	Name     string         `json:"name"`
	VRF      string         `json:"vrf"`
	MAC      string         `json:"mac"` // the gateway's
	Gateways []netip.Prefix `json:"gateways"`
	MTU      int            `json:"mtu"`
	Host     string         `json:"host"`              // or the name of the segment, or of the other end of a link of VRFs
	Router   bool           `json:"router,omitempty"`  // the port leads to a router of another AS (RFC 4364 section 10a)
	Segment  bool           `json:"segment,omitempty"` // the port leads to a segment, with any number of hosts
	Expect   []netip.Addr   `json:"expect"`            // the host's static addresses, which must answer
	RA       *topology.RA   `json:"ra,omitempty"`
	CE       *CE            `json:"customer,omitempty"` // the host speaks BGP

	SoO vpn.SiteOfOrigin `json:"soo,omitzero"` // the site that the host is at; zero: none
}

// Who names what is at the other end of the port, for messages.
func (a *Access) Who() string {
	if a.Segment {
		return "a host on segment " + a.Host
	}
	if a.Router {
		return "router " + a.Host
	}
	return "host " + a.Host
}

// Outlet is where connections of the router itself enter a VRF. Their TCP lives in a
// namespace of its own, as VRFs may have the same addresses.
type Outlet struct {
	VRF       string       `json:"vrf"`
	Namespace string       `json:"namespace"` // exists, and contains only Interface
	Interface string       `json:"interface"` // gets Addresses
	MAC       string       `json:"mac"`
	Port      uint32       `json:"port"`      // of the bridge: the other end of Interface
	Name      string       `json:"name"`      // of that port
	Addresses []netip.Addr `json:"addresses"` // of the router in the VRF
}

// VRF is one VRF of the router.
type VRF struct {
	ID                    uint32                `json:"id"` // never zero
	Name                  string                `json:"name"`
	RD                    vpn.RD                `json:"rd"`
	Import                []vpn.RouteTarget     `json:"import"`
	Export                []vpn.RouteTarget     `json:"export"`
	LabelMode             vpn.LabelMode         `json:"label_mode"`
	RedistributeConnected topology.Redistribute `json:"redistribute_connected"`
	RedistributeStatic    bool                  `json:"redistribute_static"`
	Statics               []Static              `json:"statics"`
	Bindings              []vpn.Binding         `json:"bindings"` // the labels that the plan has assigned
	Limit                 vpn.RouteLimit        `json:"limit,omitzero"`
	Aggregates            []topology.Aggregate  `json:"aggregates,omitempty"`

	// Names of the policies that routes pass into the VRF and out of it.
	ImportPolicy []string `json:"import_policy,omitempty"`
	ExportPolicy []string `json:"export_policy,omitempty"`
}

// Static is a static route to a host on a port.
type Static struct {
	Prefix  netip.Prefix `json:"prefix"`
	NextHop netip.Addr   `json:"next_hop"` // if link-local, its zone is the name of the port
	Port    uint32       `json:"port"`
}

// Expect is a route that must come from BGP or from the configuration.
type Expect struct {
	VRF    string       `json:"vrf"`
	Prefix netip.Prefix `json:"prefix"`
	From   string       `json:"from"` // the router that announces it
}

// Import returns the policies that received routes pass; nil where none are
// named.
func (r *Router) Import(names []string) *policy.Chain {
	if len(names) == 0 {
		return nil
	}
	return &policy.Chain{Policies: policy.Named(r.Policies, names)}
}

// Export returns the policies that routes pass on their way out: what they
// prepend is the AS of the router.
func (r *Router) Export(names []string) *policy.Chain {
	c := r.Import(names)
	if c != nil {
		c.AS = r.AS
	}
	return c
}

// VRF returns a VRF by its name, or nil.
func (r *Router) VRF(name string) *VRF {
	for i := range r.VRFs {
		if r.VRFs[i].Name == name {
			return &r.VRFs[i]
		}
	}
	return nil
}

// LabelOf returns the label that the plan has assigned to a route.
func (v *VRF) LabelOf(prefix netip.Prefix, nextHop netip.Addr) (vpn.Label, bool) {
	key := v.LabelMode.KeyFor(v.Name, prefix, nextHop)
	for _, b := range v.Bindings {
		if b.Key == key {
			return b.Label, true
		}
	}
	return 0, false
}

// Planned reports whether the plan has assigned a label to the VRF.
func (v *VRF) Planned(label vpn.Label) bool {
	for _, b := range v.Bindings {
		if b.Label == label {
			return true
		}
	}
	return false
}
