package interop

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// exabgp is ExaBGP, which keeps no table: what it has heard is read from what it
// tells the process that commands it.
type exabgp struct {
	daemon
	commands *os.File
}

func newExaBGP(t *testing.T, netns string) peer {
	needs(t, "exabgp")
	return &exabgp{daemon: newDaemon(t, netns)}
}

func (e *exabgp) make() string { return "ExaBGP" }

func (e *exabgp) version() string { return versionOf("exabgp", "--version") }

func (e *exabgp) fifo() string { return filepath.Join(e.dir, "commands") }
func (e *exabgp) said() string { return filepath.Join(e.dir, "said.json") }

func (e *exabgp) start(s terms) {
	e.t.Helper()
	e.terms = s
	e.end(os.Kill)
	_ = os.Remove(e.fifo())
	if err := syscall.Mkfifo(e.fifo(), 0o666); err != nil {
		e.t.Fatal(err)
	}
	if e.commands != nil {
		e.commands.Close()
	}
	// Open for both, it blocks nobody and keeps what is said before ExaBGP reads.
	commands, err := os.OpenFile(e.fifo(), os.O_RDWR, 0)
	if err != nil {
		e.t.Fatal(err)
	}
	e.commands = commands
	e.t.Cleanup(func() { commands.Close() })
	e.write("said.json", "")
	e.write("process", fmt.Sprintf("#!/bin/sh\nexec 3<>%s\ncat <&3 &\nexec cat >>%s\n", e.fifo(), e.said()))
	if err := os.Chmod(filepath.Join(e.dir, "process"), 0o755); err != nil {
		e.t.Fatal(err)
	}
	e.launch([]string{"exabgp.daemon.user=root", "exabgp.api.ack=false", "exabgp.api.cli=false", "exabgp.tcp.bind=",
		"exabgp.log.destination=" + filepath.Join(e.dir, "log"), "exabgp.cache.nexthops=false"},
		"exabgp", e.write("exabgp.conf", e.config()))
	for _, r := range e.routes {
		e.say("announce", r)
	}
}

func (e *exabgp) families() []string {
	switch {
	case !e.terms.plain:
		return []string{"ipv4 mpls-vpn", "ipv6 mpls-vpn"}
	case e.terms.six():
		return []string{"ipv6 unicast"}
	}
	return []string{"ipv4 unicast"}
}

func (e *exabgp) config() string {
	s := e.terms
	var b strings.Builder
	fmt.Fprintf(&b, "process far { run %s; encoder json; }\n", filepath.Join(e.dir, "process"))
	fmt.Fprintf(&b, "neighbor %s {\n router-id 10.10.10.2;\n local-address %s;\n local-as %d;\n peer-as %d;\n hold-time %d;\n",
		s.remote, s.local, s.as, ourAS, holdTime)
	if s.password != "" {
		fmt.Fprintf(&b, " md5-password %q;\n", s.password)
	}
	if s.gtsm {
		b.WriteString(" outgoing-ttl 255;\n incoming-ttl 255;\n")
	}
	if s.passive {
		b.WriteString(" passive true;\n listen 179;\n")
	}
	capability := "route-refresh enable;"
	if s.restart > 0 {
		capability += fmt.Sprintf(" graceful-restart %d;", s.restart)
	}
	if s.addPath {
		capability += " add-path send/receive;"
	}
	if !s.plain {
		capability += " nexthop enable;"
		b.WriteString(" nexthop { ipv4 mpls-vpn ipv6; }\n")
	}
	fmt.Fprintf(&b, " capability { %s }\n family { %s; }\n", capability, strings.Join(e.families(), "; "))
	b.WriteString(" api { processes [ far ]; neighbor-changes; receive { parsed; update; notification; } }\n}\n")
	return b.String()
}

// tell writes a command for ExaBGP.
func (e *exabgp) tell(words string) {
	e.t.Helper()
	if _, err := fmt.Fprintf(e.commands, "neighbor %s %s\n", e.terms.remote, words); err != nil {
		e.t.Fatal(err)
	}
}

func (e *exabgp) say(verb string, r route) {
	e.t.Helper()
	words := fmt.Sprintf("%s route %s next-hop %s", verb, r.prefix, r.nextHop)
	if r.rd != "" {
		words += fmt.Sprintf(" rd %s label %d", r.rd, r.label)
	}
	words += fmt.Sprintf(" origin igp med %d community [ %s ] large-community [ %s ]", sentMED, sentCommunity, sentLarge)
	if e.terms.internal() {
		words += fmt.Sprintf(" local-preference %d", sentLocalPref)
	}
	if len(r.rts) > 0 {
		words += " extended-community ["
		for _, rt := range r.rts {
			words += " " + octetsOf(rt)
		}
		words += " ]"
	}
	e.tell(words)
}

// octetsOf is a route target as ExaBGP takes it of any type: by words it sends
// that of an IPv4 address as another.
func octetsOf(rt string) string {
	admin, digits, _ := strings.Cut(rt, ":")
	number, _ := strconv.ParseUint(digits, 10, 32)
	if ip, err := netip.ParseAddr(admin); err == nil {
		return fmt.Sprintf("0x0102%x%04x", ip.AsSlice(), number)
	}
	as, _ := strconv.ParseUint(admin, 10, 32)
	if as > 0xffff {
		return fmt.Sprintf("0x0202%08x%04x", as, number)
	}
	return fmt.Sprintf("0x0002%04x%08x", as, number)
}

