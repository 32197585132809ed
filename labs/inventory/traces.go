package inventory

import (
	"slices"

	"pseudowan/hosts"
)

// Traces are what exists of a lab besides its named namespaces and hosts.
type Traces struct {
	Lab       string
	Leftovers []hosts.Namespace // names without a namespace
	Lost      []hosts.Lost      // namespaces without a name
	PIDs      []int             // the lab's own processes and those of its hosts
	Owns      func(pid int) bool
}

// Empty reports whether there are none.
func (t Traces) Empty() bool { return len(t.Leftovers)+len(t.Lost)+len(t.PIDs) == 0 }

// FindTraces finds the traces of a lab.
func FindTraces(lab string) (Traces, error) {
	tenants := Homes.Tenants()
	t := Traces{Lab: lab, Owns: func(pid int) bool { return tenants.Has(pid, lab, "") || ownProcess(pid) == lab }}
	left, err := hosts.Leftovers()
	if err != nil {
		return t, err
	}
	lost, err := tenants.LostNamespaces()
	if err != nil {
		return t, err
	}
	t.Leftovers = slices.DeleteFunc(left, func(n hosts.Namespace) bool { return n.Mark.Lab != lab })
	t.Lost = slices.DeleteFunc(lost, func(l hosts.Lost) bool { return l.Mark.Lab != lab })
	t.PIDs, err = hosts.ProcessesWhere(t.Owns)
	return t, err
}

// LabsWithoutNames lists the labs of lost namespaces and of names without a
// namespace.
func LabsWithoutNames() ([]string, error) {
	left, err := hosts.Leftovers()
	if err != nil {
		return nil, err
	}
	lost, err := Homes.Tenants().LostNamespaces()
	if err != nil {
		return nil, err
	}
	var labs []string
	for _, n := range left {
		labs = append(labs, n.Mark.Lab)
	}
	for _, l := range lost {
		labs = append(labs, l.Mark.Lab)
	}
	slices.Sort(labs)
	return slices.Compact(labs), nil
}
