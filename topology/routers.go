package topology

import (
	"fmt"
	"net/netip"

	"pseudowan/bgp/vpn"
)

// routerBuilder fills Routers.
type routerBuilder struct {
	*report
	raw   *rawTopology
	lab   *Topology
	names *nodeNames
	index map[string]int // of each router in lab.Routers
}

// build adds the routers, without their labels: the demand is not known yet.
func (b *routerBuilder) build() {
	if len(b.raw.Routers) == 0 {
		b.refuse(pos{}, "file", "the lab has no routers", "add routers: {pe1: {as: 65001}}")
	}
	used := make(map[netip.Addr]string)
	for _, e := range b.raw.Routers {
		b.routerID(e, used)
	}
	next := uint16(1)
	for _, e := range b.raw.Routers {
		b.names.claim(e.key, "router")
		element := "router " + e.key.v
		as := first(e.value.AS, b.raw.Defaults.Router.AS)
		if as.missing() {
			b.refuse(e.key.at, element, "has no AS number", "add as: 65001, here or under defaults: router:")
		}
		id := e.value.ID.v
		for !e.value.ID.has {
			id = netip.AddrFrom4([4]byte{10, 255, byte(next >> 8), byte(next)})
			next++
			if _, taken := used[id]; !taken {
				used[id] = e.key.v
				break
			}
		}
		b.index[e.key.v] = len(b.lab.Routers)
		b.lab.Routers = append(b.lab.Routers, Router{Name: e.key.v, AS: uint32(as.v), ID: id})
	}
}

// routerID checks the router ID in the file.
func (b *routerBuilder) routerID(e entry[rawRouter], used map[netip.Addr]string) {
	id, element := e.value.ID, "router "+e.key.v
	if !id.has {
		return
	}
	if !id.v.Is4() || id.v.IsUnspecified() {
		b.refuse(id.at, element, fmt.Sprintf("id %s is not a BGP identifier", id.v), "use an IPv4 address such as 10.0.0.1")
		return
	}
	if why := badUnicast(id.v); why != "" && !id.v.IsLinkLocalUnicast() {
		b.refuse(id.at, element, fmt.Sprintf("id %s is not a BGP identifier: it %s", id.v, why), "use a unicast IPv4 address such as 10.0.0.1")
		return
	}
	if other, taken := used[id.v]; taken {
		b.refuse(id.at, element, fmt.Sprintf("id %s is already that of router %s", id.v, other), "give every router its own id")
		return
	}
	used[id.v] = e.key.v
}

// blockSize is the smallest number of labels in a default range. Ranges start at
// multiples of it, the first router's at 1000.
const blockSize = 1000

// labels gives every router its label range and checks its size.
func (b *routerBuilder) labels() {
	demand, borders := b.labelDemand(), b.lab.borders()
	for i, e := range b.raw.Routers {
		need := demand[e.key.v]
		explicit := first(e.value.Labels, b.raw.Defaults.Router.Labels)
		if explicit.bad {
			continue
		}
		room := need
		if borders[e.key.v] {
			room = max(need, borderRoom)
		}
		r := explicit.or(defaultLabels(i, room))
		if need > r.Size() {
			b.refuse(first(explicit, value[vpn.LabelRange]{at: e.key.at, has: true}).at, "router "+e.key.v,
				fmt.Sprintf("label range %s is too small: it has %d labels, and the attachments need %d", r, r.Size(), need),
				fmt.Sprintf("make it at least %d-%d, or set label-mode: per-vrf", r.First, int(r.First)+need-1))
		}
		b.lab.Routers[i].Labels = r
	}
}

// borderRoom is for how many routes a border router has room by default: each that it tells
// on has a label of its own, and how many there will be, the file does not say.
const borderRoom = 8 * blockSize

// defaultLabels returns the range of the router at a place in the file. Its first
// label does not depend on the demand, so that new hosts do not change labels.
func defaultLabels(place, need int) vpn.LabelRange {
	firstLabel := blockSize * (place%1000 + 1)
	size := max(blockSize, (2*need+blockSize-1)/blockSize*blockSize)
	return vpn.LabelRange{
		First: vpn.Label(firstLabel),
		Last:  vpn.Label(min(firstLabel+size-1, int(vpn.LabelMax))),
	}
}
