package lab

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"pseudowan/api/client"
	"pseudowan/status"
	"pseudowan/topology/edit"
)

const kindsOfChanges = `name: NAME
runtime: netns
routers:
  pe1: {as: 65001}
  pe2: {as: 65001}
links:
  - ends: [pe1:eth1, pe2:eth1]
    subnets: [192.168.0.0/30]
vrfs:
  red: {rts: "65000:1"}
  blue: {rts: "65000:2", on: [pe1, pe2]}
hosts:
  h1: {to: pe1, vrf: red, addresses: 10.1.0.2/24}
  h2: {to: pe2, vrf: red, addresses: 10.2.0.2/24}
  h3: {to: pe2, vrf: red, addresses: 10.3.0.2/24}
series:
  - name: c{i}
    count: 3
    to: pe1
    vrf: blue
    addresses: 10.9.{i}.2/24
`

// LANs, policies, sessions, redistribution, stations and members of series change while a
// lab runs: at once in the tables, in what packets do, and as if the lab had been brought
// up so.
func TestRealChangeKinds(t *testing.T) {
	t.Parallel()
	l := fromText(t, t.TempDir(), "pwt-kinds", strings.ReplaceAll(kindsOfChanges, "NAME", "pwt-kinds"))
	l.up(t)
	in := func(args ...string) string { t.Helper(); return must(t, append(args, "--lab", l.name)...) }
	in("lan", "add", "office", "to=pe2", "vrf=red", "subnets=[10.40.0.0/24]")
	in("host", "add", "o1", "to=office", "addresses=10.40.0.9/24")
	l.mustExec(t, "h1", "ping", "-c", "1", "-W", "5", "10.40.0.9")
	in("host", "move", "h3", "to=office", "addresses=10.40.0.8/24")
	l.mustExec(t, "h1", "ping", "-c", "1", "-W", "5", "10.40.0.8")
	l.mustExec(t, "o1", "ping", "-c", "1", "-W", "5", "10.40.0.8")
	in("host", "move", "h2", "to=pe1")
	l.mustExec(t, "h1", "ping", "-c", "1", "-W", "5", "10.2.0.2")

	in("policy", "add", "prefer", "{match: {prefixes: 10.0.0.0/8 le 32}, set: {local-pref: 333}}")
	in("neighbor", "set", "pe2", "--router", "pe1", "import-policy=prefer")
	for _, v := range table[status.VRF](t, l, "vrf", "--router", "pe1", "--vrf", "red", "--prefix", "10.40.0.0/24") {
		if len(v.Routes) != 1 || v.Routes[0].LocalPref == nil || *v.Routes[0].LocalPref != 333 {
			t.Errorf("after the policy: %+v", v.Routes)
		}
	}
	in("redistribute", "del", "red", "connected")
	if vrfs := table[status.VRF](t, l, "vrf", "--router", "pe1", "--prefix", "10.40.0.0/24"); len(vrfs) > 0 && len(vrfs[0].Routes) > 0 {
		t.Errorf("not redistributed, and there: %v", vrfs)
	}
	in("redistribute", "add", "red", "connected", "hosts")
	in("bmp", "add", "pe1", "to=10.1.0.2:5000", "vrf=red")
	if rows := table[status.Station](t, l, "bmp"); len(rows) != 1 {
		t.Errorf("stations: %v", rows)
	}
	in("neighbor", "add", "h1", "as=65101")
	if rows := table[status.Peer](t, l, "peer", "--vrf", "red"); len(rows) != 1 || rows[0].RemoteAS != 65101 {
		t.Errorf("sessions of h1: %v", rows)
	}
	in("host", "del", "c2")
	in("route", "add", "blue", "172.16.0.0/16", "10.9.3.2")
	if out := in("neighbor", "clear", "pe2", "--router", "pe1", "soft"); !strings.Contains(out, "asked for its routes again") || !strings.Contains(out, "told all routes again") {
		t.Errorf("soft: %s", out)
	}
	testClearHard(t, l)
	if text := in("export"); !strings.Contains(text, "range: 1-1") || !strings.Contains(text, "c3:") {
		t.Errorf("of the series is left:\n%s", text)
	}
	edited := testFresh(t, l)

	in = func(args ...string) string { t.Helper(); return must(t, append(args, "--lab", edited.name)...) }
	in("neighbor", "del", "h1")
	in("bmp", "del", "pe1", "to=10.1.0.2:5000")
	in("neighbor", "set", "pe2", "--router", "pe1", "import-policy=")
	in("policy", "del", "prefer")
	in("host", "del", "o1")
	in("host", "move", "h3", "to=pe2", "vrf=red", "addresses=10.3.0.2/24")
	in("lan", "del", "office")
	must(t, "verify", edited.name)
	must(t, "audit", "--lab", edited.name)
	if out := command("ip", "netns", "list").stdout; strings.Count(out, edited.name) != 3+4+1 { // the lab, pe1, pe2, h1, h2, h3, c1, c3
		t.Errorf("namespaces that are left:\n%s", out)
	}
	if out := command("nsenter", "--net="+edited.netns(""), "ip", "-o", "link", "show", "type", "bridge").stdout; out != "" {
		t.Errorf("bridges that are left:\n%s", out)
	}
}

