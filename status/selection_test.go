package status

import (
	"net/netip"
	"slices"
	"testing"
)

func TestSelection(t *testing.T) {
	prefix := netip.MustParsePrefix
	for _, c := range []struct {
		Selection
		has map[string]bool
	}{
		{Selection{}, map[string]bool{"10.1.0.0/16": true, "2001:db8::/32": true}},
		{Selection{Prefix: prefix("10.0.0.0/8")}, map[string]bool{"10.0.0.0/8": true, "10.0.0.0/16": false, "0.0.0.0/0": false}},
		{Selection{Prefix: prefix("10.0.0.0/8"), Longer: true}, map[string]bool{
			"10.0.0.0/8": true, "10.255.0.0/16": true, "11.0.0.0/16": false, "0.0.0.0/0": false, "::/0": false}},
		{Selection{Prefix: prefix("10.1.0.0/16"), Shorter: true}, map[string]bool{
			"10.1.0.0/16": true, "10.0.0.0/8": true, "0.0.0.0/0": true, "10.0.0.0/16": false, "10.1.1.0/24": false, "::/0": false}},
		{Selection{Prefix: prefix("10.1.0.0/16"), Shorter: true, Longer: true}, map[string]bool{
			"10.0.0.0/8": true, "10.1.1.0/24": true, "10.2.0.0/24": false, "::/0": false}},
		{Selection{Prefix: prefix("::/0"), Longer: true}, map[string]bool{"::/0": true, "2001:db8::/32": true, "0.0.0.0/0": false, "10.0.0.0/8": false}},
	} {
		for text, want := range c.has {
			if c.Has(prefix(text)) != want {
				t.Errorf("%+v has %s: %t", c.Selection, text, !want)
			}
		}
		if again, err := ReadSelection(c.Query()); err != nil || again != c.Selection {
			t.Errorf("%+v is read as %+v, %v", c.Selection, again, err)
		}
		if exact := c.Exact(); (exact == nil) != (c.Longer || !c.Prefix.IsValid()) {
			t.Errorf("%+v is %v exactly", c.Selection, exact)
		} else {
			for text, want := range c.has {
				if exact != nil && slices.Contains(exact, prefix(text)) != want {
					t.Errorf("%+v is %v exactly", c.Selection, exact)
				}
			}
		}
		if c.Longer && c.Has(netip.Prefix{}) {
			t.Errorf("%+v has a row without a prefix", c.Selection)
		}
	}
	s := Selection{VRF: "65000:1"}
	if !s.InVRF("red", "65000:1") || s.InVRF("65000", "65000:2") || !(Selection{}).InVRF("red", "") {
		t.Error("VRFs are selected by name or RD")
	}
	if _, err := ReadSelection(map[string][]string{"prefix": {"10.0.0.0"}}); err == nil {
		t.Error("an address was taken for a prefix")
	}
}
