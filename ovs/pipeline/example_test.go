package pipeline_test

import (
	"fmt"
	"net/netip"

	"pseudowan/ovs/pipeline"
)

func ExampleRoute_Flows() {
	route := pipeline.Route{
		ID: 1, VRF: 101, Prefix: netip.MustParsePrefix("30.1.0.0/24"),
		To: pipeline.Forward{Adjacency: 8, Label: 2000, MTU: 1500},
	}
	for _, f := range route.Flows() {
		fmt.Println(f)
	}
	// Output:
	// cookie=0x600000000000001, table=20, priority=34,metadata=0x65,ip,nw_dst=30.1.0.0/24 actions=set_field:0x8->reg1,set_field:0x7d0->reg2,check_pkt_larger(1514)->NXM_NX_REG6[0],goto_table:30
}
