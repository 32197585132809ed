package edit

import (
	"fmt"
	"net/netip"
	"slices"

	"go.yaml.in/yaml/v3"

	"pseudowan/topology"
)

// addStation adds a BMP station of a router.
func (f *file) addStation(t *topology.Topology, e Edit) error {
	address, list, r, err := f.station(t, e)
	if err != nil {
		return err
	}
	vrf, _ := e.Settings["vrf"].(string)
	if slices.ContainsFunc(r.Stations, func(s topology.Station) bool { return s.Address == address && s.VRF == vrf }) {
		return fmt.Errorf("router %s has the BMP station %s already", e.Name, address)
	}
	one, err := node(e.Settings)
	if err != nil {
		return err
	}
	list.Content = append(list.Content, one)
	return nil
}

// delStation removes a BMP station of a router.
func (f *file) delStation(t *topology.Topology, e Edit) error {
	address, list, r, err := f.station(t, e)
	if err != nil {
		return err
	}
	vrf, given := e.Settings["vrf"].(string)
	is := func(s topology.Station) bool { return s.Address == address && (!given || s.VRF == vrf) }
	i := slices.IndexFunc(r.Stations, is)
	switch {
	case i < 0 || len(list.Content) != len(r.Stations):
		return &NotFoundError{fmt.Sprintf("router %s has no BMP station %s", e.Name, address)}
	case slices.ContainsFunc(r.Stations[i+1:], is):
		return fmt.Errorf("router %s has the BMP station %s in several VRFs; name one", e.Name, address)
	}
	list.Content = slices.Delete(list.Content, i, i+1)
	return nil
}

// station returns the address of the station that an edit is about, and the list of the
// router's stations, to be changed.
func (f *file) station(t *topology.Topology, e Edit) (netip.AddrPort, *yaml.Node, *topology.Router, error) {
	address, err := topology.ParseStation(fmt.Sprint(e.Settings["to"]))
	if err != nil {
		return address, nil, nil, err
	}
	list, r, err := f.stations(t, e.Name)
	return address, list, r, err
}

// stations returns the list of a router's BMP stations, to be changed: it has those of
// the defaults, if it has them, itself then.
func (f *file) stations(t *topology.Topology, router string) (*yaml.Node, *topology.Router, error) {
	routers, err := f.section("routers")
	if err != nil {
		return nil, nil, err
	}
	if err := written(routers, "routers:", router); err != nil {
		return nil, nil, err
	}
	i := slices.IndexFunc(t.Routers, func(r topology.Router) bool { return r.Name == router })
	if i < 0 {
		return nil, nil, missing("router", router, routerNames(t))
	}
	r, what := &t.Routers[i], "router "+router
	_, mapping := find(routers, router)
	before := mapping.Content
	list, err := f.within(mapping, what, "bmp")
	if err != nil {
		return nil, nil, err
	}
	switch {
	case len(mapping.Content) > len(before): // it is new
		*list = yaml.Node{Kind: yaml.SequenceNode, Tag: "!!seq", Style: yaml.FlowStyle}
		for _, s := range r.Stations {
			one, err := node(stationSettings(s))
			if err != nil {
				return nil, nil, err
			}
			list.Content = append(list.Content, one)
		}
	case list.Kind != yaml.SequenceNode: // one, without brackets
		first := *list
		*list = yaml.Node{Kind: yaml.SequenceNode, Tag: "!!seq", Style: yaml.FlowStyle, Content: []*yaml.Node{&first}}
	}
	return list, r, nil
}

// stationSettings are the keys of a station.
func stationSettings(s topology.Station) map[string]any {
	settings := map[string]any{"to": s.Address.String(), "routes": s.Views}
	if s.VRF != "" {
		settings["vrf"] = s.VRF
	}
	if s.Statistics > 0 {
		settings["statistics"] = s.Statistics.String()
	}
	return settings
}

// parsedAddress reads an address; the zero one if a text is none.
func parsedAddress(text string) netip.Addr {
	a, err := netip.ParseAddr(text)
	if err != nil {
		return netip.Addr{}
	}
	return a
}
