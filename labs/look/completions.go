package look

import (
	"context"
	"net/netip"
	"os"
	"slices"
	"strings"

	"pseudowan/hosts"
	"pseudowan/labs/catalog"
	"pseudowan/labs/inventory"
	"pseudowan/labs/plan"
	"pseudowan/labs/store"
	"pseudowan/topology"
)

// Completions are words for completing command lines. Shells mostly complete without
// root, so it lacks what cannot be read.
type Completions struct {
	Labs      []string // running
	Nodes     []string // their routers and hosts
	Routers   []string
	Hosts     []string
	Outside   []string // sites outside the lab
	Addresses []string // of the hosts, including those in their LANs
	Prefixes  []string // of the hosts: their subnets, addresses and LANs
	Links     []string // by their ends, and segments

	vrfs     []topology.VRF
	services map[string][]string // by host
}

// Services returns the services of a host.
func (k Completions) Services(host string) []string { return k.services[host] }

// VRFs returns the names and RDs of the VRFs of a router, or of all routers.
func (k Completions) VRFs(router string) (words []string) {
	for _, v := range k.vrfs {
		if router == "" || v.Router == router {
			words = append(words, v.Name, v.RD.String())
		}
	}
	return ordered(words)
}

// Complete returns the words of all running labs, or of one of them.
func Complete(ctx context.Context, lab string) Completions {
	names, err := inventory.Names(ctx)
	files := namespaceFiles()
	if err != nil {
		names = labsByFile(files)
	}
	k := Completions{Labs: names, services: map[string][]string{}}
	for _, name := range names {
		if lab == "" || name == lab {
			k.add(name, files)
		}
	}
	for _, s := range []*[]string{&k.Nodes, &k.Routers, &k.Hosts, &k.Outside, &k.Addresses, &k.Prefixes, &k.Links} {
		*s = ordered(*s)
	}
	return k
}

func ordered(words []string) []string {
	slices.SortFunc(words, topology.CompareNames)
	return slices.Compact(words)
}

func (k *Completions) add(lab string, files []string) {
	for _, f := range files {
		if node, ok := strings.CutPrefix(f, plan.NodeNamespace(lab, "")); ok {
			k.Nodes = append(k.Nodes, node)
		}
	}
	if applied, err := store.Applied(lab); err == nil {
		k.Links = append(k.Links, applied.CableNames()...)
	}
	t := knownTopology(lab)
	if t == nil {
		return
	}
	for _, r := range t.Routers {
		k.Routers = append(k.Routers, r.Name)
	}
	for _, h := range t.Hosts {
		k.Hosts = append(k.Hosts, h.Name)
		for _, s := range h.Services {
			k.services[h.Name] = append(k.services[h.Name], s.Name)
		}
		k.addPrefixes(h)
	}
	for _, o := range t.Outside {
		k.Outside = append(k.Outside, o.Name)
		for _, a := range o.Addresses {
			k.Addresses = append(k.Addresses, a.String())
			k.Prefixes = append(k.Prefixes, netip.PrefixFrom(a, a.BitLen()).String())
		}
	}
	k.Nodes = slices.Concat(k.Nodes, k.Routers, k.Hosts)
	k.vrfs = append(k.vrfs, t.VRFs...)
}

func (k *Completions) addPrefixes(h topology.Host) {
	for _, a := range h.Attachments {
		for _, p := range a.Addresses {
			k.Addresses = append(k.Addresses, p.Addr().String())
			k.Prefixes = append(k.Prefixes, p.Masked().String(), netip.PrefixFrom(p.Addr(), p.Addr().BitLen()).String())
		}
	}
	for _, p := range h.LANs {
		k.Addresses = append(k.Addresses, p.Addr().String())
		k.Prefixes = append(k.Prefixes, p.Masked().String())
	}
}

// knownTopology returns the lab's topology as applied or, if that cannot be read,
// the ready lab of the same name.
func knownTopology(lab string) *topology.Topology {
	if t := store.Topology(lab); t != nil {
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
	entries, _ := os.ReadDir(hosts.Namespace{}.Path()) // the directory of all namespaces
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

// labsByFile finds the labs' own namespaces by name: those that are not a node of
// another lab.
func labsByFile(files []string) (labs []string) {
	for _, f := range files { // sorted: a lab comes before its nodes
		name, ours := strings.CutPrefix(f, plan.LabNamespace(""))
		node := slices.ContainsFunc(labs, func(lab string) bool { return strings.HasPrefix(f, plan.NodeNamespace(lab, "")) })
		if ours && !node {
			labs = append(labs, name)
		}
	}
	return labs
}
