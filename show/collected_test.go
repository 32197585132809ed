package show

import "pseudowan/status"

var (
	collectedRouters = []status.CollectedRouter{
		{HashID: "d566b83fd5fac1a5ac7f77892b6e4eda", Modified: "2017-08-17 23:58:48.491798", InitData: "tara-mx-01", Name: "tara-mx-01", Address: "200.1.1.1", AS: num(65001), Description: "Juniper Networks, Inc. mx960 internet router, kernel JUNOS 14.2R6.5", Connected: 1},
		{HashID: "69b62b1b1e706ee21e92523fb0cf3161", Modified: "2017-08-17 22:59:35.812793", Address: "172.17.0.1", TermCode: 65534, TermReason: "ERROR: Unsupported BMP message version"},
	}
	collectedPeers = []status.CollectedPeer{
		{HashID: "1", RouterName: "tara-mx-01", RouterIP: "200.1.1.1", Type: "global", Address: "192.168.0.2", AS: 65002, BGPID: addr("10.0.0.2"), Up: 1, Connected: 1, Prefixes: 110},
		{HashID: "2", RouterIP: "200.1.1.2", Type: "loc-rib", RD: "65001:101", Name: "red", Malformed: 3},
		{HashID: "3", RouterName: "tara-mx-01", RouterIP: "200.1.1.1", Type: "l3vpn", RD: "65001:101", Address: "10.1.0.2", AS: 65100, DownReason: "the peer has closed the connection"},
	}
	collectedRoutes = []status.CollectedRoute{
		{RouterName: "tara-mx-01", RouterIP: "200.1.1.1", PeerHashID: "1", PeerName: "192.168.0.2", RIB: status.RIBInPre, Family: "l3vpn-ipv4-unicast", RD: "65001:101", Prefix: "30.1.0.0/24", Labels: []uint32{505}, NextHop: addr("192.168.0.2"), Origin: "igp", ASPath: "65002", MED: num(50), Communities: []string{"65001:7"}, Extended: []string{"rt:65001:101"}},
		{RouterIP: "200.1.1.2", PeerHashID: "2", PeerName: "red", RIB: status.RIBLoc, Family: "ipv6-unicast", Prefix: "2001:db8:30::/64", PathID: 7},
	}
)
