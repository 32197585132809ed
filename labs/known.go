package labs

import (
	"context"
	"os"
	"slices"
	"strings"

	"pseudowan/hosts"
	"pseudowan/labs/catalog"
	"pseudowan/topology"
)

// Known is what may be named on a command line. It is for shells that complete
// words, mostly without root: it comes from what anybody may read, and what
// cannot be read is missing silently.
type Known struct {
	Labs    []string // that run
	Nodes   []string // of these: routers and hosts
	Routers []string
	VRFs    []string // with their RDs
}

// WhatIsKnown tells of the labs that run, or of one of them.
func WhatIsKnown(ctx context.Context, lab string) Known {
	names, err := Names(ctx)
	files := namespaceFiles()
	if err != nil {
		names = labsByFile(files)
	}
	k := Known{Labs: names}
	for _, name := range names {
		if lab == "" || name == lab {
			k.add(name, files)
		}
	}
	for _, s := range []*[]string{&k.Nodes, &k.Routers, &k.VRFs} {
		slices.SortFunc(*s, topology.CompareNames)
		*s = slices.Compact(*s)
	}
	return k
}

func (k *Known) add(lab string, files []string) {
	for _, f := range files {
		if node, ok := strings.CutPrefix(f, nodeNamespace(lab, "")); ok {
			k.Nodes = append(k.Nodes, node)
		}
	}
	t := knownTopology(lab)
	if t == nil {
		return
	}
	for _, r := range t.Routers {
		k.Routers = append(k.Routers, r.Name)
	}
	for _, h := range t.Hosts {
		k.Nodes = append(k.Nodes, h.Name)
	}
	for _, v := range t.VRFs {
		k.VRFs = append(k.VRFs, v.Name, v.RD.String())
	}
	k.Nodes = append(k.Nodes, k.Routers...)
}

// knownTopology is the lab's as applied or, for who may not read that, the
// catalogue's of that name.
func knownTopology(lab string) *topology.Topology {
	if t := appliedTopology(lab); t != nil {
		return t
	}
	data, ok := catalog.Get(lab)
	if !ok {
		return nil
	}
	t, err := topology.Parse(lab, data)
	if err != nil {
		return nil
	}
	return t
}

func namespaceFiles() (names []string) {
	entries, _ := os.ReadDir(hosts.Namespace{}.Path()) // the directory of them all
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

// labsByFile finds the labs' own namespaces by their names: those that are no
// node of another.
func labsByFile(files []string) (labs []string) {
	for _, f := range files { // sorted: a lab comes before its nodes
		name, ours := strings.CutPrefix(f, labNamespace(""))
		node := slices.ContainsFunc(labs, func(lab string) bool { return strings.HasPrefix(f, nodeNamespace(lab, "")) })
		if ours && !node {
			labs = append(labs, name)
		}
	}
	return labs
}
