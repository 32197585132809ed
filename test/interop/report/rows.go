package main

// chapters are the parts of the page that the tests of test/interop are in.
var chapters = map[string]chapter{
	"TestRealVM":       packetsChapter,
	"TestRealVMCore":   packetsChapter,
	"TestRealOtherEnd": packetsChapter,
	"TestRealHolds":    attackChapter,
}

// elsewhere are tests of other rooms that have rows, by package and name.
var elsewhere = map[string]row{
	"test/lab.TestRealNIC/pwtnic0": {
		software: "gobgpd", chapter: packetsChapter,
		feature: "behind a NIC: labelled packets both ways; the NIC comes back as it was",
	},
	"test/lab.TestRealCustomersBGP": {
		software: "gobgpd, BIRD", chapter: packetsChapter,
		feature: "customers with the same addresses and AS in two VPNs: ping both ways, IPv4 and IPv6; a daemon ends and returns",
	},
	"test/lab.TestRealCustomerFRR": {
		software: "FRR", chapter: packetsChapter,
		feature: "customer with TCP-MD5: ping both ways, IPv4 and IPv6",
	},
	"test/lab.TestRealCustomerRules": {
		software: "gobgpd, BIRD", chapter: packetsChapter,
		feature: "customers: own AS in the path, next hops off the link, NO_EXPORT, limits, IPv6 alone",
	},
	"test/lab.TestRealChaosBGP": {
		chapter: attackChapter,
		feature: "a customer sends strange messages, floods, reads nothing and announces too much",
	},
	"bgp.TestRealRandomHostility": {chapter: attackChapter, feature: "a peer sends mutated messages"},
}
