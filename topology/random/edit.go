package random

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"

	"pseudowan/topology"
)

// Server is what a lab may use of its server. With the zero value all hosts are
// namespaces.
type Server struct {
	BIRD       bool     // bird is installed: hosts that speak BGP run it
	NICs       []string // interfaces that may be lent to routers
	Uplinks    bool     // the server may be a router on segments, and publish ports
	Answers    bool     // sites outside the lab exist and answer
	Containers bool     // Docker answers: hosts may be containers, and have limits and mounts
	Images     []string // images for containers, besides the built-in one
	Builds     []string // directories with a Dockerfile, absolute
}

// Editable is a random lab that can be edited.
type Editable struct {
	server Server
	file   *mapping
}

// New returns the lab of Lab.
func New(name string, seed uint64, server Server) *Editable {
	l := &Editable{server: server, file: read(Lab(name, seed))}
	if !server.Containers {
		l.file.set("runtime", "netns")
	}
	return l
}

// File returns the text of the lab file.
func (l *Editable) File() []byte { return l.file.text() }

// mostTries bounds the search for an edit that the file allows. To reach it is a
// bug in the edits.
const mostTries = 10000

// Edit makes one or a few changes to the lab, of any kind except to its name and its
// datapath, and describes them. The lab stays valid, and its intent does not depend
// on which of two similar routes a router prefers. The same numbers of r give the
// same edit.
func (l *Editable) Edit(r *rand.Rand) string {
	want := 1
	if r.IntN(3) == 0 {
		want += 1 + r.IntN(3)
	}
	before := l.File()
	var said []string
	for range mostTries {
		what := l.try(r, (*editor).one)
		if what == "" {
			continue
		}
		if said = append(said, what); len(said) >= want && !bytes.Equal(before, l.File()) {
			return strings.Join(said, "; ")
		}
	}
	panic(fmt.Sprintf("random: no edit in %d tries of\n%s", mostTries, l.File()))
}

// try makes an edit and describes it, or returns "" if the lab cannot have it.
func (l *Editable) try(r *rand.Rand, edit func(*editor) string) string {
	e := &editor{Rand: r, server: l.server, file: copied(l.file).(*mapping)}
	what := edit(e)
	if what == "" || !e.settle() {
		return ""
	}
	l.file = e.file
	return what
}

// editor makes one edit of a copy of a lab's file.
type editor struct {
	*rand.Rand
	server Server
	file   *mapping
}

func (e *editor) chance(n int) bool { return e.IntN(n) == 0 }

// oneOf returns one of several values, or the zero value if there is none.
func oneOf[T any](e *editor, of ...T) (v T) {
	if len(of) > 0 {
		v = of[e.IntN(len(of))]
	}
	return v
}

// one makes one change and describes it, or returns "" if there is nothing to
// change.
func (e *editor) one() string {
	if e.IntN(3) > 0 {
		return e.key(oneOf(e, keys...))
	}
	return oneOf(e, changes...)(e)
}

// key is a key of the format whose value can change, and that can be removed.
type key struct {
	name  string
	at    func(e *editor) []place
	value func(e *editor, at *mapping) any // nil: there is no value for it
}

// place is a mapping of the file, which may not exist yet.
type place struct {
	name string // for people
	get  func() *mapping
}

func (e *editor) key(k key) string {
	places := k.at(e)
	if with := e.having(k); len(with) > 0 && e.chance(2) {
		places = []place{places[oneOf(e, with...)]} // existing keys change as often as new ones come
	}
	if len(places) == 0 {
		return ""
	}
	p := oneOf(e, places...)
	at := p.get()
	if at.get(k.name) != nil && e.chance(3) {
		at.set(k.name, nil)
		return fmt.Sprintf("%s: without %s", p.name, k.name)
	}
	value := k.value(e, at)
	if value == nil || same(value, at.get(k.name)) {
		return ""
	}
	at.set(k.name, value)
	return fmt.Sprintf("%s: %s %s", p.name, k.name, worded(value))
}

// having returns the indexes of the places of a key that have it.
func (e *editor) having(k key) (with []int) {
	trial := &editor{server: e.server, file: copied(e.file).(*mapping)} // place.get may add mappings
	for i, p := range k.at(trial) {
		if p.get().get(k.name) != nil {
			with = append(with, i)
		}
	}
	return with
}

func same(a, b any) bool { return worded(a) == worded(b) }

// worded returns a value in one line.
func worded(v any) string {
	return strings.TrimSpace(string((&mapping{[]field{{"v", []any{v}}}}).text()[len("v:\n  - "):]))
}

// runtimes are those of random hosts.
var runtimes = []topology.Runtime{{Name: "netns"}, {Name: "docker", Containers: true, MinName: 2}}

