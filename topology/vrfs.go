package topology

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"

	"github.com/maruel/natural"

	"pseudowan/bgp/vpn"
)

// maxVRFs is the largest number in an RD with an IPv4 address.
const maxVRFs = 1<<16 - 1

// vrfDef is a VRF that the file defines for the whole lab.
type vrfDef struct {
	at  pos
	raw rawVRF
}

// vrfUse is the first attachment of a VRF on a router.
type vrfUse struct {
	at      pos
	element string
	rd      value[vpn.RD] // given by an attachment or a series
}

// vrfBuilder fills VRFs.
type vrfBuilder struct {
	*report
	raw      *rawTopology
	lab      *Topology
	router   map[string]int // index of each router in lab.Routers
	policies *policyBuilder
	defined  map[string]vrfDef // VRFs of the file
	uses     map[vrfKey]vrfUse // VRF instances with attached hosts
}

// define reads the VRFs that the file defines for the whole lab.
func (b *vrfBuilder) define() {
	for _, e := range b.raw.VRFs {
		element := "vrf " + e.key.v
		b.checkName(e.key, "vrf", maxName)
		raw := e.value
		if len(raw.RTs)+len(raw.Import)+len(raw.Export) == 0 && raw.RD.missing() {
			b.refuse(e.key.at, element, "has no route targets", `add rts: "65000:1", or import: and export:`)
		}
		b.policies.use(raw.ImportPolicy, importKey, vpnFamilies, element)
		b.policies.use(raw.ExportPolicy, exportKey, vpnFamilies, element)
		b.checkLimit(raw, element)
		b.checkAggregates(raw, element)
		b.instancesOn(raw.On, e.key.v, element)
		b.defined[e.key.v] = vrfDef{e.key.at, raw}
	}
}

// instancesOn records the routers that have a VRF without hosts, too.
func (b *vrfBuilder) instancesOn(on oneOrMany[value[string]], vrf, element string) {
	for _, r := range on {
		if _, known := b.router[r.v]; r.has && !known {
			b.refuse(r.at, element, fmt.Sprintf("no router is named %q", r.v), suggest(r.v, b.router))
		} else if r.has {
			b.use(vrfKey{r.v, vrf}, vrfUse{at: r.at, element: element})
		}
	}
}

func (b *vrfBuilder) checkLimit(raw rawVRF, element string) {
	if percent := raw.MaxThreshold; percent.has && (percent.v == 0 || percent.v > 100) {
		b.refuse(percent.at, element, fmt.Sprintf("max-routes-threshold %d is no percentage", percent.v), "use 1 to 100, as 80")
	}
}

// routeLimits refuses limits below the number of routes that an instance has by this
// file: some of them would be refused.
func (b *vrfBuilder) routeLimits() {
	limited := func(v VRF) bool { return v.Limit.Max > 0 && !v.Limit.WarningOnly }
	if len(b.problems) > 0 || !slices.ContainsFunc(b.lab.VRFs, limited) {
		return // the VRFs may be incomplete
	}
	prefixes := make(map[vrfKey]map[netip.Prefix]bool)
	for _, r := range b.lab.Intent().Routes {
		key := vrfKey{r.Router, r.VRF}
		if prefixes[key] == nil {
			prefixes[key] = make(map[netip.Prefix]bool)
		}
		prefixes[key][r.Prefix] = true
	}
	for _, v := range b.lab.VRFs {
		if n := len(prefixes[vrfKey{v.Router, v.Name}]); limited(v) && n > int(v.Limit.Max) {
			b.refuse(b.defined[v.Name].raw.MaxRoutes.at, "vrf "+v.Name, fmt.Sprintf("max-routes %d is less than the %d routes that it has on router %s by this file", v.Limit.Max, n, v.Router),
				"make it larger, or add max-routes-warning-only: true")
		}
	}
}

// use records that a host is attached to a VRF of a router.
func (b *vrfBuilder) use(key vrfKey, use vrfUse) {
	before, used := b.uses[key]
	if !used {
		b.uses[key] = use
		return
	}
	switch {
	case !use.rd.has:
	case !before.rd.has:
		before.rd = use.rd
		b.uses[key] = before
	case before.rd.v != use.rd.v:
		b.refuse(use.rd.at, use.element, fmt.Sprintf("gives VRF %s on router %s the RD %s, but line %d gave it %s", key.vrf, key.router, use.rd.v, before.rd.at.line, before.rd.v),
			"give a VRF one RD on a router")
	}
}

