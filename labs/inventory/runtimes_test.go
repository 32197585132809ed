package inventory

import (
	"context"
	"slices"
	"testing"

	"pseudowan/hosts"
	"pseudowan/labs/plan"
)

// listed is a runtime that only lists hosts.
type listed struct {
	hosts.Runtime
	boxes []hosts.Sandbox
}

func (l listed) List(context.Context, string) ([]hosts.Sandbox, error) {
	return slices.Clone(l.boxes), nil
}

// What may be a copy of a host is none of the lab's unless a plan gives it its name.
func TestCopiesOfHosts(t *testing.T) {
	box := func(node, name string, unsure bool) hosts.Sandbox {
		return hosts.Sandbox{Lab: "pwt-no-such-lab", Node: node, Name: name, Unsure: unsure}
	}
	sure, old, copied := box("a", "pw-a", false), box("b", "pw-b", true), box("b", "copy", true)
	plans := plansOf{sure.Lab: {plan.Plan{}, plan.Plan{Hosts: []plan.Host{{Name: "a", Container: "pw-a"}, {Name: "b", Container: "pw-b"}}}}}
	if !plans.name(old) || plans.name(copied) {
		t.Errorf("an old container is named: %v; a copy: %v", plans.name(old), plans.name(copied))
	}
	r := Runtimes{{Runtime: listed{boxes: []hosts.Sandbox{sure, old, copied}}}} // of a lab without a plan
	for what, list := range map[string]struct {
		of   func(context.Context, string) ([]hosts.Sandbox, error)
		want []hosts.Sandbox
	}{"hosts": {r.Sandboxes, []hosts.Sandbox{sure}}, "doubtful": {r.Doubtful, []hosts.Sandbox{old, copied}}} {
		if got, err := list.of(t.Context(), ""); err != nil || !slices.Equal(got, list.want) {
			t.Errorf("%s: %+v, %v", what, got, err)
		}
	}
}