// testClearHard resets a session: it is another one, and its routes are back.
func testClearHard(t *testing.T, l lab) {
	t.Helper()
	session := func() status.Peer {
		rows := table[status.Peer](t, l, "peer", "--router", "pe1")
		return rows[slices.IndexFunc(rows, func(p status.Peer) bool { return p.VRF == "" })]
	}
	for _, peer := range []string{"192.168.0.2", "all"} { // of all, either end resets the session
		before := session()
		must(t, "neighbor", "clear", peer, "--lab", l.name)
		eventually(t, 20*time.Second, func() error {
			now := session()
			if now.State != status.SessionEstablished || !now.Since.After(before.Since) || !strings.Contains(now.LastEnd, "administrative reset") {
				return fmt.Errorf("%s since %s, ended by %q", now.State, now.Since, now.LastEnd)
			}
			return nil
		})
	}
	must(t, "wait", l.name, "--for", "converged")
}

// tables are what routers know and do, without what is numbered as it comes.
type tables struct{ routes, flows []string }

func tablesOf(t *testing.T, l lab) (out tables) {
	t.Helper()
	for _, v := range table[status.VRF](t, l, "vrf") {
		for _, r := range v.Routes {
			out.routes = append(out.routes, fmt.Sprintln(v.Router, v.VRF, v.RD, r.Prefix, r.NextHop, r.Best))
		}
	}
	for _, f := range table[status.Flow](t, l, "flow") {
		out.flows = append(out.flows, fmt.Sprintln(f.Router, f.VRF, f.Prefix))
	}
	slices.Sort(out.routes)
	slices.Sort(out.flows)
	return out
}

// testFresh brings the lab up anew from what it exports, and compares.
func testFresh(t *testing.T, l lab) lab {
	t.Helper()
	exported := filepath.Join(t.TempDir(), "exported.yaml")
	if err := os.WriteFile(exported, []byte(must(t, "export", l.name)), 0o600); err != nil {
		t.Fatal(err)
	}
	if out := must(t, "up", exported); !strings.Contains(out, "nothing to change") {
		t.Errorf("up with what was exported says:\n%s", out)
	}
	before := tablesOf(t, l)
	l.down(t)
	fresh := lab{name: l.name, file: exported}
	must(t, "up", exported)
	if d := cmp.Diff(before, tablesOf(t, fresh), cmp.AllowUnexported(tables{})); d != "" {
		t.Errorf("the lab brought up (-changed +fresh):\n%s", d)
	}
	return fresh
}