// settle adapts the rest of the file to an edit and reports whether the file is
// valid.
func (e *editor) settle() bool {
	expect := e.file.list("expect")
	e.file.set("expect", nil)
	e.tidy()
	text := e.file.text()
	lab, err := topology.Parse("random.yaml", text, runtimes...)
	if err != nil || len(lab.Hosts) < 2 || len(lab.Hosts) > mostHosts || len(lab.Routers) > mostRouters || !e.speaks(lab) {
		return false
	}
	if spoken := e.file.text(); !bytes.Equal(spoken, text) {
		lab, err = topology.Parse("random.yaml", spoken, runtimes...)
	}
	if err != nil || ambiguous(lab) || halfReflected(lab) || uncertain(lab) || !harmless(lab) || slices.ContainsFunc(lab.Hosts, twoWays) {
		return false
	}
	if expect = trueOf(lab, expect); len(expect) > 0 {
		e.file.set("expect", expect)
	}
	return true
}

// Bounds on an edited lab, so that it starts in seconds.
const (
	mostHosts   = 16
	mostRouters = 5
)

// tidy removes mappings and lists that an edit has left empty.
func (e *editor) tidy() {
	e.tidySites()
	for _, key := range []string{"redistribute", "defaults", "vrfs", "segments", "series", "expect", "links", "outside", "core"} {
		switch v := e.file.get(key).(type) {
		case *mapping:
			for _, sub := range v.keys() {
				if m, ok := v.get(sub).(*mapping); ok && key == "defaults" && len(m.fields) == 0 {
					v.set(sub, nil)
				}
			}
			if len(v.fields) == 0 {
				e.file.set(key, nil)
			}
		case []any:
			if len(v) == 0 {
				e.file.set(key, nil)
			}
		}
	}
}

// tidySites removes the sites outside that lack what every site has.
func (e *editor) tidySites() {
	m, _ := e.file.get("outside").(*mapping)
	if m == nil {
		return
	}
	sessions := slices.ContainsFunc(links(e), func(p place) bool { return p.get().get("nic") != nil && p.get().get("bgp") != nil })
	for _, name := range m.keys() {
		site, _ := m.get(name).(*mapping)
		if !sessions || site == nil || site.get("vrf") == nil || site.get("addresses") == nil {
			m.set(name, nil)
		}
	}
}

// ambiguous reports whether some VRF has routes to one prefix at several hosts.
func ambiguous(lab *topology.Topology) bool {
	type entry struct{ router, vrf, prefix string }
	host := map[entry]string{}
	for _, r := range lab.Intent().Routes {
		at := entry{r.Router, r.VRF, r.Prefix.String()}
		if before, ok := host[at]; ok && before != r.Origin.Host {
			return true
		}
		host[at] = r.Origin.Host
	}
	return false
}

// halfReflected reports whether two routers have several sessions, of which only
// some are between a route reflector and its client. The reflector passes on the
// path that it prefers, whose next hop may be on a link that its clients cannot
// reach.
func halfReflected(lab *topology.Topology) bool {
	client := map[[2]string]bool{}
	for _, s := range lab.Sessions {
		pair := [2]string{s.Router, s.PeerRouter}
		if before, another := client[pair]; another && before != s.Client {
			return true
		}
		client[pair] = s.Client
	}
	return false
}

// twoWays reports whether a host has router advertisements and another route for
// IPv6, between which it would have to choose.
func twoWays(h topology.Host) bool {
	slaac, ways := 0, 0
	for _, a := range h.Attachments {
		if a.SLAAC {
			slaac++
		}
		hop := func(n topology.NextHop) bool { return n.Prefix.Addr().Is6() }
		if a.SLAAC || slices.ContainsFunc(a.Routes, func(p netip.Prefix) bool { return p.Addr().Is6() }) || slices.ContainsFunc(a.NextHops, hop) {
			ways++
		}
	}
	return slaac > 0 && ways > 1
}

// trueOf returns the expect: lines that are true of the lab.
func trueOf(lab *topology.Topology, lines []any) []any {
	if len(lines) == 0 {
		return nil
	}
	reached, known := reaches(lab), map[string]bool{}
	for _, h := range lab.Hosts {
		slaac := func(a topology.Attachment) bool { return a.SLAAC }
		known[h.Name] = !slices.ContainsFunc(h.Attachments, slaac) // else some addresses are not known yet
	}
	return slices.DeleteFunc(slices.Clone(lines), func(line any) bool {
		words := strings.Fields(line.(string))
		via, ok := reached[[2]string{words[0], words[2]}]
		if words[0] == words[2] || len(words) == 5 && (words[4] == words[0] || words[4] == words[2]) {
			return true
		}
		return !known[words[0]] || !known[words[2]] || ok != (words[1] == "->") ||
			len(words) == 5 && !slices.Contains(via, words[4])
	})
}

// reaches returns, for each pair of hosts that reach each other, the hosts on the
// paths to all addresses.
func reaches(lab *topology.Topology) map[[2]string][]string {
	out := map[[2]string][]string{}
	for _, r := range lab.Reaches() {
		pair := [2]string{r.From, r.To}
		if via, ok := out[pair]; ok {
			out[pair] = slices.DeleteFunc(slices.Clone(via), func(v string) bool { return !slices.Contains(r.Via, v) })
		} else {
			out[pair] = slices.Clone(r.Via)
		}
	}
	return out
}
