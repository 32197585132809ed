package plan

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"pseudowan/bgp/vpn"
)

// Allocations are the numbers that a lab has assigned. They are kept with the
// applied topology, so that an edit does not renumber what stays.
type Allocations struct {
	Routers map[string]*RouterAllocations `json:"routers"`
}

// RouterAllocations are one router's port numbers, VRF ids and labels.
type RouterAllocations struct {
	Ports  map[string]uint32          `json:"ports"` // by interface, or host:interface
	VRFs   map[string]uint32          `json:"vrfs"`  // by name
	Labels map[vpn.LabelKey]vpn.Label `json:"labels"`

	// Retired numbers, oldest first. One may still be in use elsewhere: a router
	// that has not yet received a withdrawal sends packets with the label of a
	// removed VRF. They are reused only when no other number is left.
	RetiredPorts  []uint32    `json:"retired_ports,omitempty"`
	RetiredVRFs   []uint32    `json:"retired_vrfs,omitempty"`
	RetiredLabels []vpn.Label `json:"retired_labels,omitempty"`
}

// numbers are the assignments of one kind at a router.
type numbers[K comparable, N ~uint32] struct {
	given   map[K]N
	retired *[]N
	last    N // the largest number
	compare func(K, K) int
}

// maxRetired limits the retired numbers of each kind.
const maxRetired = 4096

const (
	lastPort = 0xff00 - 1 // below OFPP_MAX
	lastVRF  = 1<<16 - 1
)

func (r *RouterAllocations) ports() numbers[string, uint32] {
	return numbers[string, uint32]{r.Ports, &r.RetiredPorts, lastPort, strings.Compare}
}

func (r *RouterAllocations) vrfs() numbers[string, uint32] {
	return numbers[string, uint32]{r.VRFs, &r.RetiredVRFs, lastVRF, strings.Compare}
}

func (r *RouterAllocations) labels(last vpn.Label) numbers[vpn.LabelKey, vpn.Label] {
	return numbers[vpn.LabelKey, vpn.Label]{r.Labels, &r.RetiredLabels, last, vpn.LabelKey.Compare}
}

func (a Allocations) clone() Allocations {
	c := Allocations{Routers: map[string]*RouterAllocations{}}
	for name, r := range a.Routers {
		c.Routers[name] = &RouterAllocations{
			Ports: maps.Clone(r.Ports), VRFs: maps.Clone(r.VRFs), Labels: maps.Clone(r.Labels),
			RetiredPorts: slices.Clone(r.RetiredPorts), RetiredVRFs: slices.Clone(r.RetiredVRFs),
			RetiredLabels: slices.Clone(r.RetiredLabels),
		}
	}
	return c
}

func (a Allocations) router(name string) *RouterAllocations {
	r := a.Routers[name]
	if r == nil {
		r = &RouterAllocations{}
		a.Routers[name] = r
	}
	if r.Ports == nil {
		r.Ports = map[string]uint32{}
	}
	if r.VRFs == nil {
		r.VRFs = map[string]uint32{}
	}
	if r.Labels == nil {
		r.Labels = map[vpn.LabelKey]vpn.Label{}
	}
	return r
}

// After returns the allocations after interrupted commands: not only what was
// applied, but also what they assigned may be in use or known to other routers.
func (a Allocations) After(cut []Plan) Allocations {
	all := a.clone()
	for _, p := range cut {
		for _, name := range slices.Sorted(maps.Keys(p.Allocations.Routers)) {
			r, gave := all.router(name), p.Allocations.Routers[name]
			r.ports().adopt(gave.Ports)
			r.vrfs().adopt(gave.VRFs)
			r.labels(0).adopt(gave.Labels)
		}
	}
	return all
}

// adopt adds numbers assigned by an interrupted command. A number is retired if
// its name has a different one here, and ignored if it is in use.
func (n numbers[K, N]) adopt(given map[K]N) {
	used := map[N]bool{}
	for _, number := range n.given {
		used[number] = true
	}
	for _, number := range *n.retired {
		used[number] = true
	}
	for _, name := range slices.SortedFunc(maps.Keys(given), n.compare) {
		number := given[name]
		if used[number] {
			continue
		}
		used[number] = true
		if _, has := n.given[name]; has {
			*n.retired = append(*n.retired, number)
		} else {
			n.given[name] = number
		}
	}
}

