package show

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"pseudowan/status"
)

// LSPTest prints what MPLS echo says of a label-switched path.
func LSPTest(o Output, t status.LSPTest) error {
	t.FECs, t.Labels, t.Answers = present(t.FECs), present(t.Labels), present(t.Answers)
	t.Answers = slices.Clone(t.Answers)
	for i, a := range t.Answers {
		t.Answers[i].InLabels, t.Answers[i].Out = present(a.InLabels), present(a.Out)
	}
	return emitOne(o, t, func() string {
		g := grid{columns: []column{
			number("ttl"), text("router"), text("address"), text("code"), text("in"), text("out"), text("nexthop"), number("mtu"), number("ms"),
		}}
		for _, a := range t.Answers {
			if !a.Address.IsValid() {
				g.add(decimal(a.TTL), "", "", "no answer", "", "", "", "", "")
				continue
			}
			mtu := ""
			if a.MTU > 0 {
				mtu = decimal(a.MTU)
			}
			g.add(decimal(a.TTL), a.Router, address(a.Address), a.Meaning, stack(a.InLabels), stack(a.Out), address(a.NextHop), mtu, strconv.FormatFloat(a.Millis, 'f', 2, 64))
		}
		end := "its end has not answered"
		if t.Arrived {
			end = "its end has answered"
		}
		return g.String() + fmt.Sprintf("\n%s to %s: %d sent, %d answered; %s\n", t.Router, strings.Join(t.FECs, " "), t.Sent, t.Answered, end)
	})
}

// stack writes labels, the outermost first.
func stack(labels []uint32) string {
	var words []string
	for _, l := range labels {
		words = append(words, transportLabel(&l))
	}
	return strings.Join(words, ",")
}
