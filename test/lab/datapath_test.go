package lab

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"pseudowan/status"
)

// ps shows the datapath of a router's switch, and it is the requested one.
func TestRealDatapath(t *testing.T) {
	l := sharedLab(t)
	var nodes []status.Node
	if err := json.Unmarshal([]byte(must(t, "ps", "--lab", l.name, "-o", "json")), &nodes); err != nil {
		t.Fatal(err)
	}
	asked := os.Getenv(datapathEnv)
	for _, n := range nodes {
		if n.Kind != "router" {
			if n.Datapath != "" {
				t.Errorf("host %s has the datapath %s", n.Node, n.Datapath)
			}
			continue
		}
		has := strings.TrimSpace(l.mustExec(t, n.Node, "ovs-vsctl", "get", "bridge", "br0", "datapath_type"))
		t.Logf("%s switches in the datapath %s", n.Node, has)
		if n.Datapath != has {
			t.Errorf("%s: ps says %q, the bridge has %q", n.Node, n.Datapath, has)
		}
		if (asked == "system" || asked == "netdev") && has != asked {
			t.Errorf("%s: %s was requested, the bridge has %s", n.Node, asked, has)
		}
	}
}
