package lab

import (
	"errors"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"pseudowan/api/client"
	"pseudowan/status"
	"pseudowan/topology/edit"
)

// Links and nodes are cut, stopped and frozen by the API as by commands, by many clients at
// once; what does not fit is refused, and what the end of the keeper interrupts is
// completed by the next command.
func TestRealAPINodes(t *testing.T) {
	t.Parallel()
	l := fromText(t, t.TempDir(), "pwt-apin", strings.ReplaceAll(changeable, "NAME", "pwt-apin"))
	l.up(t)
	c := client.New(l.name)
	if r, err := c.Link(t.Context(), "pe1:eth1", "down"); err != nil || !slices.Equal(r.Links, []string{"pe1:eth1 -- pe2:eth1"}) {
		t.Fatalf("%+v, %v", r, err)
	}
	l.reaches(t, false)
	if r, err := c.Impair(t.Context(), "h1:eth0", client.Impairment{Loss: "100%"}); err != nil || len(r.Means) == 0 {
		t.Fatalf("%+v, %v", r, err)
	}
	if out := must(t, "ps", "--lab", l.name); !strings.Contains(out, "eth0:loss=100%") || !strings.Contains(out, "eth1:down") {
		t.Errorf("ps says:\n%s", out)
	}
	refusedByAPI(t, c)
	manyAtOnce(t, c)
	must(t, "wait", l.name, "--for", "converged")
	faultless(t, l)
	l.reaches(t, true)
	events := must(t, "events", "--lab", l.name)
	for _, what := range []string{"link pe1:eth1 down", "pause pe2", "stop h2"} {
		if !slices.ContainsFunc(strings.Split(events, "\n"), func(line string) bool { return strings.Contains(line, what) && strings.Contains(line, "API") }) {
			t.Errorf("no event %q by API:\n%s", what, events)
		}
	}
	stopCutShort(t, l, c)
	must(t, "wait", l.name, "--for", "converged")
	l.reaches(t, true)
	l.sound(t, "--tables")
}

// refusedByAPI tests that what cannot be is refused, with the status that says why.
func refusedByAPI(t *testing.T, c *client.Client) {
	t.Helper()
	power := func(node, action string) error { _, err := c.Power(t.Context(), node, action); return err }
	link := func(name, action string) error { _, err := c.Link(t.Context(), name, action); return err }
	if err := power("pe2", "pause"); err != nil {
		t.Fatal(err)
	}
	_, concerned := c.Change(t.Context(), edit.Edit{Op: edit.VRFAdd, Name: "blue", Settings: map[string]any{"rts": "1:1", "on": "pe2"}})
	if err := power("h2", "stop"); err != nil {
		t.Fatal(err)
	}
	for _, r := range []struct {
		what string
		err  error
		code int
		want string
	}{
		{"a change of a paused router", concerned, 409, "pseudowan start pe2"},
		{"pause of a stopped host", power("h2", "pause"), 409, "is stopped"},
		{"stop of nothing", power("pe3", "stop"), 404, "no node pe3"},
		{"stop of a path", power("../pe1", "stop"), 404, "no node"},
		{"something else", power("pe1", "reboot"), 422, "validation"},
		{"a link that is not there", link("pe9:eth1", "down"), 404, "pe9"},
	} {
		var p *client.Problem
		if !errors.As(r.err, &p) || p.Status != r.code || !strings.Contains(p.Error(), r.want) {
			t.Errorf("%s: %v; want %d, %q", r.what, r.err, r.code, r.want)
		}
	}
}

// manyAtOnce has a hundred clients do and undo things; at the end, all is undone.
func manyAtOnce(t *testing.T, c *client.Client) {
	t.Helper()
	const clients = 100
	var g errgroup.Group
	for i := range clients {
		g.Go(func() (err error) {
			switch action := []string{"down", "up"}[i/4%2]; i % 4 {
			case 0:
				_, err = c.Power(t.Context(), "h2", map[string]string{"down": "stop", "up": "start"}[action])
			case 1:
				_, err = c.Link(t.Context(), "h1:eth0", action)
			default:
				_, err = c.Link(t.Context(), "pe1:eth1", action)
			}
			return err
		})
	}
	if err := g.Wait(); err != nil {
		t.Error(err)
	}
	_, err1 := c.Link(t.Context(), "pe2:eth1", "up")
	_, err2 := c.Link(t.Context(), "h1:eth0", "up")
	_, err3 := c.Power(t.Context(), "h2", "start")
	_, err4 := c.Power(t.Context(), "pe2", "start")
	if err := errors.Join(err1, err2, err3, err4); err != nil {
		t.Fatal(err)
	}
}

// stopCutShort kills the keeper while it stops a router.
func stopCutShort(t *testing.T, l lab, c *client.Client) {
	t.Helper()
	answer := make(chan error, 1)
	go func() {
		_, err := c.Power(t.Context(), "pe2", "stop")
		answer <- err
	}()
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(time.Millisecond) {
		if text, _ := os.ReadFile("/run/pseudowan/" + l.name + "/.keeper.json"); strings.Contains(string(text), `"begun"`) {
			break
		}
	}
	killByArgs(syscall.SIGKILL, "keeper", l.name)
	failed := <-answer != nil
	r := pseudowan("link", "pe1:eth1", "up", "--lab", l.name)
	if completed := strings.Contains(r.stderr, "an interrupted command was completed: stop pe2"); r.code != 0 || completed != failed {
		t.Errorf("the request failed: %v; the next command: %d, %s", failed, r.code, r.stderr)
	}
	if got := nodeState(t, l, "pe2"); got != status.NodeStopped {
		t.Errorf("pe2 is %s", got)
	}
	if pids := processesIn(l.netns("pe2")); len(pids) > 0 {
		t.Errorf("in stopped pe2 run %v", pids)
	}
	must(t, "start", "--lab", l.name, "pe2")
}
