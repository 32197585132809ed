package keeper

import (
	"context"
	"testing"

	"pseudowan/hosts"
)

// copied is a runtime with a container that may be a copy of a host.
type copied struct{ hosts.Containers }

func (copied) Name() string { return "docker" }

func (copied) List(_ context.Context, lab string) ([]hosts.Sandbox, error) {
	return []hosts.Sandbox{{Lab: lab, Node: "h", Name: "copy", NetNS: "/proc/1/ns/net", Unsure: true}}, nil
}

// The keeper wires no container that only looks like a host.
func TestCopiesAreNotWired(t *testing.T) {
	h := healer{lab: "pwt-no-such-lab", runtime: copied{}}
	if boxes, err := h.boxes(t.Context()); err != nil || len(boxes) > 0 {
		t.Errorf("%+v, %v", boxes, err)
	}
}
