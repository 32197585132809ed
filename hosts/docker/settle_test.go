package docker

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/container"

	"pseudowan/hosts"
	"pseudowan/hosts/hoststest"
	"pseudowan/hosts/runtimetest"
)

// askToMake requests a container as a killed command does: without waiting for
// the answer.
func askToMake(t *testing.T, d *containers, plan container.CreateRequest, name string) {
	t.Helper()
	askAndGo(t, d, http.MethodPost, "/containers/create?name="+url.QueryEscape(name), plan)
}

func askAndGo(t *testing.T, d *containers, method, path string, what any) {
	t.Helper()
	body, err := json.Marshal(what)
	if err != nil {
		t.Fatal(err)
	}
	request, err := http.NewRequest(method, "http://docker"+path, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	c, err := net.Dial("unix", strings.TrimPrefix(d.cli.DaemonHost(), "unix://"))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := request.Write(c); err != nil {
		t.Fatal(err)
	}
}

// After Settle, a name has a container that is listed, or none.
func TestRealDockerSettles(t *testing.T) {
	r := newDocker(t)
	ctx := context.Background()
	ref, err := r.ensureImage(ctx, hosts.Spec{})
	if err != nil {
		t.Fatal(err)
	}
	made := 0
	for range 5 {
		lab := hoststest.Unique()
		var specs []hosts.Spec
		for i := range 8 {
			name := fmt.Sprintf("%s-%d", lab, i)
			specs = append(specs, hosts.Spec{Lab: lab, Node: name, Name: name})
			askToMake(t, r, newContainer(specs[i], ref), name)
		}
		if err := r.Settle(ctx, specs); err != nil {
			t.Fatal(err)
		}
		boxes, err := r.List(ctx, lab)
		if err != nil {
			t.Fatal(err)
		}
		made += len(boxes)
		for _, box := range boxes {
			if err := r.Remove(ctx, box); err != nil {
				t.Error(err)
			}
		}
		for _, s := range specs {
			id, err := r.create(ctx, placeholder(s, ref), s.Name)
			if errdefs.IsConflict(err) {
				t.Errorf("%s appears after all have been removed", s.Name)
			}
			if box := (hosts.Sandbox{Lab: s.Lab, Node: s.Node, Name: s.Name}); err == nil {
				err = r.Remove(ctx, box)
			}
			if err != nil {
				t.Errorf("%s %s: %v", s.Name, id, err)
			}
		}
	}
	if made == 0 {
		t.Error("the daemon has made no abandoned container: nothing is tested")
	}
}

// Missing containers and other people's are left alone.
func TestRealDockerSettlesWithoutTouching(t *testing.T) {
	r := newDocker(t)
	h := runtimetest.New(t, r)
	others := h.Spec
	others.Lab = "other"
	missing := hosts.Spec{Lab: h.Spec.Lab, Node: "missing", Name: hoststest.Unique(), Image: "127.0.0.1:1/no/such:image"}
	if err := r.Settle(context.Background(), []hosts.Spec{h.Spec, others, missing}); err != nil {
		t.Fatal(err)
	}
	if box := h.Look(t); box != h.Box {
		t.Errorf("it is %+v, was %+v", box, h.Box)
	}
}

// What a killed command has left, or left to the daemon, becomes the requested
// host: a container that is still being made, one that lacks its files, one
// that is being removed.
func TestRealDockerEnsureAfterAKilledCommand(t *testing.T) {
	r := newDocker(t)
	ctx := context.Background()
	ref, err := r.ensureImage(ctx, hosts.Spec{})
	if err != nil {
		t.Fatal(err)
	}
	name := hoststest.Unique()
	spec := hosts.Spec{Lab: name, Node: "node_1", Name: name, Files: map[string]string{"/etc/word": "here"}}
	plan := newContainer(spec, ref)
	h := &runtimetest.Host{Runtime: r, Spec: spec}
	for what, leave := range map[string]func(){
		"being made": func() { askToMake(t, r, plan, name) },
		"without its files": func() {
			if _, err := r.create(ctx, plan, name); err != nil {
				t.Fatal(err)
			}
		},
		"a placeholder": func() {
			if _, err := r.create(ctx, placeholder(spec, ref), name); err != nil {
				t.Fatal(err)
			}
		},
		"being removed": func() {
			if _, err := r.Ensure(ctx, spec); err != nil {
				t.Fatal(err)
			}
			askAndGo(t, r, http.MethodDelete, "/containers/"+name+"?force=1", nil)
			hoststest.Eventually(t, "its process ends", func() bool {
				c, err := r.cli.ContainerInspect(ctx, name)
				return err != nil || !c.State.Running || c.State.Dead || c.State.Status == container.StateRemoving || !hasNetwork(c)
			})
		},
	} {
		leave()
		if h.Box, err = r.Ensure(ctx, spec); err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		if got := h.Sh(t, "cat /etc/word"); got != "here" || !h.Box.Running() {
			t.Errorf("%s: the file says %q; %+v", what, got, h.Box)
		}
		if err := r.Remove(ctx, h.Box); err != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
}
