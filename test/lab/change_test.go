package lab

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"pseudowan/api/client"
	"pseudowan/status"
	"pseudowan/topology/edit"
)

const changeable = `name: NAME # of the test
runtime: netns
routers:
  pe1: {as: 65001}
  pe2: {as: 65001} # the far one
links:
  - ends: [pe1:eth1, pe2:eth1]
    subnets: [192.168.0.0/30]
vrfs:
  red: {rts: "65000:1"}
hosts:
  h1: {to: pe1, vrf: red, addresses: 10.1.0.2/24}
  h2: {to: pe2, vrf: red, addresses: 10.2.0.2/24}
`

// VRFs, hosts, attachments and routes come and go while a lab runs. What packets do
// follows; what does not concern them loses none; nothing of what was deleted is left.
func TestRealChange(t *testing.T) {
	l := fromText(t, t.TempDir(), "pwt-change", strings.ReplaceAll(changeable, "NAME", "pwt-change"))
	l.up(t)
	in := func(args ...string) string { t.Helper(); return must(t, append(args, "--lab", l.name)...) }

	pinging := exec.Command(program, "exec", "--lab", l.name, "h1", "--", "ping", "-q", "-i", "0.02", "-c", "200", "-W", "10", "10.2.0.2")
	var said strings.Builder
	pinging.Stdout = &said
	if err := pinging.Start(); err != nil {
		t.Fatal(err)
	}
	in("vrf", "add", "blue", "rts=65000:2", "on=pe1")
	if vrfs := table[status.VRF](t, l, "vrf", "--vrf", "blue"); len(vrfs) != 1 || vrfs[0].Router != "pe1" {
		t.Errorf("VRFs: %v", vrfs)
	}
	in("host", "add", "h9", "to=pe1", "vrf=red", "addresses=10.9.0.2/24")
	l.mustExec(t, "h2", "ping", "-c", "1", "-W", "5", "10.9.0.2")
	l.mustExec(t, "h2", "ping", "-c", "1", "-W", "5", "h9")
	in("route", "add", "red", "172.16.0.0/16", "10.9.0.2")
	if flows := table[status.Flow](t, l, "flow", "--router", "pe2", "--prefix", "172.16.0.0/16"); len(flows) != 1 {
		t.Errorf("flows of the route: %v", flows)
	}
	in("host", "attach", "h9", "to=pe2", "vrf=red", "addresses=10.10.0.2/24")
	l.mustExec(t, "h9", "ping", "-c", "1", "-W", "5", "10.10.0.1")
	l.mustExec(t, "h2", "ping", "-c", "1", "-W", "5", "10.9.0.2") // by the default route that it had before
	must(t, "verify", l.name)
	differs := pseudowan("diff", "--lab", l.name)
	for _, line := range []string{"VRF blue on pe1: only in the running lab", "host h9: only in the running lab", "route 172.16.0.0/16 via 10.9.0.2 in VRF red of pe1: only in the running lab"} {
		if differs.code != 1 || !strings.Contains(differs.stdout, line+"\n") {
			t.Errorf("diff: %d, no line %q:\n%s%s", differs.code, line, differs.stdout, differs.stderr)
		}
	}
	exported := filepath.Join(t.TempDir(), "exported.yaml")
	text := in("export")
	if err := os.WriteFile(exported, []byte(text), 0o600); err != nil || !strings.Contains(text, "# the far one") {
		t.Errorf("%v: export:\n%s", err, text)
	}
	if out := must(t, "up", exported); !strings.Contains(out, "nothing to change") {
		t.Errorf("up with what was exported says:\n%s", out)
	}

	in("host", "detach", "h9", "eth1")
	in("route", "del", "red", "172.16.0.0/16")
	in("vrf", "set", "red", "max-routes=100")
	in("host", "del", "h9")
	in("vrf", "del", "blue")
	if err := pinging.Wait(); err != nil || !strings.Contains(said.String(), " 0% packet loss") {
		t.Errorf("h1 to h2 meanwhile: %v\n%s", err, &said)
	}
	if vrfs := table[status.VRF](t, l, "vrf", "--vrf", "red"); len(vrfs) != 2 || vrfs[0].MaxRoutes != 100 || slices.ContainsFunc(vrfs, func(v status.VRF) bool { return len(v.Routes) != 2 }) {
		t.Errorf("VRFs: %v", vrfs)
	}
	if out := command("ip", "netns", "list").stdout; strings.Contains(out, l.name+"-h9") {
		t.Errorf("namespaces:\n%s", out)
	}
	if ports := table[status.Interface](t, l, "interface"); len(ports) != 6 { // of each router eth1, bgp-eth1 and that of its host
		t.Errorf("interfaces: %v", ports)
	}
	must(t, "verify", l.name)
	for _, c := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"vrf", "add", "red", "rts=1:1"}, 2, "exists already"},
		{[]string{"vrf", "add", "x", "rts=nonsense"}, 2, "vrfs.x.rts"},
		{[]string{"vrf", "add", "x", "colour=red"}, 2, `unknown key "colour"`},
		{[]string{"vrf", "set", "rod", "max-routes=1"}, 4, "did you mean red?"},
		{[]string{"vrf", "del", "red"}, 2, "host h1 is in VRF red"},
		{[]string{"host", "add", "h3", "to=pe9", "vrf=red", "addresses=10.3.0.2/24"}, 2, `no router is named "pe9"`},
		{[]string{"host", "add", "h3", "to=pe1", "vrf=red", "addresses=10.1.0.2/24"}, 2, "already used by host h1"},
		{[]string{"host", "del", "h3"}, 4, "no host h3"},
		{[]string{"route", "add", "red", "172.16.0.1/16", "10.1.0.2"}, 2, "did you mean 172.16.0.0/16"},
		{[]string{"route", "add", "red", "172.16.0.0/16", "10.99.0.2"}, 4, "on no subnet"},
		{[]string{"route", "add", "red", "10.1.0.0/24", "10.1.0.2"}, 2, "10.1.0.0/24"},
	} {
		if r := pseudowan(append(c.args, "--lab", l.name)...); r.code != c.code || !strings.Contains(r.stderr, c.want) {
			t.Errorf("%v: %d, %s; want %d, %q", c.args, r.code, r.stderr, c.code, c.want)
		}
	}
	in("vrf", "add", "green", "rts=65000:3", "on=pe2")
	if r := pseudowan("up", exported); r.code != 0 || !strings.Contains(r.stdout, "added host h9") || !strings.Contains(r.stderr, "undoing a change made while the lab ran: VRF green on pe2: only in the running lab") {
		t.Errorf("up says:\n%s%s", r.stdout, r.stderr)
	}
	if out := must(t, "diff", exported); !strings.Contains(out, "is as "+exported+" says") {
		t.Errorf("diff after up:\n%s", out)
	}
}