// instances fills VRFs from their uses by hosts.
func (b *vrfBuilder) instances() {
	keys := make([]vrfKey, 0, len(b.uses))
	var names []string
	for key := range b.uses {
		keys = append(keys, key)
		names = append(names, key.vrf)
	}
	for name := range b.defined {
		names = append(names, name)
	}
	slices.SortFunc(names, CompareNames)
	names = slices.Compact(names)
	if len(names) > maxVRFs {
		b.refuse(pos{}, "vrfs", fmt.Sprintf("more than %d VRFs: their numbers do not fit into an RD", maxVRFs), "split the lab")
		return
	}
	number := make(map[string]int, len(names))
	taken := make(map[int]bool) // by what the file gives
	for _, name := range names {
		if given := b.defined[name].raw.Number; given.has {
			number[name] = b.checkNumber(given, name)
			taken[number[name]] = true
		}
	}
	next := 1
	for i, name := range names {
		if number[name] > 0 {
			continue
		}
		for next = max(next, i+1); taken[next]; next++ {
		}
		number[name] = next
		next++
	}
	b.lab.VRFNumbers = number
	slices.SortFunc(keys, func(x, y vrfKey) int {
		return cmp.Or(b.router[x.router]-b.router[y.router], CompareNames(x.vrf, y.vrf))
	})
	owner := make(map[string]map[vpn.RD]vrfKey)
	for _, key := range keys {
		v := b.newInstance(key, number[key.vrf])
		b.lab.VRFs = append(b.lab.VRFs, v)
		if owner[key.router] == nil {
			owner[key.router] = make(map[vpn.RD]vrfKey)
		}
		if other, taken := owner[key.router][v.RD]; taken {
			use := b.uses[key]
			b.refuse(first(use.rd, value[vpn.RD]{at: use.at, has: true}).at, use.element, fmt.Sprintf("RD %s of VRF %s is already that of VRF %s on router %s", v.RD, key.vrf, other.vrf, key.router),
				"give every VRF of a router its own RD")
		}
		owner[key.router][v.RD] = key
	}
}

func (b *vrfBuilder) checkNumber(given value[int], name string) int {
	if given.v < 1 || given.v > maxVRFs {
		b.refuse(given.at, "vrf "+name, fmt.Sprintf("number %d does not fit into an RD", given.v), "use 1 to 65535")
		return 1
	}
	return given.v
}

// CompareNames orders names with numbers in them numerically, and names that differ
// only in leading zeros by their spelling.
func CompareNames(a, b string) int {
	switch {
	case a == b:
		return 0
	case natural.Less(a, b):
		return -1
	case natural.Less(b, a):
		return 1
	}
	return cmp.Compare(a, b)
}

// newInstance resolves a VRF on a router; n is its number in the lab.
func (b *vrfBuilder) newInstance(key vrfKey, n int) VRF {
	def, defined := b.defined[key.vrf]
	given := first(b.uses[key].rd, def.raw.RD)
	rd := given.v
	if given.missing() {
		id := b.lab.Routers[b.router[key.router]].ID
		rd, _ = vpn.ParseRD(fmt.Sprintf("%s:%d", id, n)) // n is at most maxVRFs
	}
	v := VRF{
		Router: key.router, Name: key.vrf, RD: rd,
		Import:                targets(def.raw.RTs, def.raw.Import),
		Export:                targets(def.raw.RTs, def.raw.Export),
		LabelMode:             first(def.raw.LabelMode, b.raw.LabelMode).or(vpn.PerNextHop),
		RedistributeConnected: first(def.raw.Redistribute.Connected, b.raw.Redistribute.Connected).or(RedistributeSubnets),
		RedistributeStatic:    first(def.raw.Redistribute.Static, b.raw.Redistribute.Static).or(true),
		ImportPolicy:          names(def.raw.ImportPolicy),
		ExportPolicy:          names(def.raw.ExportPolicy),
		Limit:                 vpn.RouteLimit{Max: def.raw.MaxRoutes.v, Threshold: def.raw.MaxThreshold.v, WarningOnly: def.raw.MaxWarning.v},
	}
	v.Aggregates = b.aggregates(key, def.raw)
	if v.LabelMode == vpn.PerCE {
		v.LabelMode = vpn.PerNextHop
	}
	implied := !defined || len(def.raw.RTs)+len(def.raw.Import)+len(def.raw.Export) == 0
	if implied && given.has {
		if rt, err := vpn.ParseRouteTarget(given.v.String()); err == nil {
			v.Import, v.Export = []vpn.RouteTarget{rt}, []vpn.RouteTarget{rt}
		}
	}
	return v
}

// targets merges lists of route targets into a sorted one.
func targets(lists ...oneOrMany[value[vpn.RouteTarget]]) []vpn.RouteTarget {
	out := []vpn.RouteTarget{}
	for _, list := range lists {
		for _, t := range list {
			if t.has {
				out = append(out, t.v)
			}
		}
	}
	slices.SortFunc(out, vpn.RouteTarget.Compare)
	return slices.Compact(out)
}
