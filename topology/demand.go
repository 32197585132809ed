package topology

import (
	"net/netip"

	"pseudowan/bgp/vpn"
)

// labelDemand counts the labels that each router needs: those of the configured
// routes, and those of the networks that hosts must announce by BGP, whose next hop
// is the host.
func (b *routerBuilder) labelDemand() map[string]int {
	instances := make(map[vrfKey]VRF, len(b.lab.VRFs))
	for _, v := range b.lab.VRFs {
		instances[vrfKey{v.Router, v.Name}] = v
	}
	need := make(map[string]int)
	if b.lab.Core != nil {
		for _, r := range b.lab.Routers {
			need[r.Name] = len(b.lab.Loopbacks(r.Name)) * len(b.lab.Core.Families)
		}
	}
	counted := make(map[vrfKey]map[vpn.LabelKey]bool)
	formed := 0
	for _, a := range b.lab.AtAllRouters() {
		at := vrfKey{a.Router, a.VRF}
		if counted[at] == nil {
			counted[at] = make(map[vpn.LabelKey]bool)
		}
		own := a.Addresses
		for _, p := range a.Prefixes() {
			formed++
			own = append(own[:len(own):len(own)], standIn(p, formed))
		}
		a.Statics = a.ZonedStatics(a.Host + ":" + a.Interface)
		for _, key := range append(instances[at].LabelKeys(a.Attachment, own), instances[at].announcedKeys(a.Attachment)...) {
			if !counted[at][key] {
				counted[at][key] = true
				need[a.Router]++
			}
		}
	}
	return need
}

// standIn returns an address for the nth that hosts form: which one is not known
// here, but each may need a label.
func standIn(prefix netip.Prefix, n int) netip.Prefix {
	a := prefix.Addr().As16()
	a[8], a[11], a[12], a[13], a[14], a[15] = 2, 0xff, 0xfe, byte(n>>16), byte(n>>8), byte(n)
	return netip.PrefixFrom(netip.AddrFrom16(a), prefix.Bits())
}

// announcedKeys returns the label keys of the networks that the host of an
// attachment announces.
func (v VRF) announcedKeys(a Attachment) []vpn.LabelKey {
	if a.BGP == nil {
		return nil
	}
	var out []vpn.LabelKey
	for _, s := range a.BGP.Sessions {
		for _, p := range a.BGP.Networks {
			if p.Addr().Is4() == s.PeerAddress.Is4() {
				out = append(out, v.LabelMode.KeyFor(v.Name, p, s.PeerAddress))
			}
		}
	}
	return out
}
