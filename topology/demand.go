package topology

import "pseudowan/bgp/vpn"

// labelDemand counts the labels that each router needs: those of the configured
// routes, and those of the networks that hosts must announce by BGP, whose next hop
// is the host.
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
				own = append(own[:len(own):len(own)], a.RA.Prefix) // for the host's autoconfigured address
			}
			a.Statics = a.ZonedStatics(h.Name + ":" + a.Interface)
			for _, key := range append(instances[at].LabelKeys(a, own), instances[at].announcedKeys(a)...) {
				if !counted[at][key] {
					counted[at][key] = true
					need[a.Router]++
				}
			}
		}
	}
	return need
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
