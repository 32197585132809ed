package original

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pseudowan/status"
)

// The tables are printed as by the scripts of the original.
func TestPrint(t *testing.T) {
	const plus = "+++++++++++++++++++++++++++++++"
	for path, want := range map[string]string{
		"interface": `PortTable
portNo   IpAddress       MacAddress        RouteDist
-------- --------------- ----------------- ---------
       1 192.168.0.1     00:00:00:01:01:01 
       c 10.4.0.1        00-00-00-00-00-0A 65001:402
`,
		"arp": `ArpTable
portNo   MacAddress        IpAddress
-------- ----------------- ------------
       1 7c:c3:a1:87:8f:65 192.168.0.2
       3 c2:00:31:6c:7d:04 10.1.0.2
`,
		"mpls": `MplsTable
routeDist  prefix             nexthop          label
---------- ------------------ ---------------- -----
65001:101  10.1.0.2/32        0.0.0.0          1000 
65001:101  110.1.0.0/24       10.1.0.2         1001 
`,
		"route": `RoutingTable
prefix             nexthop
------------------ ----------------
10.255.0.2/32      192.168.0.2    
`,
		"status/peer": `Peer Status
occurTime            status    myPeer             remotePeer         asNumber
-------------------- --------- ------------------ ------------------ --------
2015/09/22 20:51:11  Peer Up   10.10.10.1         192.168.0.2        65002
2015/09/22 20:51:11  Peer Down 10.10.10.1         192.168.0.6        65003
`,
		"stats/port": `PortStats
portNo   rxPackets rxBytes  rxErrors txPackets txBytes  txErrors
-------- --------- -------- -------- --------- -------- --------
       1       529    42178        0       887   101990        0
       2       749    90506        0       415    31420        0
`,
		"stats/flow": `FlowStats
destination(label) packets    bytes
------------------ ---------- ----------
1000                       72       7344
1001                        0          0
0.0.0.0/0                   0          0
130.1.0.0/24                0          0
30.1.0.2                   72       7056
`,
	} {
		title, table, _ := strings.Cut(want, "\n")
		var b bytes.Buffer
		if err := Print(t.Context(), &b, lab{}, Query{Router: "pe1"}, path, at); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(plus+"\n2015/09/22 20:51:11 : "+title+"\n"+plus+"\n"+table, b.String()); diff != "" {
			t.Errorf("%s: %s", path, diff)
		}
	}
	for path, title := range map[string]string{"vrf": "Show vrf", "rib": "Show rib", "neighbor": "Show neighbor"} {
		var b bytes.Buffer
		if err := Print(t.Context(), &b, lab{}, Query{Router: "pe1", Peer: "192.168.0.2", View: status.RoutesReceived}, path, at); err != nil || !strings.Contains(b.String(), title+"\n"+plus+"\nStatus codes") {
			t.Errorf("%s: %v\n%s", path, err, b.String())
		}
	}
	if len(Printed()) != len(tables) {
		t.Errorf("%v are printed, not all of the %d tables", Printed(), len(tables))
	}
}
