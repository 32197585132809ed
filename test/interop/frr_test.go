package interop

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// frr is FRR's bgpd and, since that asks it for next hops, its zebra.
type frr struct {
	daemon
	zebra *exec.Cmd
	own   string // its configuration, if it does not follow from the terms
}

// space names FRR's sockets, apart from those of another FRR on the machine.
const space = "pwt"

func newFRR(t *testing.T, netns string) peer {
	needs(t, "vtysh")
	f := &frr{daemon: newDaemon(t, netns)}
	mustRun(t, "install", "-d", "-o", "frr", "-g", "frr", "/run/frr", "/run/frr/"+space)
	return f
}

func (f *frr) make() string { return "FRR" }

func (f *frr) version() string { return versionOf("/usr/lib/frr/bgpd", "--version") }

// versionOf finds the version in what a program says of itself.
func versionOf(argv ...string) string {
	r := command(argv...)
	return versionIn(r.stdout + r.stderr)
}

func versionIn(text string) string {
	for word := range strings.FieldsSeq(text) {
		if word[0] >= '0' && word[0] <= '9' && strings.Contains(word, ".") {
			return word
		}
	}
	return "unknown"
}

func (f *frr) start(s terms) {
	f.t.Helper()
	f.terms = s
	f.end(os.Kill)
	f.startZebra()
	argv := []string{"/usr/lib/frr/bgpd", "-N", space, "-f", f.write("bgpd.conf", f.config()), "--log", "stdout"}
	if s.bound {
		argv = append(argv, "-l", s.local)
	}
	f.launch(nil, argv...)
}

// startZebra waits until zebra serves: a bgpd that finds no zebra does not know
// its own IPv6 address, and its VPNv6 routes of the first session have an IPv4
// next hop.
func (f *frr) startZebra() {
	f.t.Helper()
	if f.zebra != nil {
		return
	}
	socket := "/run/frr/" + space + "/zserv.api"
	if err := os.Remove(socket); err != nil && !errors.Is(err, fs.ErrNotExist) {
		f.t.Fatal(err)
	}
	argv := f.inside("/usr/lib/frr/zebra", "-N", space, "-f", "/dev/null")
	f.zebra = exec.Command(argv[0], argv[1:]...)
	if err := f.zebra.Start(); err != nil {
		f.t.Fatal(err)
	}
	f.t.Cleanup(func() { f.zebra.Process.Kill(); f.zebra.Wait() })
	eventually(f.t, 15*time.Second, func() error {
		c, err := net.Dial("unix", socket)
		if err != nil {
			return err
		}
		return c.Close()
	})
}

// config is in the order in which FRR wants it: a network statement looks for
// its route map at once.
func (f *frr) config() string {
	if f.own != "" {
		return f.own
	}
	s := f.terms
	var b strings.Builder
	for i := range f.routes {
		b.WriteString(f.routeMap(i))
	}
	fmt.Fprintf(&b, "router bgp %d\n bgp router-id 10.10.10.2\n no bgp default ipv4-unicast\n no bgp ebgp-requires-policy\n no bgp network import-check\n bgp log-neighbor-changes\n", s.as)
	if s.restart > 0 {
		fmt.Fprintf(&b, " bgp graceful-restart\n bgp graceful-restart preserve-fw-state\n bgp graceful-restart restart-time %d\n bgp graceful-restart stalepath-time 60\n", s.restart)
	} else {
		b.WriteString(" bgp graceful-restart-disable\n")
	}
	if s.longLived > 0 {
		fmt.Fprintf(&b, " bgp long-lived-graceful-restart stale-time %d\n", s.longLived)
	}
	if s.notifies {
		b.WriteString(" bgp graceful-restart notification\n no bgp hard-administrative-reset\n")
	}
	line := func(format string, args ...any) {
		fmt.Fprintf(&b, " neighbor %s %s\n", s.remote, fmt.Sprintf(format, args...))
	}
	line("remote-as %d", s.routersAS())
	line("timers %d %d", holdTime/3, holdTime)
	line("timers connect 1")
	if s.password != "" {
		line("password %s", s.password)
	}
	switch {
	case s.gtsm:
		line("ttl-security hops %d", max(s.hops, 1))
	case s.hops > 0:
		line("ebgp-multihop %d", s.hops)
	}
	if s.hops > 0 {
		line("update-source %s", s.local)
	}
	if s.passive {
		line("passive")
	}
	if s.bound {
		line("update-source %s", s.local)
	}
	if !s.plain {
		line("capability extended-nexthop")
	}
	for _, family := range f.families() {
		fmt.Fprintf(&b, " address-family %s\n  neighbor %s activate\n", family, s.remote)
		if s.addPath {
			fmt.Fprintf(&b, "  neighbor %s addpath-tx-all-paths\n", s.remote)
		}
		if s.transparent {
			fmt.Fprintf(&b, "  neighbor %s attribute-unchanged as-path\n", s.remote)
		}
		for i, r := range f.routes {
			if f.family(r) == family {
				fmt.Fprintf(&b, "  %s\n", f.network(i, r))
			}
		}
		b.WriteString(" exit-address-family\n")
	}
	return b.String()
}

// families are the session's, as FRR calls them.
func (f *frr) families() []string {
	switch {
	case !f.terms.plain:
		return []string{"ipv4 vpn", "ipv6 vpn"}
	case f.terms.six():
		return []string{"ipv6 unicast"}
	}
	return []string{"ipv4 unicast"}
}

func (f *frr) family(r route) string {
	kind := " vpn"
	if r.rd == "" {
		kind = " unicast"
	}
	if r.six() {
		return "ipv6" + kind
	}
	return "ipv4" + kind
}

