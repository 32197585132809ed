package topology

import (
	"pseudowan/bgp/vpn"
)

// labelDemand counts the labels that the configured routes of each router
// need, by router.
func (b *routerBuilder) labelDemand() map[string]int {
	instances := make(map[vrfKey]VRF, len(b.lab.VRFs))
	for _, v := range b.lab.VRFs {
		instances[vrfKey{v.Router, v.Name}] = v
	}
	need := make(map[string]int)
	counted := make(map[vrfKey]map[vpn.LabelKey]bool)
	for _, h := range b.lab.Hosts {
		for _, a := range h.Attachments {
			at := vrfKey{a.Router, a.VRF}
			if counted[at] == nil {
				counted[at] = make(map[vpn.LabelKey]bool)
			}
			own := a.Addresses
			if a.SLAAC && a.RA != nil {
				own = append(own[:len(own):len(own)], a.RA.Prefix) // for the one address that the host will make
			}
			a.Statics = a.ZonedStatics(h.Name + ":" + a.Interface)
			for _, key := range instances[at].LabelKeys(a, own) {
				if !counted[at][key] {
					counted[at][key] = true
					need[a.Router]++
				}
			}
		}
	}
	return need
}