// A batch is all or nothing, names what it refuses (RFC 9457), and takes a hundred of each.
func TestRealChangeBatch(t *testing.T) {
	t.Parallel()
	l := fromText(t, t.TempDir(), "pwt-batch", strings.ReplaceAll(kindsOfChanges, "NAME", "pwt-batch"))
	l.up(t)
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	c := client.New(l.name)
	before := must(t, "export", l.name)
	for _, hostile := range []edit.Edit{
		{Op: edit.LANAdd, Name: "../../etc", Settings: map[string]any{"to": "pe1", "vrf": "red", "subnets": []any{"10.60.0.0/24"}}},
		{Op: edit.PolicyAdd, Name: "p", Terms: []any{map[string]any{"set": map[string]any{"med": "$(reboot)"}}}},
		{Op: edit.NeighborSet, Name: "pe2", Router: "pe1", Settings: map[string]any{"hold-time": -1}},
		{Op: edit.HostMove, Name: "h1", Settings: map[string]any{"to": "pe1\nhosts: {}"}},
		{Op: edit.BMPAdd, Name: "pe1", Settings: map[string]any{"to": "127.0.0.1:80", "vrf": "red"}},
	} {
		_, err := c.Change(ctx, edit.Edit{Op: edit.VRFAdd, Name: "green", Settings: map[string]any{"rts": "1:1"}}, hostile)
		var problem *client.Problem
		if !errors.As(err, &problem) || problem.Status != 422 {
			t.Errorf("%s: %v", hostile, err)
		}
	}
	if after := must(t, "export", l.name); after != before {
		t.Errorf("refused, and something changed:\n%s", cmp.Diff(before, after))
	}
	hundredClients(t, l)
	var list strings.Builder
	for i := range 100 {
		fmt.Fprintf(&list, "- {op: vrf-add, name: v%d, settings: {rts: \"65000:%d\"}}\n", i, 100+i)
		fmt.Fprintf(&list, "- {op: lan-add, name: l%d, settings: {to: pe1, vrf: v%d, subnets: [10.0.0.0/24]}}\n", i, i)
		fmt.Fprintf(&list, "- {op: policy-add, name: p%d, terms: [{set: {med: %d}}]}\n", i, i)
		fmt.Fprintf(&list, "- {op: vrf-set, name: v%d, settings: {export-policy: p%d}}\n", i, i)
	}
	file := filepath.Join(t.TempDir(), "batch.yaml")
	if err := os.WriteFile(file, []byte(list.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	must(t, "change", file, "--lab", l.name)
	if vrfs := table[status.VRF](t, l, "vrf", "--router", "pe1"); len(vrfs) != 102 {
		t.Errorf("%d VRFs", len(vrfs))
	}
	must(t, "verify", l.name)
}

// hundredClients change and read a lab at the same time, and some go away before they are
// answered: each change is whole, and nobody undoes another's.
func hundredClients(t *testing.T, l lab) {
	t.Helper()
	var asked sync.WaitGroup
	for i := range 100 {
		asked.Go(func() {
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
			defer cancel()
			gone := i%10 == 9
			if gone {
				ctx, cancel = context.WithTimeout(ctx, time.Duration(i)*time.Millisecond)
				defer cancel()
			}
			c := client.New(l.name)
			_, err := c.Change(ctx,
				edit.Edit{Op: edit.PrefixListAdd, Name: fmt.Sprintf("n%d", i), Entries: []string{fmt.Sprintf("10.%d.0.0/16", i)}},
				edit.Edit{Op: edit.PolicyAdd, Name: fmt.Sprintf("q%d", i), Terms: []any{map[string]any{"match": map[string]any{"prefixes": fmt.Sprintf("n%d", i)}}}})
			if err != nil && !gone {
				t.Errorf("client %d: %v", i, err)
			}
			if rows, err := c.Routes(ctx, client.Filter{Router: "pe1"}); !gone && (err != nil || len(rows) == 0) {
				t.Errorf("client %d reads %v, %v", i, rows, err)
			}
		})
	}
	asked.Wait()
	text := must(t, "export", l.name)
	for i := range 100 {
		list, policy := strings.Contains(text, fmt.Sprintf("\n  n%d: ", i)), strings.Contains(text, fmt.Sprintf("\n  q%d: ", i))
		if list != policy || !list && i%10 != 9 {
			t.Errorf("of client %d: the prefix list is there: %t, the policy: %t", i, list, policy)
		}
	}
	l.sound(t)
}
