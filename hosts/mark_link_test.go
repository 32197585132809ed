package hosts

import "testing"

// A lent NIC may be a veth, as our wires are; its mark must not make it one of
// them.
func TestALentNICIsNoWire(t *testing.T) {
	if !markedLink(linkAlias("pe1:eth1")) {
		t.Error("the alias of a wire is not recognized")
	}
	record := nicRecord{Name: "eth1", MTU: 1500}
	for alias, what := range map[string]string{
		record.alias(): "a lent NIC",
		"":             "an interface without alias",
		"pseudowanted": "a look-alike",
	} {
		if markedLink(alias) {
			t.Errorf("%s, alias %q, counts as a wire of ours", what, alias)
		}
	}
}
