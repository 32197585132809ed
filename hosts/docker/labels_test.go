package docker

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/docker/docker/api/types/container"

	"pseudowan/hosts"
	"pseudowan/hosts/hoststest"
)

func containerWith(name string, labels map[string]string) container.InspectResponse {
	return container.InspectResponse{
		ContainerJSONBase: &container.ContainerJSONBase{Name: "/" + name, State: &container.State{}},
		Config:            &container.Config{Labels: labels},
	}
}

// A container has the labels of its image: they are no host's if they are no mark, or say
// another name.
func TestLabelsOfImages(t *testing.T) {
	for _, c := range []struct {
		lab, node, name string
		host, unsure    bool
	}{
		{"l", "h", "pw-l-h", true, false},
		{"l", "h", "", true, true}, // of an earlier version
		{"l", "h", "pw-l-g", false, false},
		{"../../home", "x", "", false, true},
		{"../../home", "x", "pw-l-h", false, false},
		{"", "x", "pw-l-h", false, false},
		{"l", "", "pw-l-h", false, false},
		{"l", "../../../home", "pw-l-h", false, false},
		{".server", "x", "pw-l-h", false, false},
	} {
		labels := map[string]string{labelLab: c.lab, labelNode: c.node}
		if c.name != "" {
			labels[labelName] = c.name
		}
		box := containerWith("pw-l-h", labels)
		if isHost(box) != c.host || sandboxOf(box).Unsure != c.unsure {
			t.Errorf("%q: host %v, unsure %v", labels, isHost(box), sandboxOf(box).Unsure)
		}
	}
}

// The label of the name is no reason to replace a container that lacks it.
func TestNameIsNoPartOfTheDigest(t *testing.T) {
	spec := hosts.Spec{Lab: "l", Node: "h", Name: "pw-l-h", Image: "some"}
	labels := newContainer(spec, "some").Labels
	spec.Name = "other"
	if other := newContainer(spec, "some").Labels; labels[labelName] != "pw-l-h" || other[labelName] != "other" || other[labelSpec] != labels[labelSpec] {
		t.Errorf("%q and %q", labels, other)
	}
	ours := spec.Mark()
	if err := foreignContainer("pw-l-h", labels, ours); err != nil {
		t.Errorf("its own container: %v", err)
	}
	if err := foreignContainer("copy", labels, ours); !errors.Is(err, hosts.ErrForeign) {
		t.Errorf("a container from an image of it: %v", err)
	}
	if err := foreignContainer("pw-l-h", map[string]string{labelLab: "l", labelNode: "h"}, ours); err != nil {
		t.Errorf("a container of an earlier version: %v", err)
	}
}

// A container that has our labels from its image stays.
func TestRealDockerLeavesCopiesAlone(t *testing.T) {
	r := newDocker(t)
	ref, err := r.ensureImage(context.Background(), hosts.Spec{})
	if err != nil {
		t.Fatal(err)
	}
	lab := hoststest.Unique()
	for name, labels := range map[string]map[string]string{
		lab + "-copy":  {labelLab: lab, labelNode: "h", labelName: lab + "-h"},
		lab + "-other": {labelLab: "../../" + lab, labelNode: "h"},
	} {
		made, err := r.cli.ContainerCreate(context.Background(), &container.Config{Image: ref, Labels: labels}, nil, nil, nil, name)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = r.remove(context.Background(), made.ID) })
		boxes, err := r.List(context.Background(), "")
		if err != nil || slices.ContainsFunc(boxes, func(b hosts.Sandbox) bool { return b.Name == name }) {
			t.Errorf("%s is listed: %+v, %v", name, boxes, err)
		}
	}
	copied := hosts.Sandbox{Lab: lab, Node: "h", Name: lab + "-copy"}
	if err := r.Remove(context.Background(), copied); !errors.Is(err, hosts.ErrForeign) {
		t.Errorf("Remove: %v, want hosts.ErrForeign", err)
	}
}
