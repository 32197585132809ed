package router

import (
	"testing"

	"pseudowan/ovs"
)

func TestDatapath(t *testing.T) {
	for _, c := range []struct {
		asked         string
		running, want ovs.Datapath
	}{
		{"system", "", ovs.System},
		{"system", ovs.Netdev, ovs.System},
		{"netdev", "", ovs.Netdev},
		{"netdev", ovs.System, ovs.Netdev},
		{"auto", ovs.System, ovs.System},
		{"auto", ovs.Netdev, ovs.Netdev},
		{"", ovs.System, ovs.System},
		{"", ovs.Netdev, ovs.Netdev},
	} {
		if got := datapath(c.asked, c.running); got != c.want {
			t.Errorf("%q asked, %q running: %s; want %s", c.asked, c.running, got, c.want)
		}
	}
}
