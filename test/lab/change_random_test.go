package lab

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"pseudowan/api/client"
	"pseudowan/status"
	"pseudowan/topology"
	"pseudowan/topology/random"
)

// randomChanges is the default number of random run-time changes; PSEUDOWAN_CHANGES
// overrides it, and PSEUDOWAN_SEED is the seed of the first lab. A lab has changesOfLab.
const (
	randomChanges = 20
	changesOfLab  = 25
)

// Whatever is changed in a running lab, whatever is refused, and whatever is stopped,
// frozen or cut meanwhile and comes back: the lab is then sound,
// it is the lab that a fresh start of what it exports gives, and hosts that no change
// concerns have lost no packet.
func TestRealRandomChanges(t *testing.T) {
	left := number(t, "PSEUDOWAN_CHANGES", randomChanges)
	for seed := number(t, "PSEUDOWAN_SEED", 1); left > 0; seed++ {
		n := min(left, changesOfLab)
		left -= n
		t.Run(strconv.Itoa(seed), func(t *testing.T) { changeAtRandom(t, seed, n) })
	}
}

func changeAtRandom(t *testing.T, seed, changes int) {
	name := fmt.Sprintf("pwt-vch%d", seed)
	text := random.Lab(name, uint64(seed))
	l := fromText(t, t.TempDir(), name, string(text))
	l.up(t)
	text = []byte(must(t, "export", name))
	spare, lost := pingMeanwhile(t, l)
	c := client.New(name)
	r, other := rand.New(rand.NewPCG(uint64(seed), 3)), rand.New(rand.NewPCG(uint64(seed), 4))
	refused := 0
	for i := range changes {
		disturb(t, c, other, text, spare)
		e, after := random.Change(r, text, spare...)
		t.Logf("%d: %s %v", i, e, e.Settings)
		_, err := c.Change(t.Context(), e)
		var problem *client.Problem
		switch {
		case after != nil && err != nil:
			t.Fatalf("change %d, %+v: %v\n%s", i, e, err, text)
		case after == nil && (!errors.As(err, &problem) || problem.Status != 422 && problem.Status != 404):
			t.Fatalf("change %d, %+v, is not refused: %v\n%s", i, e, err, text)
		case after == nil:
			refused++
		default:
			text = after
		}
		if got := must(t, "export", name); got != string(text) {
			t.Fatalf("after change %d, %+v, the lab exports\n%s\nwant\n%s", i, e, got, text)
		}
	}
	if out := lost(); out != "" {
		t.Errorf("packets between %v were lost: %s", spare, out)
	}
	must(t, "wait", name, "--for", "converged")
	l.sound(t)
	changed := doesOf(t, l)
	l.file = filepath.Join(filepath.Dir(l.file), "exported.yaml")
	if err := os.WriteFile(l.file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	if out := must(t, "up", l.file); !strings.Contains(out, "nothing to change") {
		t.Errorf("up with what was exported says:\n%s", out)
	}
	l.down(t)
	must(t, "up", l.file)
	l.sound(t)
	if diff := gocmp.Diff(doesOf(t, l), changed); diff != "" {
		t.Errorf("the changed lab is not as a fresh one (-fresh +changed):\n%s\n%s", diff, text)
	}
	t.Logf("seed %d: %d changes, %d of them refused", seed, changes, refused)
}

// disturb does something to a host or its link by the API, one of four times, and undoes it.
// What is spared is left alone.
func disturb(t *testing.T, c *client.Client, r *rand.Rand, text []byte, spare []string) {
	t.Helper()
	lab, err := topology.Parse("random.yaml", text)
	if err != nil {
		t.Fatal(err)
	}
	lab.Hosts = slices.DeleteFunc(lab.Hosts, func(h topology.Host) bool { return slices.Contains(spare, h.Name) })
	if r.IntN(4) > 0 || len(lab.Hosts) == 0 {
		return
	}
	host := lab.Hosts[r.IntN(len(lab.Hosts))]
	power := func(action string) error { _, err := c.Power(t.Context(), host.Name, action); return err }
	link := func(action string) error {
		_, err := c.Link(t.Context(), host.Name+":"+host.Attachments[0].Interface, action)
		return err
	}
	kinds := []struct {
		what string
		do   func() error
	}{
		{"stop", func() error { return errors.Join(power("stop"), power("start")) }},
		{"pause", func() error { return errors.Join(power("pause"), power("start")) }},
		{"restart", func() error { return power("restart") }},
		{"link", func() error { return errors.Join(link("down"), link("up")) }},
	}
	k := kinds[r.IntN(len(kinds))]
	t.Logf("%s %s", k.what, host.Name)
	if err := k.do(); err != nil {
		t.Fatalf("%s %s: %v\n%s", k.what, host.Name, err, text)
	}
}

// pingMeanwhile pings between two hosts until its result is called, which tells what was
// lost. The names are those of the hosts and their VRFs; none if no host reaches another.
func pingMeanwhile(t *testing.T, l lab) (spare []string, lost func() string) {
	t.Helper()
	all := reachesOf(t, l)
	if len(all) == 0 {
		return nil, func() string { return "" }
	}
	pair := all[0]
	spare = []string{pair.From, pair.To}
	for _, n := range nodes(t, l) {
		if n.Node == pair.From || n.Node == pair.To {
			spare = append(spare, strings.FieldsFunc(n.VRF, func(r rune) bool { return r == ',' || r == ' ' })...)
		}
	}
	ping := exec.Command(program, "exec", "--lab", l.name, pair.From, "--", "ping", "-q", "-i", "0.05", "-W", "10", "-I", pair.Source.String(), pair.Destination.String())
	var said strings.Builder
	ping.Stdout, ping.Stderr = &said, &said
	if err := ping.Start(); err != nil {
		t.Fatal(err)
	}
	return spare, func() string {
		_ = ping.Process.Signal(syscall.SIGINT)
		_ = ping.Wait()
		var sent, received int
		for line := range strings.Lines(said.String()) {
			if n, _ := fmt.Sscanf(line, "%d packets transmitted, %d received", &sent, &received); n == 2 && sent > 0 && received >= sent-1 { // the last may be under way
				return ""
			}
		}
		return said.String()
	}
}

// doesOf is what a lab does, without the numbers that it happens to have: routes,
// announced and pushed labels, flows, and which host reaches which. Keys are lines, and
// values how often they are there.
func doesOf(t *testing.T, l lab) map[string]int {
	t.Helper()
	state := map[string]int{}
	for _, v := range table[status.VRF](t, l, "vrf") {
		for _, r := range v.Routes {
			state[fmt.Sprint("route ", v.Router, v.VRF, v.RD, v.Import, v.Export, r.Prefix, r.NextHop, r.Source, r.Best, r.Backup, optional(r.MED), optional(r.LocalPref), r.ASPath, r.Origin, r.Unusable)]++
		}
	}
	for _, m := range table[status.MPLS](t, l, "mpls") {
		state[fmt.Sprint("label ", m.Router, m.VRF, m.Direction, m.Prefix, m.NextHop)]++
	}
	for _, f := range table[status.Flow](t, l, "flow") {
		state[fmt.Sprint("flow ", f.Router, f.VRF, f.Direction, f.Prefix, f.NextHop)]++
	}
	for _, n := range nodes(t, l) {
		if n.Kind == "router" {
			maps.Copy(state, flowsOf(t, l, n.Node))
		}
	}
	_, pairs := verified(t, l)
	for _, p := range pairs {
		state[fmt.Sprint("reach ", p.From, p.To, p.Result)]++
	}
	return state
}

func optional[T any](p *T) string {
	if p == nil {
		return "-"
	}
	return fmt.Sprint(*p)
}

// flowsOf counts the flows of a switch by table, without those to solicited-node addresses
// (RFC 4291): they follow from the MAC addresses of ports, and so from their numbers.
func flowsOf(t *testing.T, l lab, router string) map[string]int {
	t.Helper()
	count := map[string]int{}
	for line := range strings.Lines(l.mustExec(t, router, "ovs-ofctl", "--no-stats", "dump-flows", "br0")) {
		if strings.Contains(line, "dl_dst=33:33:ff:") {
			continue
		}
		_, rest, _ := strings.Cut(line, "table=")
		number, _, _ := strings.Cut(rest, ",")
		count[fmt.Sprintf("flows of %s in table %s", router, cmp.Or(number, "0"))]++
	}
	return count
}
