package pipeline

// Base is what every switch needs before the first port: the table misses, the
// TTL check, size errors, explicit null labels, and the drop of VLAN tags.
// Without it nothing is forwarded.
type Base struct {
	Meter uint32 // limits punts without a port or VRF; 0: no limit
}

// Flows returns the flows of the base.
func (b Base) Flows() []Flow {
	l := &list{kind: KindBase}
	l.add(TablePort, 1000, "vlan_tci=0x1000/0x1000", drop)
	// Above the flow of a bridge without fail_mode=secure (priority 0, NORMAL),
	// which switches packets between all ports.
	l.add(TablePort, 1, "", drop)

	l.add(TableAdmission, 0, "", drop)

	// Explicit null (RFC 3032, RFC 4182) means only "pop". At the bottom of the
	// stack it leaves a packet without a VRF.
	for _, label := range []string{"0", "2"} {
		l.add(TableLabel, 100, "mpls,mpls_label="+label+",mpls_bos=0", join("pop_mpls:0x8847", resubmit(TableAdmission)))
		l.add(TableLabel, 100, "mpls,mpls_label="+label+",mpls_bos=1", drop)
	}
	l.add(TableLabel, 0, "", drop)

	for _, ttl := range []string{"ip,nw_ttl=0", "ip,nw_ttl=1", "ipv6,nw_ttl=0", "ipv6,nw_ttl=1"} {
		l.add(TableTTL, 100, ttl, punt(ReasonTTL))
	}
	l.add(TableTTL, 10, "reg1=0", gotoTable(TableRoute))
	l.add(TableTTL, 0, "", gotoTable(TableAdjacency))

	l.add(TableRoute, 0, "", drop)
	l.add(TablePath, 0, "", drop)
	l.add(TableAdjacency, 200, "reg6=0x1/0x1", punt(ReasonTooBig))
	l.add(TableAdjacency, 0, "", drop)
	l.add(TableWay, 0, "", drop)
	l.add(TablePunt, 0, "", controller(b.Meter))
	return l.flows
}