func (e *exabgp) announce(routes ...route) {
	e.t.Helper()
	e.note(routes)
	if e.cmd == nil {
		return
	}
	for _, r := range routes {
		e.say("announce", r)
	}
}

func (e *exabgp) withdraw(r route) {
	e.t.Helper()
	for _, o := range e.routes {
		if o.rd == r.rd && o.prefix == r.prefix {
			e.say("withdraw", o)
		}
	}
	e.forget(r)
}

// exaMessage is a line of what ExaBGP tells.
type exaMessage struct {
	Type     string `json:"type"`
	Neighbor struct {
		State   string `json:"state"`
		Message struct {
			Update exaUpdate `json:"update"`
		} `json:"message"`
	} `json:"neighbor"`
}

type exaUpdate struct {
	Attribute struct {
		ASPath    []uint32    `json:"as-path"`
		MED       *int        `json:"med"`
		LocalPref *int        `json:"local-preference"`
		Community [][2]uint32 `json:"community"`
		Large     [][3]uint32 `json:"large-community"`
		Extended  []struct {
			Value uint64 `json:"value"`
		} `json:"extended-community"`
	} `json:"attribute"`
	Announce map[string]map[string][]exaNLRI `json:"announce"`
	Withdraw map[string][]exaNLRI            `json:"withdraw"`
}

type exaNLRI struct {
	Prefix string     `json:"nlri"`
	Label  [][]uint32 `json:"label"`
	RD     string     `json:"rd"`
}

// messages calls f with each message since the start.
func (e *exabgp) messages(f func(exaMessage)) {
	e.t.Helper()
	file, err := os.Open(e.said())
	if err != nil {
		e.t.Fatal(err)
	}
	defer file.Close()
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var m exaMessage
		if json.Unmarshal(lines.Bytes(), &m) == nil {
			f(m)
		}
	}
}

func (e *exabgp) heard(key route) *route {
	e.t.Helper()
	var found *route
	e.messages(func(m exaMessage) {
		if m.Type == "state" && m.Neighbor.State == "down" {
			found = nil
		}
		u := m.Neighbor.Message.Update
		is := func(n exaNLRI) bool { return n.Prefix == key.prefix && n.RD == key.rd }
		for _, all := range u.Withdraw {
			if slices.ContainsFunc(all, is) {
				found = nil
			}
		}
		for _, byHop := range u.Announce {
			for hop, all := range byHop {
				if i := slices.IndexFunc(all, is); i >= 0 {
					found = u.route(hop, all[i])
				}
			}
		}
	})
	return found
}

func (u exaUpdate) route(hop string, n exaNLRI) *route {
	a := u.Attribute
	r := route{rd: n.RD, prefix: n.Prefix, nextHop: hop, med: -1, localPref: -1,
		asPath: strings.Trim(fmt.Sprint(a.ASPath), "[]")}
	if len(n.Label) > 0 && len(n.Label[0]) > 0 {
		r.label = n.Label[0][0]
	}
	if a.MED != nil {
		r.med = *a.MED
	}
	if a.LocalPref != nil {
		r.localPref = *a.LocalPref
	}
	for _, c := range a.Community {
		r.communities = append(r.communities, fmt.Sprintf("%d:%d", c[0], c[1]))
	}
	for _, c := range a.Large {
		r.large = append(r.large, fmt.Sprintf("%d:%d:%d", c[0], c[1], c[2]))
	}
	for _, x := range a.Extended {
		if rt := target(x.Value); rt != "" {
			r.rts = append(r.rts, rt)
		}
	}
	slices.Sort(r.rts)
	return &r
}

// target is a route target in words; "" for another extended community
// (RFC 4360 section 4).
func target(v uint64) string {
	switch high, low := byte(v>>56), byte(v>>48); {
	case low != 2:
		return ""
	case high == 0:
		return fmt.Sprintf("%d:%d", uint16(v>>32), uint32(v))
	case high == 1:
		return fmt.Sprintf("%d.%d.%d.%d:%d", byte(v>>40), byte(v>>32), byte(v>>24), byte(v>>16), uint16(v))
	case high == 2:
		return fmt.Sprintf("%d:%d", uint32(v>>16), uint16(v))
	}
	return ""
}

func (e *exabgp) refresh() {
	e.t.Helper()
	for _, f := range e.families() {
		e.tell("announce route-refresh " + f)
	}
}

func (e *exabgp) updates() int {
	e.t.Helper()
	n := 0
	e.messages(func(m exaMessage) {
		for _, byHop := range m.Neighbor.Message.Update.Announce {
			for _, all := range byHop {
				n += len(all)
			}
		}
	})
	return n
}

// shutdown sends the subcode alone: ExaBGP has no words for its peers.
func (e *exabgp) shutdown(string) {
	e.t.Helper()
	e.tell("teardown 2")
}
