package main

// demand is what an RFC demands of a router that is sent something, and the tests
// that send it.
type demand struct {
	sent, rfc, expected string
	tests               []string // package and test
}

// demands are the cases that once went wrong here. The first did most harm.
var demands = []demand{
	{"a message of type 0 or 9, a second OPEN, an UPDATE before OPEN", "4271 6.1, 6608", "NOTIFICATION 1/3, 5/3, 5/1; other sessions and the process live", hostile},
	{"MP_REACH_NLRI of three octets, NLRI cut in label or RD", "7606 5.3, 7.11", "NOTIFICATION 3/9 with the attribute as data", []string{"bgp.TestRealHostilePeers", "bgp/gate.TestDemands"}},
	{"prefix SID cut short", "8669 3, 7606", "attribute discard", repaired},
	{"NLRI of families that were not negotiated", "7606 7.11", "ignored and counted", []string{"bgp/gate.TestFaults", "bgp/gate.TestUpdates"}},
	{"millions of mutated messages", "4271 6", "the process lives, does not grow, and other sessions stand", []string{"bgp.TestMutations", "bgp.TestRealRandomHostility"}},
	{"own AS, ORIGINATOR_ID or CLUSTER_ID in a route that replaces another", "4271 9.1.2, 4456 8", "the old route goes, the new one is listed with its reason", []string{"bgp/gate.TestLoops", "bgp/gate.TestLoopsAreShown", "bgp/gate.TestDemands"}},
	{"next hop of 0, 4, 5 or 200 octets; prefix length 0, 80 or 121; attribute of 0 or 2 octets", "4760 7, 7606 5.3", "session reset", onDemand},
	{"MP_REACH_NLRI flagged transitive", "7606 3 c", "treat as withdraw", onDemand},
	{"two labels, RD of an unknown type, empty next hop", "8277 2.2, 4364 4.2", "listed as unusable; other routes are shown; the older route goes", []string{"bgp.TestRealRepairedUpdates", "bgp/gate.TestStrangeRDs", "bgp/gate.TestSeveralLabels"}},
	{"LOCAL_PREF of an external peer or a customer", "4271 5.1.5", "ignored", []string{"bgp.TestRealRepairedUpdates", "bgp/gate.TestDemands"}},
	{"label field 0x800000 in MP_REACH_NLRI", "8277 2.4", "unusable", onDemand},
	{"withdrawal with another compatibility field", "8277 2.4", "withdraws", onDemand},
	{"label with the S bit clear", "8277 2.2", "the bit is ignored", onDemand},
	{"NO_ADVERTISE and NO_EXPORT, also through a reflector", "1997", "nobody is told, or nobody outside", []string{"bgp.TestRealKeptBack", "bgp/gate.TestKeptBack"}},
	{"AS 0 in AS_PATH", "7607 2", "treat as withdraw", onDemand},
	{"AS4_PATH and AS4_AGGREGATOR of a peer with 4-octet numbers", "6793 3, 6", "attribute discard", onDemand},
	{"unused bits of attribute flags", "4271 4.3", "ignored", onDemand},
	{"a prefix announced and withdrawn in one UPDATE", "4271 4.3", "announced", onDemand},
	{"an unknown transitive attribute", "4271 5", "passed on with the Partial bit", []string{"bgp.TestRealPassedAttributes", "bgp/gate.TestDemands"}},
	{"SoO, AGGREGATOR and ATOMIC_AGGREGATE of a customer", "4271 5, 4364", "passed on", []string{"bgp.TestRealPassedAttributes", "bgp.TestAcrossAS"}},
	{"hold time 0 at either end", "4271 4.2", "no hold timer and no KEEPALIVEs", []string{"bgp.TestRealNoHoldTime", "bgp/gate.TestNoHoldTime"}},
	{"more prefixes than max-prefixes", "4486", "NOTIFICATION 6/1, the reason is shown", []string{"bgp.TestRealLimits"}},
	{"a link without carrier", "4271 8.1.5", "the session and its routes go at once", []string{"bgp.TestRealCutOff"}},
	{"a peer that did not offer IPv6 next hops", "8950 4", "it gets none", []string{"bgp/gate.TestKeptBack"}},
	{"VPNv6 over a session of IPv4", "4659 3.2.1.1", "the link's IPv6 address as next hop", []string{"bgp/gate.TestLocalIPv6"}},
	{"a peer that returns without graceful restart, or with the F bit clear", "4724 4.2", "its stale routes go at once", []string{"bgp.TestRealStaleRoutesGo", "bgp/gate.TestRestart"}},
	{"no marker, wrong lengths, unknown optional parameter", "4271 6.1, 6.2", "NOTIFICATION 1/1, 1/2 with the length, 2/4", hostile},
	{"malformed ORIGINATOR_ID and CLUSTER_LIST from outside", "7606 7.9, 7.10", "attribute discard", onDemand},
	{"NEXT_HOP 0.0.0.0 beside MP_REACH_NLRI", "4760 3", "ignored", onDemand},
	{"a NOTIFICATION", "4271 6.4", "no answer", []string{"bgp.TestRealNotificationsAreNotAnswered"}},
	{"Cease with words", "4486, 9003", "shown in words", []string{"bgp.TestRealWordsOfThePeer"}},
	{"the router's own OPEN", "draft-walton-bgp-hostname-capability", "names the router, not the server", []string{"bgp/gate.TestOurOpen"}},
	{"10,000 routes with equal attributes", "4271 4.3", "many in one UPDATE", []string{"bgp.TestRealPacking", "bgp/gate.TestPacking"}},
	{"route refresh by a peer with VPNv4 and VPNv6", "2918", "all routes again", []string{"bgp/gate.TestCapabilitiesOnce"}},
}

// What many of them have in common.
var (
	onDemand = []string{"bgp/gate.TestDemands"}
	repaired = []string{"bgp.TestRealRepairedUpdates"}
	hostile  = []string{"bgp.TestRealHostilePeers"}
)

// answered is a demand and what the router did.
type answered struct {
	demand
	result string
}

// answer finds what became of each demand.
func answer(all map[string]*outcome) []answered {
	var out []answered
	for _, d := range demands {
		a := answered{d, "as expected"}
		for _, test := range d.tests {
			switch o := all[test]; {
			case o == nil:
				a.result = "not run"
			case o.action == "skip" && a.result != failure:
				a.result = o.result()
			case o.action != "pass" && o.action != "skip":
				a.result = failure
			}
		}
		out = append(out, a)
	}
	return out
}
