package lab

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"pseudowan/status"
)

// pathTo returns the label-switched path of a router to the loopback of another.
func pathTo(t testing.TB, l lab, router, owner string) status.LSP {
	t.Helper()
	for _, p := range table[status.LSP](t, l, "lsp", "--router", router) {
		if p.Owner == owner {
			return p
		}
	}
	t.Fatalf("router %s has no path to %s", router, owner)
	return status.LSP{}
}

// macOfPort returns the MAC from which a router sends on a link.
func macOfPort(t testing.TB, l lab, router, link string) string {
	t.Helper()
	for _, i := range table[status.Interface](t, l, "interface", "--router", router) {
		if i.Name == link {
			return i.MAC
		}
	}
	t.Fatalf("router %s has no interface %s", router, link)
	return ""
}

// stackOf returns the labels with which packets leave on a path, in front of some others.
func stackOf(p status.LSP, under ...string) []string {
	if *p.OutLabel == 3 {
		return under
	}
	return append([]string{strconv.Itoa(int(*p.OutLabel))}, under...)
}

// The packets on each wire of the core have the stack that the tables say, and P routers
// count as hops.
func TestRealCore(t *testing.T) {
	l := fromCatalog(t, t.TempDir(), "core", "pwt-core")
	l.up(t)
	if r := pseudowan("verify", l.name); r.code != 0 {
		t.Fatalf("verify: %s%s", r.stdout, r.stderr)
	}
	label := strconv.Itoa(int(outLabel(t, l, "pe1", "blue", "10.4.0.0/24")))
	hops := []struct{ router, out, ttl string }{{"pe1", "eth1", "63"}, {"p1", "eth3", "62"}, {"p2", "eth4", "61"}}
	var wires []*capture
	for _, h := range hops {
		wires = append(wires, startCapture(t, l, h.router, h.out, 1, "mpls and greater 1000 and ether src "+macOfPort(t, l, h.router, h.out)))
	}
	l.mustExec(t, "b1", "ping", "-c", "1", "-s", "1000", "10.4.0.2")
	for i, h := range hops {
		p := pathTo(t, l, h.router, "pe4")
		f := wires[i].frames(t)[0]
		if want := stackOf(p, label); !slices.Equal(f.labels, want) || f.ttls[0] != h.ttl || p.Interface != h.out {
			t.Errorf("on %s of %s: %s; show lsp: %v, TTL %s", h.out, h.router, f, want, h.ttl)
		}
	}
	if out := l.mustExec(t, "b4", "ping", "-c", "1", "10.1.0.2"); !strings.Contains(out, "ttl=60 ") {
		t.Errorf("four routers are on the way:\n%s", out)
	}
	if code, trace := traced(t, l, "b1", "10.4.0.2"); code != 0 || nodesOf(trace) != "b1 pe1 p1 p2 pe4 b4" {
		t.Errorf("trace ends with %d: %s, %v", code, nodesOf(trace), trace.Disagreements)
	}
	coreMoves(t, l)
}

// coreMoves cuts the diagonal of the core, kills the agent of a P router, and edits the core.
func coreMoves(t *testing.T, l lab) {
	outage := outageOf(t, l, "b1", []string{"10.4.0.2"}, func() { must(t, "link", "p1:eth3", "down", "--lab", l.name) })
	t.Logf("a link of the core is cut: %s without an answer", outage)
	if p := pathTo(t, l, "p1", "pe4"); p.Interface != "eth2" {
		t.Errorf("without the diagonal, p1 sends to pe4 on %s", p.Interface)
	}
	for _, c := range table[status.CoreLink](t, l, "core", "--router", "p1") {
		if c.Interface == "eth3" && (c.Carrier != status.InterfaceDown || c.Paths != 0) {
			t.Errorf("the cut link: %+v", c)
		}
	}
	must(t, "link", "p1:eth3", "up", "--lab", l.name)
	eventually(t, 30*time.Second, func() error {
		if p := pathTo(t, l, "p1", "pe4"); p.Interface != "eth3" {
			return fmt.Errorf("p1 sends to pe4 on %s", p.Interface)
		}
		return nil
	})
	picture := must(t, "graph", l.name, "--lsp", "pe2,pe4", "--format", "dot")
	if n := strings.Count(picture, "penwidth=5"); n != 3 || !strings.Contains(picture, "p2: no label") {
		t.Errorf("the path from pe2 over p1 and p2 to pe4 has %d links:\n%s", n, picture)
	}
	for path, want := range map[string]struct {
		code int
		says string
	}{"pe2": {2, "want two routers"}, "pe2,pe9": {4, "has no router pe9"}} {
		if r := pseudowan("graph", l.name, "--lsp", path); r.code != want.code || !strings.Contains(r.stderr, want.says) {
			t.Errorf("graph --lsp %s: %+v", path, r)
		}
	}
	if outage := outageOf(t, l, "b1", []string{"10.4.0.2"}, func() { killAgent(t, l, "p1") }); outage > 2*time.Second {
		t.Errorf("%s without an answer, although the switch of p1 goes on", outage)
	}
	data, err := os.ReadFile(l.file)
	if err != nil {
		t.Fatal(err)
	}
	text := string(data)
	for _, edit := range [][2]string{
		{"  reflectors: rr", "  {null: explicit, propagate-ttl: false}"},
		{"metric: 30", "metric: 1"},
		{"core:\n  {null: explicit, propagate-ttl: false}\n", "core: labeled-unicast\n"},
	} {
		if text = strings.Replace(text, edit[0], edit[1], 1); !strings.Contains(text, edit[1]) {
			t.Fatalf("no %q in\n%s", edit[0], text)
		}
		l.edit(t, text)
		if r := pseudowan("verify", l.name); r.code != 0 {
			t.Fatalf("with %q, verify: %s%s", edit[1], r.stdout, r.stderr)
		}
	}
	l.equalsFresh(t, "edits of the core")
}
