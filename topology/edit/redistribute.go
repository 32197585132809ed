package edit

import (
	"fmt"
	"slices"

	"go.yaml.in/yaml/v3"

	"pseudowan/topology"
)

// redistribute makes routes of a protocol VPN routes of a VRF, or no longer does.
func (f *file) redistribute(t *topology.Topology, e Edit) error {
	vrfs, err := f.section("vrfs")
	if err != nil {
		return err
	}
	defer f.prune("vrfs")
	if err := written(vrfs, "vrfs:", e.Name); err != nil {
		return err
	}
	i := slices.IndexFunc(t.VRFs, func(v topology.VRF) bool { return v.Name == e.Name })
	if i < 0 && !f.has("vrfs", e.Name) {
		return missing("VRF", e.Name, vrfNames(t))
	}
	value, err := redistributed(e)
	if err != nil {
		return err
	}
	_, vrf := find(vrfs, e.Name)
	if vrf == nil {
		vrf = &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"}
		add(vrfs, e.Name, vrf)
	}
	what := "VRF " + e.Name
	settings, err := f.within(vrf, what, "redistribute")
	if err != nil {
		return err
	}
	return f.set(settings, "redistribute: of "+what, map[string]any{e.Protocol: value})
}

// redistributed is the value of redistribute: that an edit asks for.
func redistributed(e Edit) (any, error) {
	adds := e.Op == RedistributeAdd
	switch {
	case e.Protocol == "static":
		return adds, nil
	case e.Protocol != "connected":
		return nil, fmt.Errorf("%q are no routes that can be redistributed; choose connected or static", e.Protocol)
	case !adds:
		return string(topology.RedistributeNone), nil
	case e.Settings["connected"] != nil: // the hosts instead of the subnets
		return e.Settings["connected"], nil
	}
	return string(topology.RedistributeSubnets), nil
}

// within returns the mapping of a key of a mapping, and makes it if there is none.
func (f *file) within(mapping *yaml.Node, what, key string) (*yaml.Node, error) {
	if mapping.Kind == yaml.ScalarNode && mapping.Tag == "!!null" {
		*mapping = yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"}
	}
	if err := plain(mapping, what); err != nil {
		return nil, err
	}
	if err := own(mapping, what); err != nil {
		return nil, err
	}
	if err := written(mapping, what, key); err != nil {
		return nil, err
	}
	_, value := find(mapping, key)
	if value == nil {
		value = &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map", Style: mapping.Style}
		add(mapping, key, value)
	}
	return value, own(value, key+": of "+what)
}
