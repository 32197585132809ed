package edit

import (
	"fmt"
	"maps"
	"slices"

	"go.yaml.in/yaml/v3"

	"pseudowan/topology"
)

// setRouter changes whether a router is under maintenance. Its other keys are those of
// another router, which does not come by a change of a running one.
func (f *file) setRouter(t *topology.Topology, e Edit) error {
	if !slices.Contains(routerNames(t), e.Name) {
		return missing("router", e.Name, routerNames(t))
	}
	if keys := slices.Sorted(maps.Keys(e.Settings)); !slices.Equal(keys, []string{"maintenance"}) {
		return fmt.Errorf("router %s: only maintenance can be set while it runs, not %q", e.Name, keys)
	}
	section, err := f.section("routers")
	if err != nil {
		return err
	}
	if err := written(section, "routers:", e.Name); err != nil {
		return err
	}
	_, router := find(section, e.Name)
	if router == nil || router.Kind == yaml.ScalarNode && router.Tag == "!!null" {
		return f.set(section, "routers", map[string]any{e.Name: e.Settings})
	}
	if e.Settings["maintenance"] != true {
		if _, there := find(router, "maintenance"); there == nil {
			return nil
		}
		e.Settings = map[string]any{"maintenance": nil}
	}
	if err := takeable(router, "router "+e.Name, e.Settings); err != nil {
		return err
	}
	return f.set(router, "router "+e.Name, e.Settings)
}
