package interop

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// gobgp is the distribution's gobgpd, an older one than is in the program.
type gobgp struct{ daemon }

func newGoBGP(t *testing.T, netns string) peer {
	needs(t, "gobgpd", "gobgp")
	return &gobgp{newDaemon(t, netns)}
}

func (g *gobgp) make() string { return "gobgpd" }

func (g *gobgp) version() string { return versionOf("gobgpd", "--version") }

func (g *gobgp) start(s terms) {
	g.t.Helper()
	again := g.cmd != nil || g.terms.as != 0
	g.terms = s
	g.end(os.Kill)
	argv := []string{"gobgpd", "-t", "yaml", "-f", g.write("gobgpd.yaml", g.config()), "--api-hosts", "127.0.0.1:50051"}
	if s.restart > 0 && again {
		argv = append(argv, "--graceful-restart") // the restarting speaker says so
	}
	g.launch(nil, argv...)
	for _, r := range g.routes {
		g.add(r)
	}
}

func (g *gobgp) config() string {
	s := g.terms
	families := []string{"l3vpn-ipv4-unicast", "l3vpn-ipv6-unicast"}
	if s.plain {
		families = []string{"ipv4-unicast"}
		if s.six() {
			families[0] = "ipv6-unicast"
		}
	}
	if s.rtc {
		families = append(families, "rtc")
	}
	var b strings.Builder
	fmt.Fprintf(&b, "global: {config: {as: %d, router-id: 10.10.10.2}}\nneighbors:\n", s.as)
	fmt.Fprintf(&b, "- config: {neighbor-address: %q, peer-as: %d, auth-password: %q}\n", s.remote, ourAS, s.password)
	fmt.Fprintf(&b, "  timers: {config: {connect-retry: 1, hold-time: %d, keepalive-interval: %d}}\n", holdTime, holdTime/3)
	fmt.Fprintf(&b, "  transport: {config: {passive-mode: %t, local-address: %q}}\n", s.passive, s.local)
	if s.gtsm {
		b.WriteString("  ttl-security: {config: {enabled: true, ttl-min: 255}}\n")
	}
	if s.restart > 0 {
		fmt.Fprintf(&b, "  graceful-restart: {config: {enabled: true, restart-time: %d}}\n", s.restart)
	}
	b.WriteString("  afi-safis:\n")
	for _, f := range families {
		fmt.Fprintf(&b, "  - config: {afi-safi-name: %s}\n    mp-graceful-restart: {config: {enabled: %t}}\n", f, s.restart > 0)
		if s.addPath {
			b.WriteString("    add-paths: {config: {receive: true, send-max: 8}}\n")
		}
	}
	return b.String()
}

// family is the route's, as the gobgp command calls it.
func (g *gobgp) family(r route) string {
	switch {
	case r.rd != "":
		return r.vpnFamily()
	case r.six():
		return "ipv6"
	}
	return "ipv4"
}

// dotted writes a large AS number before a colon as two (RFC 5396): of others,
// gobgp keeps 16 bits.
func dotted(s string) string {
	admin, number, _ := strings.Cut(s, ":")
	if n, err := strconv.ParseUint(admin, 10, 32); err == nil && n > 65535 {
		return fmt.Sprintf("%d.%d:%s", n>>16, n&0xffff, number)
	}
	return s
}

// undotted is its inverse.
func undotted(s string) string {
	var high, low uint32
	var number string
	if n, _ := fmt.Sscanf(s, "%d.%d:%s", &high, &low, &number); n == 3 {
		return fmt.Sprintf("%d:%s", high<<16|low, number)
	}
	return s
}

func (g *gobgp) add(r route) {
	g.t.Helper()
	words := []string{"gobgp", "global", "rib", "add", "-a", g.family(r), r.prefix}
	if r.rd != "" {
		words = append(words, "label", fmt.Sprint(r.label), "rd", dotted(r.rd), "rt")
		for _, rt := range r.rts {
			words = append(words, dotted(rt))
		}
	}
	words = append(words, "origin", "igp", "nexthop", r.nextHop, "med", fmt.Sprint(sentMED), "community", sentCommunity, "large-community", sentLarge)
	if g.terms.internal() {
		words = append(words, "local-pref", fmt.Sprint(sentLocalPref))
	}
	g.run(words...)
}

