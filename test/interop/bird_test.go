package interop

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// bird is BIRD 2.
type bird struct {
	daemon
	also []route // more paths to the prefixes of routes
}

func newBIRD(t *testing.T, netns string) peer {
	needs(t, "bird", "birdc")
	return &bird{daemon: newDaemon(t, netns)}
}

func (b *bird) make() string { return "BIRD" }

func (b *bird) version() string { return versionOf("bird", "--version") }

func (b *bird) start(s terms) {
	b.t.Helper()
	b.terms = s
	b.end(os.Kill)
	argv := []string{"bird", "-f", "-c", b.write("bird.conf", b.config()), "-s", b.socket()}
	if s.restart > 0 {
		argv = append(argv, "-R") // the restarting speaker says so
	}
	b.launch(nil, argv...)
}

func (b *bird) socket() string { return filepath.Join(b.dir, "ctl") }

func (b *bird) birdc(words ...string) string {
	b.t.Helper()
	return b.run(append([]string{"birdc", "-s", b.socket()}, words...)...)
}

// channels are the session's, by BIRD's name of the table.
func (b *bird) channels() []string {
	switch {
	case !b.terms.plain:
		return []string{"vpn4", "vpn6"}
	case b.terms.six():
		return []string{"ipv6"}
	}
	return []string{"ipv4"}
}

func (b *bird) config() string {
	s := b.terms
	var c strings.Builder
	fmt.Fprintf(&c, "log stderr all;\nrouter id 10.10.10.2;\nprotocol device { scan time 1; }\n")
	for _, channel := range b.channels() {
		fmt.Fprintf(&c, "%s table %stab;\nprotocol static s%s {\n %s { table %stab; };\n", channel, channel, channel, channel, channel)
		for _, r := range b.routes {
			if b.channel(r) == channel {
				fmt.Fprintf(&c, " route %s\n", b.static(r))
			}
		}
		c.WriteString("}\n")
		for i, r := range b.also {
			if b.channel(r) == channel {
				fmt.Fprintf(&c, "protocol static s%s%d {\n %s { table %stab; };\n route %s\n}\n", channel, i, channel, channel, b.static(r))
			}
		}
	}
	fmt.Fprintf(&c, "protocol bgp far {\n local %s as %d;\n neighbor %s as %d;\n hold time %d;\n connect retry time 1;\n connect delay time 1;\n error wait time 1, 2;\n",
		s.local, s.as, s.remote, s.routersAS(), holdTime)
	if s.restart > 0 {
		fmt.Fprintf(&c, " graceful restart on;\n graceful restart time %d;\n", s.restart)
	} else {
		c.WriteString(" graceful restart off;\n")
	}
	if s.hops > 0 {
		fmt.Fprintf(&c, " multihop %d;\n", s.hops)
	}
	if s.longLived > 0 {
		fmt.Fprintf(&c, " long lived graceful restart on;\n long lived stale time %d;\n", s.longLived)
	}
	if s.password != "" {
		fmt.Fprintf(&c, " password %q;\n", s.password)
	}
	if s.gtsm {
		c.WriteString(" ttl security on;\n")
	}
	if s.passive {
		c.WriteString(" passive on;\n")
	}
	if s.transparent {
		c.WriteString(" rs client on;\n")
	}
	if s.bound {
		c.WriteString(" strict bind on;\n")
	}
	for _, channel := range b.channels() {
		b.channelConfig(&c, channel)
	}
	return c.String() + "}\n"
}

func (b *bird) channelConfig(c *strings.Builder, channel string) {
	mpls, hop := "", "next hop self;"
	paths := ""
	if b.terms.addPath {
		paths = "add paths on;"
	}
	if !b.terms.plain {
		mpls, hop = " mpls", "next hop keep; extended next hop on;"
	}
	set := fmt.Sprintf("bgp_med = %d;", sentMED)
	if b.terms.internal() {
		set += fmt.Sprintf(" bgp_local_pref = %d;", sentLocalPref)
	}
	fmt.Fprintf(c, " %s%s { table %stab; import all; %s %s export filter { if source != RTS_STATIC then reject; %s accept; }; };\n", channel, mpls, channel, hop, paths, set)
}

func (b *bird) channel(r route) string {
	kind := "vpn"
	if r.rd == "" {
		kind = "ipv"
	}
	if r.six() {
		return kind + "6"
	}
	return kind + "4"
}

