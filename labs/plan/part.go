package plan

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"

	"pseudowan/topology/sites"
)

// Place says that a plan is for one site of a lab, and how the lab is divided.
type Place struct {
	Site    string `json:"site"`
	PerSite int    `json:"per_site"` // routers
	MTU     int    `json:"mtu"`      // of the network between the sites, in octets of an IP packet
}

// Tunnel is the port of a segment that leads to its parts at other sites: a VXLAN device
// (RFC 7348).
type Tunnel struct {
	Name     string    `json:"name"` // of the device
	Alias    string    `json:"alias"`
	VNI      uint32    `json:"vni"`
	Sites    []string  `json:"sites"` // where the other parts are
	Stations []Station `json:"stations"`
	Far      string    `json:"far,omitempty"` // the other end of a wire, NODE:INTERFACE; "" of a segment
}

// Station is an interface at another site.
type Station struct {
	MAC  string `json:"mac"`
	Site string `json:"site"`
}

const (
	// tunnelOverhead is what VXLAN over IPv4 takes from the MTU: the outer IP, UDP and
	// VXLAN headers, and the inner Ethernet header.
	tunnelOverhead = 20 + 8 + 8 + 14

	// minLinkMTU is that of every link with IPv6 (RFC 8200 section 5).
	minLinkMTU = 1280
)

// Part returns what of a lab's plan runs at one of its sites. Names, MACs and numbers
// are those of the whole lab, so that the sites agree without asking each other. A link
// that leads to another site becomes a segment with a tunnel, whose MTU is at most what
// the network between the sites leaves.
func (p *Plan) Part(all []sites.Site, place Place) (*Plan, error) {
	here, err := sites.Find(all, place.Site)
	if err != nil {
		return nil, err
	}
	d := division{whole: p, here: here, sites: map[string]string{}, mtu: place.MTU - tunnelOverhead, part: *p}
	if d.mtu < minLinkMTU {
		return nil, fmt.Errorf("the network between the sites has an MTU of %d: tunnels need %d", place.MTU, minLinkMTU+tunnelOverhead)
	}
	d.part.Place = &place
	for _, s := range all {
		for _, node := range slices.Concat(s.Routers, s.Hosts) {
			d.sites[node] = s.Name
		}
	}
	d.number()
	d.nodes()
	d.wires()
	d.segments()
	return &d.part, nil
}

// Here reports whether a host is at the plan's site.
func (p *Plan) Here(host string) bool { return p.Place == nil || p.isHost(host) }

// Tunnels is the set of the devices that lead to other sites.
func (p *Plan) Tunnels() map[string]bool {
	out := map[string]bool{}
	for _, s := range p.Segments {
		if s.Tunnel != nil {
			out[s.Tunnel.Name] = true
		}
	}
	return out
}

// division is the state of Part.
type division struct {
	whole *Plan
	here  sites.Site
	sites map[string]string // by node
	mtu   int               // of tunnels
	vnis  map[string]uint32 // of tunnels, by the first end of the link
	part  Plan
}

// site returns the site of a node, or of a port of a router with a namespace of its own.
func (d *division) site(node string) string {
	node, _, _ = strings.Cut(node, "+")
	return d.sites[node]
}

func (d *division) isHere(node string) bool { return d.site(node) == d.here.Name }

// nodes keeps those of the site.
func (d *division) nodes() {
	d.part.Routers, d.part.Hosts = nil, nil
	for _, r := range d.whole.Routers {
		if d.isHere(r.Name) {
			r.Config.Core = slices.Clone(r.Config.Core) // their MTUs are lowered
			d.part.Routers = append(d.part.Routers, r)
		}
	}
	for _, h := range d.whole.Hosts {
		if d.isHere(h.Name) {
			d.part.Hosts = append(d.part.Hosts, h)
		}
	}
}