// label returns the label of a key; ok is false if the range is exhausted.
func (r *RouterAllocations) label(key vpn.LabelKey, within vpn.LabelRange) (vpn.Label, bool) {
	labels := r.labels(within.Last)
	if l, ok := r.Labels[key]; ok && !within.Contains(l) {
		labels.retire(key)
	}
	return labels.assign(key, within.First)
}

// assign returns the number of name. A new name gets the lowest number from
// first on that is neither in use nor retired, or else the one retired first; ok
// is false if none is left.
func (n numbers[K, N]) assign(name K, first N) (number N, ok bool) {
	if number, ok = n.given[name]; ok {
		return number, true
	}
	used := make(map[N]bool, len(n.given)+len(*n.retired))
	for _, number := range n.given {
		used[number] = true
	}
	for _, number := range *n.retired {
		used[number] = true
	}
	for number = first; used[number]; number++ {
		if number == n.last {
			return n.reuse(name, first)
		}
	}
	if number > n.last {
		return 0, false
	}
	n.given[name] = number
	return number, true
}

// reuse assigns the number retired first.
func (n numbers[K, N]) reuse(name K, first N) (N, bool) {
	i := slices.IndexFunc(*n.retired, func(number N) bool { return number >= first && number <= n.last })
	if i < 0 {
		return 0, false
	}
	number := (*n.retired)[i]
	*n.retired = slices.Delete(*n.retired, i, i+1)
	n.given[name] = number
	return number, true
}

// retire withdraws the number of name.
func (n numbers[K, N]) retire(name K) {
	*n.retired = append(*n.retired, n.given[name])
	*n.retired = (*n.retired)[max(0, len(*n.retired)-maxRetired):]
	delete(n.given, name)
}

// allocationsInUse is the set of allocations that a topology still needs.
type allocationsInUse map[allocationName]bool

type allocationName struct {
	router string
	kind   allocationKind
	name   any // a string, or the key of a label
}

type allocationKind int

const (
	portNumber allocationKind = iota
	vrfNumber
	labelNumber
)

// prune retires what is no longer in use. It runs after all new numbers have
// been assigned, so that an edit never moves a number from one name to another.
func (a Allocations) prune(used allocationsInUse) {
	for router, r := range a.Routers {
		pruneKind(r.ports(), router, portNumber, used)
		pruneKind(r.vrfs(), router, vrfNumber, used)
		pruneKind(r.labels(0), router, labelNumber, used)
		if len(r.Ports)+len(r.VRFs)+len(r.Labels)+len(r.RetiredPorts)+len(r.RetiredVRFs)+len(r.RetiredLabels) == 0 {
			delete(a.Routers, router)
		}
	}
}

func pruneKind[K comparable, N ~uint32](n numbers[K, N], router string, kind allocationKind, used allocationsInUse) {
	for _, name := range slices.SortedFunc(maps.Keys(n.given), n.compare) {
		if !used[allocationName{router, kind, name}] {
			n.retire(name)
		}
	}
}

// firstHostPort leaves ports 1 and 2 to a router's first link.
const firstHostPort = 3

func (b *planner) corePort(router, name string) uint32 { return b.port(router, name, 1) }

func (b *planner) hostPort(router, name string) uint32 { return b.port(router, name, firstHostPort) }

func (b *planner) port(router, name string, first uint32) uint32 {
	b.inUse[allocationName{router, portNumber, name}] = true
	n, ok := b.plan.Allocations.router(router).ports().assign(name, first)
	if !ok {
		b.exhausted = append(b.exhausted, fmt.Errorf("router %s: no port number left for %s", router, name))
	}
	return n
}

func (b *planner) vrf(router, name string) uint32 {
	b.inUse[allocationName{router, vrfNumber, name}] = true
	n, ok := b.plan.Allocations.router(router).vrfs().assign(name, 1)
	if !ok {
		b.exhausted = append(b.exhausted, fmt.Errorf("router %s: no number left for VRF %s", router, name))
	}
	return n
}

func (b *planner) label(router string, key vpn.LabelKey, within vpn.LabelRange) (vpn.Label, bool) {
	b.inUse[allocationName{router, labelNumber, key}] = true
	return b.plan.Allocations.router(router).label(key, within)
}
