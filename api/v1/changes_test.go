package v1

import (
	"testing"

	"pseudowan/topology"
)

func TestDetail(t *testing.T) {
	for want, p := range map[string]topology.Problem{
		"it is wrong":         {Message: "it is wrong"},
		"it is wrong; use it": {Message: "it is wrong", Remedy: "use it"},
	} {
		if d := detail(p); d.Message != want {
			t.Errorf("%q; want %q", d.Message, want)
		}
	}
}