// static is a static route with the attributes that it is announced with.
func (b *bird) static(r route) string {
	how := "unreachable"
	if r.rd != "" {
		how = fmt.Sprintf("via %s mpls %d", r.nextHop, r.label)
	}
	comma := func(s string) string { return strings.ReplaceAll(s, ":", ", ") }
	set := fmt.Sprintf("bgp_community.add((%s)); bgp_large_community.add((%s));", comma(sentCommunity), comma(sentLarge))
	for _, as := range slices.Backward(r.behind) {
		set += fmt.Sprintf(" bgp_path.prepend(%d);", as)
	}
	for _, rt := range r.rts {
		set += fmt.Sprintf(" bgp_ext_community.add((rt, %s));", comma(rt))
	}
	return fmt.Sprintf("%s %s %s { %s };", r.rd, r.prefix, how, set)
}

// configure has BIRD read its configuration again.
func (b *bird) configure() {
	b.t.Helper()
	b.write("bird.conf", b.config())
	if out := b.birdc("configure"); !strings.Contains(out, "Reconfigur") {
		b.t.Fatalf("birdc configure: %s", out)
	}
}

func (b *bird) announce(routes ...route) {
	b.t.Helper()
	b.note(routes)
	if b.cmd != nil {
		b.configure()
	}
}

func (b *bird) withdraw(r route) {
	b.t.Helper()
	b.forget(r)
	b.configure()
}

var (
	birdVia   = regexp.MustCompile(`(?m)^\s+via (\S+) on \S+(?: mpls (\d+))?`)
	birdWord  = regexp.MustCompile(`(?m)^\s+BGP\.(\w+): (.*)$`)
	birdEntry = regexp.MustCompile(`\n\S`)
	birdTuple = regexp.MustCompile(`\(([^()]*)\)`)
)

func (b *bird) heard(key route) *route {
	b.t.Helper()
	out := b.birdc("show", "route", "protocol", "far", "table", b.channel(key)+"tab", "all")
	head := strings.TrimSpace(key.rd + " " + key.prefix)
	_, entry, found := strings.Cut("\n"+out, "\n"+head+" ")
	if !found {
		return nil
	}
	if next := birdEntry.FindStringIndex(entry); next != nil {
		entry = entry[:next[0]]
	}
	r := route{rd: key.rd, prefix: key.prefix, med: -1, localPref: -1}
	for _, m := range birdWord.FindAllStringSubmatch(entry, -1) {
		birdAttribute(&r, m[1], m[2])
	}
	if m := birdVia.FindStringSubmatch(entry); m != nil && m[2] != "" {
		n, _ := strconv.ParseUint(m[2], 10, 32)
		r.label = uint32(n)
	}
	slices.Sort(r.rts)
	return &r
}

func birdAttribute(r *route, name, value string) {
	number, _ := strconv.Atoi(value)
	var tuples []string
	for _, m := range birdTuple.FindAllStringSubmatch(value, -1) {
		tuples = append(tuples, strings.NewReplacer(", ", ":", ",", ":").Replace(m[1]))
	}
	switch name {
	case "as_path":
		r.asPath = strings.TrimSpace(value)
	case "next_hop":
		r.nextHop, _, _ = strings.Cut(value, " ")
	case "med":
		r.med = number
	case "local_pref":
		r.localPref = number
	case "mpls_label_stack":
		r.label = uint32(number)
	case "community":
		r.communities = tuples
	case "large_community":
		r.large = tuples
	case "ext_community":
		for _, t := range tuples {
			if rt, ok := strings.CutPrefix(t, "rt:"); ok {
				r.rts = append(r.rts, rt)
			}
		}
	}
}

func (b *bird) refresh() {
	b.t.Helper()
	b.birdc("reload", "in", "far")
}

var birdImports = regexp.MustCompile(`Import updates:\s+(\d+)`)

func (b *bird) updates() int {
	b.t.Helper()
	sum := 0
	for _, m := range birdImports.FindAllStringSubmatch(b.birdc("show", "protocols", "all", "far"), -1) {
		n, _ := strconv.Atoi(m[1])
		sum += n
	}
	return sum
}

func (b *bird) shutdown(why string) {
	b.t.Helper()
	b.birdc("disable", "far", strconv.Quote(why))
}
