package pipeline

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestDiff(t *testing.T) {
	a := Flow{Table: 1, Priority: 1, Match: "ip", Cookie: 1, Actions: "drop"}
	otherActions, otherCookie, otherPriority, otherTable := a, a, a, a
	otherActions.Actions = "output:1"
	otherCookie.Cookie = 2
	otherPriority.Priority = 2
	otherTable.Table = 2
	for _, c := range []struct {
		name                  string
		from, to, add, remove []Flow
	}{
		{"same", []Flow{a}, []Flow{a}, nil, nil},
		{"new", nil, []Flow{a}, []Flow{a}, nil},
		{"gone", []Flow{a}, nil, nil, []Flow{a}},
		{"actions", []Flow{a}, []Flow{otherActions}, []Flow{otherActions}, nil},
		{"cookie", []Flow{a}, []Flow{otherCookie}, []Flow{otherCookie}, nil},
		{"priority", []Flow{a}, []Flow{otherPriority}, []Flow{otherPriority}, []Flow{a}},
		{"table", []Flow{a}, []Flow{otherTable}, []Flow{otherTable}, []Flow{a}},
	} {
		add, remove := Diff(c.from, c.to)
		if diff := cmp.Diff(c.add, add); diff != "" {
			t.Errorf("%s: add: %s", c.name, diff)
		}
		if diff := cmp.Diff(c.remove, remove); diff != "" {
			t.Errorf("%s: remove: %s", c.name, diff)
		}
	}
}
