package look

import (
	"net/netip"
	"reflect"
	"strings"
	"testing"
)

func TestParseCondition(t *testing.T) {
	for _, text := range []string{
		"converged", "peer=192.168.0.2", "peer=192.168.0.2:idle", "peer=2001:db8::1", "peer=2001:db8::1:established", "neighbor=10.1.0.2",
		"route=red:10.1.0.0/24", "route=65001:101:2001:db8::/64", "no-route=red:10.1.0.0/24", "node=pe1", "node=pe1:stopped",
	} {
		if c, err := ParseCondition(text); err != nil || c.check == nil || c.String() != text {
			t.Errorf("%s: %v", text, err)
		}
	}
	for text, want := range map[string]string{
		"": "is no condition", "convergence": "is no condition", "converged=1": "is no condition", "peer": "is no condition", "peer=": "is no condition",
		"peer=pe1": "not an IP address", "peer=192.168.0.2:up": "not an IP address", "route=red": "give a VRF and a prefix",
		"route=10.1.0.0/24": "give a VRF and a prefix", "neighbor=h1": "not an IP address",
	} {
		if _, err := ParseCondition(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}

func TestRoutesIn(t *testing.T) {
	got := routesIn("65001:101:2001:db8::/64")
	want := []vrfRoute{{"65001", netip.MustParsePrefix("101:2001:db8::/64")}, {"65001:101", netip.MustParsePrefix("2001:db8::/64")}}
	if !reflect.DeepEqual(got[:2], want) {
		t.Errorf("%v, want to begin with %v", got, want)
	}
	if got := routesIn("red:10.1.0.9/24"); !reflect.DeepEqual(got, []vrfRoute{{"red", netip.MustParsePrefix("10.1.0.0/24")}}) {
		t.Errorf("%v", got)
	}
}
