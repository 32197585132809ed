package topology

// Parse validates the text of a lab file. The source names it in messages. Hosts run
// in the known runtimes; without any, every runtime name and every setting is
// accepted. The error for an invalid file is a Problems.
func Parse(source string, data []byte, known ...Runtime) (*Topology, error) {
	r := &report{file: source}
	raw := decode(r, data, runtimes(known).forms())
	if raw == nil {
		return nil, r.err()
	}
	lab := &Topology{Source: source}
	build(r, raw, lab, known)
	if err := r.err(); err != nil {
		return nil, err
	}
	lab.Warnings = r.warnings.sorted()
	return lab, nil
}

// build fills the lab from the raw file, section by section: a later section
// needs what the earlier ones resolved.
func build(r *report, raw *rawTopology, lab *Topology, known runtimes) {
	names := &nodeNames{report: r, at: make(map[string]pos)}
	index := make(map[string]int)
	routers := &routerBuilder{report: r, raw: raw, lab: lab, names: names, index: index}
	policies := &policyBuilder{report: r, raw: raw, lab: lab, lists: make(map[string]*prefixList), defined: make(map[string]*definedPolicy)}
	sessions := &sessionBuilder{report: r, policies: policies, defaults: raw.Defaults.BGP.Session.sessionKeys, lab: lab, router: index}
	vrfLinks := &vrfLinkBuilder{report: r, lab: lab, router: index, sessions: sessions}
	links := &linkBuilder{report: r, raw: raw.Links, core: &raw.Core, lab: lab, datapath: raw.Datapath.v, router: index, sessions: sessions, vrfLinks: vrfLinks}
	core := &coreBuilder{report: r, raw: raw, lab: lab, router: index, sessions: sessions}
	vrfs := &vrfBuilder{
		report: r, raw: raw, lab: lab, router: index, policies: policies,
		defined: make(map[string]vrfDef), uses: make(map[vrfKey]vrfUse),
	}
	claims := &vrfClaims{report: r, prefixes: make(map[vrfKey][]claim), addresses: make(map[vpnAddress]addressOwner)}
	lans := &lanCount{report: r}
	attachment := &attachmentBuilder{
		report: r, lab: lab, mtu: raw.Defaults.Host.MTU, router: index, vrfs: vrfs, claims: claims,
		customer: &customerBuilder{report: r, lab: lab, router: index, policies: policies},
	}
	vrfLinks.vrfs, vrfLinks.claims = vrfs, claims
	segments := &segmentBuilder{report: r, raw: raw, lab: lab, names: names, attachment: attachment, claims: claims, nics: make(map[string]pos)}
	hosts := &hostBuilder{
		report: r, raw: raw, lab: lab, runtimes: known, names: names, lans: lans,
		series:     &seriesBuilder{report: r, router: index, lans: lans},
		attachment: attachment,
		claims:     claims,
	}
	outside := &outsideBuilder{report: r, raw: raw.Outside, lab: lab, names: names, defined: vrfs.defined, claims: claims}
	monitors := &monitorBuilder{report: r, raw: raw, lab: lab}
	whole := &labBuilder{report: r, raw: raw, lab: lab}

	whole.header()
	policies.define()
	routers.build()
	sessions.checkDefaults()
	core.build()
	links.build()
	vrfs.define()
	vrfLinks.build()
	segments.build()
	hosts.build()
	hosts.published()
	whole.ports()
	vrfs.instances()
	core.tracking()
	core.loopbacks()
	core.outside()
	core.checkBorders()
	whole.reflections()
	claims.check()
	outside.build()
	monitors.build()
	routers.labels()
	sessions.prefixLimits()
	vrfs.routeLimits()
	whole.expectations()
	policies.unused()
	lab.drain(raw)
}

// labBuilder fills and checks the lab as a whole.
type labBuilder struct {
	*report
	raw *rawTopology
	lab *Topology
}

// vrfKey names a VRF instance.
type vrfKey struct{ router, vrf string }
