package look

import (
	"fmt"

	"pseudowan/doctor"
	"pseudowan/hosts"
	"pseudowan/labs/plan"
	"pseudowan/labs/store"
)

// needOfServer adds what a plan needs of the server itself, and which of its ports the
// selected other labs have.
func needOfServer(n *doctor.Need, p *plan.Plan, selected func(lab string) bool) {
	for _, u := range p.Uplinks {
		if u.NIC != "" {
			n.OnSegments = append(n.OnSegments, doctor.SegmentNIC{NIC: u.NIC, Segment: u.Segment, MTU: u.MTU})
			continue
		}
		up := doctor.Uplink{Segment: u.Segment}
		for _, a := range u.Addresses {
			up.Subnets = append(up.Subnets, a.Masked())
		}
		n.Uplinks = append(n.Uplinks, up)
		for _, port := range u.Publish {
			n.Publish = append(n.Publish, doctor.Published{Port: portOf(port, ""), Text: port.String(), Host: port.Host})
		}
	}
	if len(n.Publish) > 0 {
		n.Taken = publishedByOthers(p.Lab, selected)
	}
}

// NeedOfUplinks returns what a plan's uplinks need of the server besides what is there
// now. Of other labs only those count that are there already: several may come up at
// the same time.
func NeedOfUplinks(p *plan.Plan, there func(lab string) bool) doctor.Need {
	n := doctor.Need{Lab: p.Lab}
	needOfServer(&n, p, there)
	n.OnSegments = nil
	return n
}

func portOf(p plan.Published, holder string) doctor.Port {
	return doctor.Port{Protocol: p.Protocol, Address: p.Address, Port: p.Port, Holder: holder}
}

// publishedByOthers lists the ports that the selected other running labs publish.
func publishedByOthers(lab string, selected func(lab string) bool) []doctor.Port {
	all, err := hosts.Namespaces()
	if err != nil {
		return nil
	}
	var out []doctor.Port
	for _, ns := range all {
		if ns.Mark.Kind != hosts.KindLab || ns.Mark.Lab == lab || !selected(ns.Mark.Lab) {
			continue
		}
		applied, cut, _ := store.Before(ns.Mark.Lab)
		for _, p := range append(cut, applied) {
			for _, u := range p.Uplinks {
				for _, port := range u.Publish {
					out = append(out, portOf(port, fmt.Sprintf("host %s of lab %s", port.Host, ns.Mark.Lab)))
				}
			}
		}
	}
	return out
}

// publishedOf lists the published ports of a host as Docker prints them.
func publishedOf(p *plan.Plan, host string) []string {
	var out []string
	for _, u := range p.Uplinks {
		for _, port := range u.Publish {
			if port.Host != host {
				continue
			}
			for _, a := range port.Addresses {
				at := "0.0.0.0"
				if a.Is6() {
					at = "[::]"
				}
				if port.Address.IsValid() && !port.Address.IsUnspecified() {
					at = port.Address.String()
					if a.Is6() {
						at = "[" + at + "]"
					}
				}
				out = append(out, fmt.Sprintf("%s:%d->%d/%s", at, port.Port, port.To, port.Protocol))
			}
		}
	}
	return out
}