// routeMap gives a route its attributes.
func (f *frr) routeMap(i int) string {
	r := f.routes[i]
	out := fmt.Sprintf("route-map R%d permit 10\n set metric %d\n set community %s\n set large-community %s\n", i, sentMED, sentCommunity, sentLarge)
	if len(r.rts) > 0 {
		out += " set extcommunity rt " + strings.Join(r.rts, " ") + "\n"
	}
	if f.terms.internal() {
		out += fmt.Sprintf(" set local-preference %d\n", sentLocalPref)
	}
	if len(r.behind) > 0 {
		out += " set as-path prepend" + words(r.behind) + "\n"
	}
	if r.nextHop != "" && r.six() {
		out += " set ipv6 next-hop global " + r.nextHop + "\n"
	}
	return out + "exit\n"
}

func (f *frr) network(i int, r route) string {
	if r.rd == "" {
		return fmt.Sprintf("network %s route-map R%d", r.prefix, i)
	}
	return fmt.Sprintf("network %s rd %s label %d route-map R%d", r.prefix, r.rd, r.label, i)
}

// vtysh runs commands; each line of a command is one to it.
func (f *frr) vtysh(lines ...string) string {
	f.t.Helper()
	argv := []string{"vtysh", "-N", space}
	for _, l := range lines {
		for part := range strings.SplitSeq(strings.TrimSpace(l), "\n") {
			argv = append(argv, "-c", part)
		}
	}
	return f.run(argv...)
}

// configure runs commands of the mode of a family's neighbours.
func (f *frr) configure(family string, lines ...string) {
	f.t.Helper()
	head := []string{"configure terminal", fmt.Sprintf("router bgp %d", f.terms.as), "address-family " + family}
	f.vtysh(append(head, lines...)...)
}

func (f *frr) announce(routes ...route) {
	f.t.Helper()
	f.note(routes)
	if f.cmd == nil {
		return
	}
	for i, r := range f.routes {
		f.vtysh("configure terminal", f.routeMap(i))
		f.configure(f.family(r), f.network(i, r))
	}
}

func (f *frr) withdraw(r route) {
	f.t.Helper()
	for i, o := range f.routes {
		if o.rd == r.rd && o.prefix == r.prefix {
			f.configure(f.family(o), "no "+strings.Split(f.network(i, o), " route-map")[0])
		}
	}
	f.forget(r)
}

func (f *frr) heard(r route) *route {
	f.t.Helper()
	words := "show bgp " + f.family(r)
	if r.rd != "" {
		words += " rd " + r.rd
	}
	out := f.vtysh(words + " " + r.prefix + " json")
	var entry frrEntry
	if r.rd == "" {
		if json.Unmarshal([]byte(out), &entry) != nil {
			return nil
		}
	} else {
		var byRD map[string]frrEntry
		if json.Unmarshal([]byte(out), &byRD) != nil {
			return nil
		}
		entry = byRD[r.rd]
	}
	for _, p := range entry.Paths {
		if p.Peer.ID == f.terms.remote {
			return p.route(r)
		}
	}
	return nil
}

// frrEntry is a prefix as FRR shows it.
type frrEntry struct {
	Paths []frrPath `json:"paths"`
}

type frrPath struct {
	ASPath    struct{ String string } `json:"aspath"`
	Metric    *int                    `json:"metric"`
	LocalPref *int                    `json:"locPrf"`
	Community struct{ List []string } `json:"community"`
	Large     struct{ List []string } `json:"largeCommunity"`
	Extended  struct{ String string } `json:"extendedCommunity"`
	Label     uint32                  `json:"remoteLabel"`
	NextHops  []struct{ IP string }   `json:"nexthops"`
	Peer      struct {
		ID string `json:"peerId"`
	} `json:"peer"`
}

func (p frrPath) route(key route) *route {
	r := route{rd: key.rd, prefix: key.prefix, label: p.Label, med: -1, localPref: -1,
		asPath: strings.TrimPrefix(p.ASPath.String, "Local"), communities: p.Community.List, large: p.Large.List}
	if p.Metric != nil {
		r.med = *p.Metric
	}
	if p.LocalPref != nil {
		r.localPref = *p.LocalPref
	}
	if len(p.NextHops) > 0 {
		r.nextHop = p.NextHops[0].IP
	}
	for word := range strings.FieldsSeq(p.Extended.String) {
		if rt, ok := strings.CutPrefix(word, "RT:"); ok {
			r.rts = append(r.rts, rt)
		}
	}
	slices.Sort(r.rts)
	return &r
}

func (f *frr) refresh() {
	f.t.Helper()
	for _, family := range f.families() {
		f.vtysh("clear bgp " + family + " " + f.terms.remote + " soft in")
	}
}

// updates counts UPDATE messages: FRR does not count routes.
func (f *frr) updates() int {
	f.t.Helper()
	var all map[string]struct {
		Stats struct {
			Received int `json:"updatesRecv"`
		} `json:"messageStats"`
	}
	out := f.vtysh("show bgp neighbors " + f.terms.remote + " json")
	if err := json.Unmarshal([]byte(out), &all); err != nil {
		f.t.Fatalf("%v in\n%s", err, out)
	}
	return all[f.terms.remote].Stats.Received
}

func (f *frr) shutdown(why string) {
	f.t.Helper()
	f.vtysh("configure terminal", "router bgp "+strconv.FormatUint(uint64(f.terms.as), 10), "neighbor "+f.terms.remote+" shutdown message "+why)
}
