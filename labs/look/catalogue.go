package look

import (
	"slices"

	"pseudowan/doctor"
	"pseudowan/labs/catalog"
	"pseudowan/labs/inventory"
	"pseudowan/labs/plan"
	"pseudowan/status"
	"pseudowan/topology"
)

// Catalogue lists the ready labs, with what each needs of this server and what of it is
// not there.
func Catalogue() ([]status.ReadyLab, error) {
	var rows []status.ReadyLab
	var all []string
	programs := map[string][]string{} // by lab
	list := catalog.List()
	slices.SortStableFunc(list, catalog.ByGroup)
	for _, l := range list {
		t, _, err := catalog.Load(l.Name, nil, inventory.Known()...)
		if err != nil {
			return nil, err
		}
		row := status.ReadyLab{Name: l.Name, Description: l.Description, Group: l.Group}
		row.Packages, programs[l.Name] = onServer(t)
		all = append(all, row.Packages...)
		rows = append(rows, row)
	}
	slices.Sort(all)
	absent := doctor.MissingPackages(slices.Compact(all)...)
	for i, r := range rows {
		for _, p := range r.Packages {
			if slices.Contains(absent, p) {
				rows[i].Missing = append(rows[i].Missing, p)
			}
		}
		for _, p := range doctor.MissingPrograms(programs[r.Name]...) {
			if in := doctor.PackageOf(p); !slices.Contains(rows[i].Missing, in) {
				rows[i].Missing = append(rows[i].Missing, in)
			}
		}
	}
	return rows, nil
}

// onServer returns the packages and programs of the server that the hosts of a lab need
// that can be namespaces.
func onServer(t *topology.Topology) (packages, programs []string) {
	for _, h := range t.Hosts {
		if h.Image != "" || h.Build != "" {
			continue
		}
		packages = append(packages, h.Packages...)
		programs = append(programs, programsOf(plan.Host{Command: h.Command, Env: h.Env, Services: h.Services})...)
	}
	slices.Sort(packages)
	slices.Sort(programs)
	return slices.Compact(packages), slices.Compact(programs)
}
