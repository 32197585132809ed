package edit

import (
	"fmt"
	"maps"
	"slices"

	"pseudowan/topology"
)

// placeKeys are the keys of an attachment that say where it is: on a LAN, its routers
// have those after the first.
var placeKeys = []string{"to", "vrf", "rd", "gateway", "ra"}

// move attaches an interface of a host elsewhere. What is not given stays, except for what
// the place has said.
func (f *file) move(t *topology.Topology, e Edit) error {
	if e.Settings["to"] == nil && e.Settings["vrf"] == nil {
		return fmt.Errorf("host move needs to= with a router or a LAN, or vrf= with another VRF")
	}
	a, err := f.interfaceOf(t, e)
	if err != nil {
		return err
	}
	at, err := f.attachment(t, e.Name, a.Interface)
	if err != nil {
		return err
	}
	what := "host " + e.Name
	if err := written(at, what, placeKeys...); err != nil {
		return err
	}
	if err := takeable(at, what, e.Settings); err != nil {
		return err
	}
	settings := maps.Clone(e.Settings)
	if onLAN := slices.Contains(lanNames(t), fmt.Sprint(e.Settings["to"])); onLAN || e.Settings["addresses"] != nil {
		drop := placeKeys[3:]
		if onLAN {
			drop = placeKeys[1:]
		}
		for _, key := range drop {
			if _, given := settings[key]; !given {
				settings[key] = nil
			}
		}
	}
	return f.set(at, what, settings)
}

// interfaceOf returns the attachment of a host that an edit is about: the only one, unless
// it is named.
func (f *file) interfaceOf(t *topology.Topology, e Edit) (a topology.Attachment, err error) {
	i := slices.IndexFunc(t.Hosts, func(h topology.Host) bool { return h.Name == e.Name })
	if i < 0 {
		return a, missing("host", e.Name, hostNames(t))
	}
	all := t.Hosts[i].Attachments
	var known []string
	for _, a := range all {
		if a.Interface == e.Interface || e.Interface == "" && len(all) == 1 {
			return a, nil
		}
		known = append(known, a.Interface)
	}
	if e.Interface == "" {
		return a, fmt.Errorf("host %s has the interfaces %v; name one", e.Name, known)
	}
	return a, missing("interface of host "+e.Name, e.Interface, known)
}