// The API changes a lab, tells what happens, and survives its keeper and the routers'
// agents, as do changes.
func TestRealAPI(t *testing.T) {
	l := fromText(t, t.TempDir(), "pwt-api", strings.ReplaceAll(changeable, "NAME", "pwt-api"))
	l.up(t)
	c := client.New(l.name)
	if info, err := os.Stat(client.Socket(l.name)); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the socket: %v, %v", info, err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	heard, cut := hear(ctx, c)
	edits := []edit.Edit{
		{Op: edit.HostAdd, Name: "h9", Settings: map[string]any{"to": "pe1", "vrf": "red", "addresses": "10.9.0.2/24"}},
		{Op: edit.RouteAdd, Name: "red", Prefix: netip.MustParsePrefix("172.16.0.0/16"), NextHop: netip.MustParseAddr("10.9.0.2")},
	}
	if r, err := c.Change(ctx, edits...); err != nil || !slices.Contains(r.Changed, "added host h9") {
		t.Fatalf("%v: %v", r, err)
	}
	for text := range heard {
		if strings.HasPrefix(text, "route add red 172.16.0.0/16") {
			break
		}
	}
	if rows, err := c.Verify(ctx); err != nil || len(rows) != 6 || slices.ContainsFunc(rows, func(p status.HostPair) bool { return p.Result != "ok" }) {
		t.Errorf("verify: %v, %v", rows, err)
	}
	if routes, err := c.Routes(ctx, client.Filter{Router: "pe2", Selection: status.Selection{VRF: "red"}}); err != nil || len(routes) != 4 || routes[0].Label == nil {
		t.Errorf("routes: %+v, %v", routes, err)
	}
	if e, err := c.Ping(ctx, "pe2", "", netip.MustParseAddr("10.9.0.2")); err != nil || e.From != netip.MustParseAddr("10.9.0.2") || e.What != "" {
		t.Errorf("ping: %+v, %v", e, err)
	}
	if hops, err := c.Traceroute(ctx, "pe2", "red", netip.MustParseAddr("10.9.0.2")); err != nil || len(hops) != 2 || hops[1].From != netip.MustParseAddr("10.9.0.2") {
		t.Errorf("traceroute: %+v, %v", hops, err)
	}
	var problem *client.Problem
	if _, err := c.Change(ctx, edits...); !errors.As(err, &problem) || problem.Status != 422 || !strings.Contains(problem.Detail, "h9 exists already") {
		t.Errorf("twice: %v", err)
	}
	if _, err := c.VRFs(ctx, client.Filter{Router: "pe7"}); !errors.Is(err, status.ErrNotFound) {
		t.Errorf("no such router: %v", err)
	}
	learned := func() error {
		vrfs, err := c.VRFs(ctx, client.Filter{Router: "pe2", Selection: status.Selection{VRF: "red", Prefix: netip.MustParsePrefix("172.16.0.0/16")}})
		if err == nil && (len(vrfs) != 1 || len(vrfs[0].Routes) != 1) {
			err = fmt.Errorf("%v", vrfs)
		}
		return err
	}
	eventually(t, 15*time.Second, learned)
	killAgents(t, l)
	if err := <-cut; err == nil {
		t.Error("the keeper was killed, and that looks like the end of the lab")
	}
	exported := filepath.Join(t.TempDir(), "exported.yaml")
	if err := os.WriteFile(exported, []byte(must(t, "export", l.name)), 0o600); err != nil {
		t.Fatal(err)
	}
	must(t, "up", exported) // starts what nobody is left to start
	eventually(t, 30*time.Second, learned)
	heard, cut = hear(ctx, c)
	<-heard
	l.down(t)
	if err := <-cut; err != nil {
		t.Errorf("the end of the lab: %v", err)
	}
}

// hear follows the events of a lab, up to what its buffer holds, and tells how they end.
func hear(ctx context.Context, c *client.Client) (heard chan string, end chan error) {
	heard, end = make(chan string, 1000), make(chan error, 1)
	go func() {
		defer close(end)
		defer close(heard)
		for e, err := range c.Events(ctx, -1) {
			if err != nil {
				end <- err
				return
			}
			heard <- e.Text
		}
	}()
	return heard, end
}

// killAgents kills the keeper of a lab and all agents, at once.
func killAgents(t *testing.T, l lab) {
	t.Helper()
	pids, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range pids {
		text, _ := os.ReadFile(file)
		if words := strings.Split(string(text), "\x00"); slices.Contains(words, l.name) && (slices.Contains(words, "agent") || slices.Contains(words, "keeper")) {
			if pid, err := strconv.Atoi(filepath.Base(filepath.Dir(file))); err == nil {
				_ = syscall.Kill(pid, syscall.SIGKILL)
			}
		}
	}
}