func (g *gobgp) announce(routes ...route) {
	g.t.Helper()
	g.note(routes)
	if g.cmd == nil {
		return
	}
	for _, r := range routes {
		g.add(r)
	}
}

func (g *gobgp) withdraw(r route) {
	g.t.Helper()
	words := []string{"gobgp", "global", "rib", "del", "-a", g.family(r), r.prefix}
	if r.rd != "" {
		words = append(words, "label", fmt.Sprint(r.label), "rd", dotted(r.rd))
	}
	g.run(words...)
	g.forget(r)
}

// gobgpPath is a path as gobgp shows it.
type gobgpPath struct {
	NLRI struct {
		Labels []uint32 `json:"labels"`
	} `json:"nlri"`
	Attributes []struct {
		Type        int              `json:"type"`
		NextHop     string           `json:"nexthop"`
		Metric      int              `json:"metric"`
		Value       json.RawMessage  `json:"value"`
		Communities []uint32         `json:"communities"`
		ASPaths     []gobgpASSegment `json:"as_paths"`
	} `json:"attrs"`
	From string `json:"neighbor-ip"`
}

type gobgpASSegment struct {
	ASNs []uint32 `json:"asns"`
}

func (g *gobgp) heard(key route) *route {
	g.t.Helper()
	out := g.run("gobgp", "global", "rib", "-a", g.family(key), "-j")
	var table map[string][]gobgpPath
	if err := json.Unmarshal([]byte(out), &table); err != nil {
		return nil // "Network not in table"
	}
	names := []string{key.prefix, key.rd + ":" + key.prefix, dotted(key.rd) + ":" + key.prefix}
	for _, name := range names {
		for _, p := range table[name] {
			if p.From == g.terms.remote {
				return p.route(key)
			}
		}
	}
	return nil
}

func (p gobgpPath) route(key route) *route {
	r := route{rd: key.rd, prefix: key.prefix, med: -1, localPref: -1}
	if len(p.NLRI.Labels) > 0 {
		r.label = p.NLRI.Labels[0]
	}
	for _, a := range p.Attributes {
		switch a.Type {
		case 2:
			var all []string
			for _, s := range a.ASPaths {
				for _, n := range s.ASNs {
					all = append(all, fmt.Sprint(n))
				}
			}
			r.asPath = strings.Join(all, " ")
		case 3, 14:
			r.nextHop = a.NextHop
		case 4:
			r.med = a.Metric
		case 5:
			_ = json.Unmarshal(a.Value, &r.localPref)
		case 8:
			for _, c := range a.Communities {
				r.communities = append(r.communities, fmt.Sprintf("%d:%d", c>>16, c&0xffff))
			}
		case 16:
			r.rts = gobgpTargets(a.Value)
		case 32:
			r.large = gobgpLarge(a.Value)
		}
	}
	return &r
}

func gobgpTargets(value json.RawMessage) []string {
	var all []struct {
		Subtype int    `json:"subtype"`
		Value   string `json:"value"`
	}
	_ = json.Unmarshal(value, &all)
	var out []string
	for _, e := range all {
		if e.Subtype == 2 {
			out = append(out, undotted(e.Value))
		}
	}
	slices.Sort(out)
	return out
}

func gobgpLarge(value json.RawMessage) []string {
	var all []struct{ ASN, LocalData1, LocalData2 uint32 }
	_ = json.Unmarshal(value, &all)
	var out []string
	for _, c := range all {
		out = append(out, fmt.Sprintf("%d:%d:%d", c.ASN, c.LocalData1, c.LocalData2))
	}
	return out
}

func (g *gobgp) refresh() {
	g.t.Helper()
	g.run("gobgp", "neighbor", g.terms.remote, "softresetin")
}

// updates counts UPDATE messages: gobgpd does not count routes.
func (g *gobgp) updates() int {
	g.t.Helper()
	var n struct {
		State struct {
			Messages struct {
				Received struct {
					Update int `json:"update"`
				} `json:"received"`
			} `json:"messages"`
		} `json:"state"`
	}
	out := g.run("gobgp", "neighbor", g.terms.remote, "-j")
	if err := json.Unmarshal([]byte(out), &n); err != nil {
		g.t.Fatalf("%v in\n%s", err, out)
	}
	return n.State.Messages.Received.Update
}

func (g *gobgp) shutdown(why string) {
	g.t.Helper()
	g.run("gobgp", "neighbor", g.terms.remote, "disable", "--reason", why)
}
