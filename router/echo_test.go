package router

import (
	"net/netip"
	"testing"
	"time"

	"pseudowan/ovs"
	"pseudowan/ovs/pipeline"
	"pseudowan/router/config"
	"pseudowan/router/mplsecho"
)

// Requests of MPLS echo are heard on links of label-switched paths, at the end of a path and
// on the way, and on no others: a router behind a border could have this one send to others.
func TestEchoComesFromTheCore(t *testing.T) {
	r, _ := edge(t, func(cfg *config.Router) {
		cfg.Core[0].Metric = 10
		cfg.Transport = &config.Transport{Port: 9, MAC: testMAC(9).String(), Addresses: []netip.Addr{netip.MustParseAddr("10.255.0.1")}}
	})
	request := mplsecho.Packet{
		Stack:  []mplsecho.Label{{Value: 1000, TTL: 1}},
		Source: netip.MustParseAddrPort("10.255.0.4:5000"), Destination: mplsecho.To(false),
		Data: mplsecho.Message{Type: mplsecho.Request, Mode: mplsecho.ReplyUDP}.Append(nil),
	}
	frame, err := request.Frame()
	if err != nil {
		t.Fatal(err)
	}
	for _, reason := range []pipeline.Reason{pipeline.ReasonTTL, pipeline.ReasonEcho} {
		for port, want := range map[uint32]bool{firstLink: true, secondLink: false, redPort: false} {
			if got := (echo{r}).hear(ovs.PacketIn{Reason: reason, Port: port, Frame: frame}, time.Now()); got != want {
				t.Errorf("reason %s, port %d: heard %t", reason, port, got)
			}
		}
	}
}