// wires keeps those between nodes of the site. Half a wire becomes a segment.
func (d *division) wires() {
	d.part.Wires, d.part.Segments = nil, nil
	for _, w := range d.whole.Wires {
		near, far := w.A, w.B
		if !d.isHere(near.Node) {
			near, far = far, near
		}
		switch {
		case !d.isHere(near.Node):
		case d.isHere(far.Node):
			d.part.Wires = append(d.part.Wires, w)
		default:
			port := "p-" + ShortHash(d.whole.Lab+" "+near.Alias)
			d.tunnel(Segment{Name: "x-" + ShortHash(w.A.Alias), MTU: w.A.MTU}, w.A.Alias, []End{far}, Wire{
				A: End{Interface: port, MTU: near.MTU, MAC: derivedMAC(d.whole.Lab, "", port).String(), Alias: near.Alias + "@" + d.site(far.Node)},
				B: near,
			})
			d.part.Segments[len(d.part.Segments)-1].Tunnel.Far = far.Node + ":" + far.Interface
		}
	}
}

// segments keeps those that have nodes of the site.
func (d *division) segments() {
	for _, s := range d.whole.Segments {
		var near []Wire
		var far []End
		for _, w := range s.Wires {
			if d.isHere(w.B.Node) {
				near = append(near, w)
			} else {
				far = append(far, w.B)
			}
		}
		switch {
		case len(near) == 0:
		case len(far) == 0:
			d.part.Segments = append(d.part.Segments, s)
		default:
			d.tunnel(s, s.Wires[0].B.Alias, far, near...)
		}
	}
}

// tunnel adds a segment whose far ends are at other sites.
func (d *division) tunnel(s Segment, link string, far []End, near ...Wire) {
	s.MTU, s.Wires = min(s.MTU, d.mtu), nil
	s.Tunnel = &Tunnel{Name: "vx-" + ShortHash(link), Alias: s.Name + " tunnel", VNI: d.vnis[link]}
	for _, e := range far {
		at := d.site(e.Node)
		if !slices.Contains(s.Tunnel.Sites, at) {
			s.Tunnel.Sites = append(s.Tunnel.Sites, at)
		}
		s.Tunnel.Stations = append(s.Tunnel.Stations, Station{MAC: e.MAC, Site: at}, Station{MAC: d.whole.controlMAC(e), Site: at})
	}
	for _, w := range near {
		w.A.MTU, w.B.MTU = min(w.A.MTU, d.mtu), min(w.B.MTU, d.mtu)
		s.Wires = append(s.Wires, w)
		d.lower(w.B, w.B.MTU)
	}
	d.part.Segments = append(d.part.Segments, s)
}

// lower tells a router the MTU of its end of a link.
func (d *division) lower(e End, mtu int) {
	for i := range d.part.Routers {
		for j := range d.part.Routers[i].Config.Core {
			if c := &d.part.Routers[i].Config.Core[j]; d.part.Routers[i].Name == e.Node && c.Name == e.Interface {
				c.MTU = mtu
			}
		}
	}
}

// controlMAC returns the MAC with which a router's own packets leave through an end of
// a link.
func (p *Plan) controlMAC(e End) string {
	for _, r := range p.Routers {
		for _, c := range r.Config.Core {
			if r.Name == e.Node && c.Name == e.Interface {
				return c.MAC
			}
		}
	}
	return e.MAC
}

// number gives each link between sites a VNI that follows from the names of the lab and
// of the link's first end. Of two links that would have the same, the second by name
// takes the next one.
func (d *division) number() {
	used := map[uint32]bool{0: true} // not a VNI that every device accepts
	d.vnis = map[string]uint32{}
	for _, link := range d.crossing() {
		sum := sha256.Sum256([]byte(d.whole.Lab + "\x00" + link))
		vni := binary.BigEndian.Uint32(sum[:]) & maxVNI
		for used[vni] {
			vni = (vni + 1) & maxVNI
		}
		used[vni], d.vnis[link] = true, vni
	}
}

// maxVNI is the largest VXLAN network identifier.
const maxVNI = 1<<24 - 1

// crossing lists the first ends of the links between sites, by name.
func (d *division) crossing() []string {
	var out []string
	for _, w := range d.whole.Wires {
		if d.site(w.A.Node) != d.site(w.B.Node) {
			out = append(out, w.A.Alias)
		}
	}
	for _, s := range d.whole.Segments {
		if slices.ContainsFunc(s.Wires, func(w Wire) bool { return d.site(w.B.Node) != d.site(s.Wires[0].B.Node) }) {
			out = append(out, s.Wires[0].B.Alias)
		}
	}
	slices.Sort(out)
	return out
}
