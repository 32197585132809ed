package topology

import (
	"fmt"
	"slices"
)

// InterAS is how VPN routes pass a link between two ASes (RFC 4364 section 10).
type InterAS string

// The options of RFC 4364 section 10.
const (
	OptionA InterAS = "a" // the link belongs to a VRF at each end, and each router is a CE to the other
	OptionB InterAS = "b" // the routers on the link tell routes on, with labels of their own
	OptionC InterAS = "c" // the link belongs to label-switched paths; VPN routes pass between loopbacks
)

// checkInterAS refuses an option where it cannot be.
func (b *linkBuilder) checkInterAS(raw rawLink, link Link, element string) InterAS {
	at, option := raw.InterAS.at, raw.InterAS.v
	if raw.ofVRF() {
		return b.checkOptionA(raw, link, element)
	}
	switch {
	case !raw.InterAS.has:
		return ""
	case option == OptionA:
		b.refuse(at, element, "inter-as: a without a VRF that the link belongs to", "add vrf: with the name of a VRF")
	case !raw.NIC.has && b.oneAS(link):
		b.refuse(at, element, fmt.Sprintf("inter-as: %s between routers of one AS, %d", option, b.lab.Routers[b.router[link.Ends[0].Router]].AS), "remove it, or give the routers different AS numbers")
	case raw.BGP.mode.v == "none":
		b.refuse(at, element, fmt.Sprintf("inter-as: %s without BGP over the link", option), "remove bgp: none")
	case option == OptionC && !b.core.given():
		b.refuse(at, element, "inter-as: c in a lab without core: there are no loopbacks to pass labels for", "add core: labeled-unicast to the lab, or use inter-as: b")
	case option == OptionC && raw.Transport.has && !raw.Transport.v:
		b.refuse(raw.Transport.at, element, "transport: false on a link with inter-as: c, which is for label-switched paths", "remove one of the two")
	case slices.ContainsFunc(raw.Ends, reflects):
		b.refuse(at, element, fmt.Sprintf("inter-as: %s on a link with a route reflector", option), "remove route-reflector: it is for peers of one AS")
	default:
		return option
	}
	return ""
}

// borders lists the routers that tell on VPN routes to another AS, and so need those of all
// routers of theirs.
func (t *Topology) borders() map[string]bool {
	out := make(map[string]bool)
	for _, s := range t.Sessions {
		if s.Border {
			out[s.Router] = true
		}
	}
	return out
}

// checkBorders refuses border routers whose own routes could be taken for those of others.
func (b *coreBuilder) checkBorders() {
	at := b.lab.borders()
	for _, e := range b.raw.Routers {
		name := e.key.v
		if !at[name] {
			continue
		}
		for _, s := range b.lab.Sessions {
			if s.Router == name && s.Client {
				b.refuse(e.key.at, "router "+name, "reflects VPN routes, and tells them on to another AS (inter-as: b), in whose place its own would stand", "let another router reflect")
				break
			}
		}
		for _, v := range b.lab.VRFs {
			for _, other := range b.lab.VRFs {
				if v.Router == name && other.Router != name && v.RD == other.RD {
					b.refuse(e.key.at, "router "+name, fmt.Sprintf("VRF %s has RD %s, as on router %s, whose routes it has to tell on (inter-as: b)", v.Name, v.RD, other.Router), "remove rd: of the VRF, so that each router has its own")
					return
				}
			}
		}
	}
}
