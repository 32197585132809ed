package openflowini

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"pseudowan/topology"
)

// Note is something that the lab does not have, or has otherwise than the file says.
type Note struct {
	File    string
	Line    int
	Element string // "Bmp", "Port2 bgp_local_pref"
	Message string
}

// String prints `file:line: element: message`.
func (n Note) String() string {
	return fmt.Sprintf("%s:%d: %s: %s", n.File, n.Line, n.Element, n.Message)
}

// report collects what is wrong, and what is not kept.
type report struct {
	source   string
	problems topology.Problems
	notes    []Note
}

func (r *report) refuse(line int, element, message, remedy string) {
	r.problems = append(r.problems, topology.Problem{File: r.source, Line: line, Element: element, Message: message, Remedy: remedy})
}

func (r *report) note(line int, element, message string) {
	r.notes = append(r.notes, Note{r.source, line, element, message})
}

// Import reads an OpenFlow.ini and returns the text of the lab file that does the
// same, which is valid, and what of the file it does not keep, by line. The source
// and the name are those of the file and of the lab. A file that cannot be read as a
// whole gives a topology.Problems error.
func Import(source, name string, data []byte) (text []byte, notes []Note, err error) {
	r := &report{source: source}
	f := parse(r, data)
	l := f.lab()
	if len(r.problems) > 0 {
		return nil, nil, r.err()
	}
	w := &writer{name: name, source: source, lab: l}
	w.write()
	if _, err := topology.Parse(source, []byte(w.text.String())); err != nil {
		return nil, nil, w.inTheFile(err)
	}
	f.unused()
	slices.SortStableFunc(r.notes, func(a, b Note) int { return a.Line - b.Line })
	return []byte(w.text.String()), r.notes, nil
}

func (r *report) err() error {
	slices.SortStableFunc(r.problems, func(a, b topology.Problem) int { return a.Line - b.Line })
	return r.problems
}

// lab is what the file says.
type lab struct {
	router    routerOf
	wans      []wan
	vrfs      []vrf
	customers []customer
	bmp       struct{ address, port value }
	ten       bool // the hosts of docker-pseudo-wan
}

type routerOf struct {
	as, id, first, last value
	redistribute        string // none or hosts
	line                int
}

// wan is a port with BGP: a link with a NIC.
type wan struct {
	section            *section
	nic                string
	address            netip.Prefix
	mac, peer, as, med value
	localPref, filter  value
	session            bool
}

type vrf struct {
	name               string
	rd, imports, exprt value
}

// customer is a port of a VRF, and the host behind it.
type customer struct {
	section       *section
	vrf           string
	rd            value
	address       netip.Prefix // the host's
	gateway       netip.Addr
	host, ownPort value
}

func (f *file) lab() *lab {
	l := &lab{router: f.router()}
	for _, s := range f.like("Vrf") {
		f.vrf(l, s)
	}
	ports := f.like("Port")
	if len(ports) == 0 {
		f.refuse(0, "file", "has no port", `add [Port] with ipaddress = "192.168.0.1"`)
	}
	for _, s := range ports {
		f.port(l, s)
	}
	l.ten = len(l.customers)+len(l.vrfs) == 0 && len(l.wans) == 1
	if l.ten {
		f.note(l.router.line, "file", "the ten hosts that docker-pseudo-wan makes whatever its file says are in the lab as a series; remove it if they were not there")
	}
	f.others(l)
	return l
}

func (f *file) router() (r routerOf) {
	s := f.find("Bgp")
	if s == nil {
		f.refuse(0, "file", "has no section [Bgp]", `add [Bgp] with as_number = "65001" and router_id = "10.10.10.1"`)
		return r
	}
	r = routerOf{
		as: s.get("as_number"), id: s.get("router_id"), first: s.get("label_range_start"), last: s.get("label_range_end"),
		redistribute: "hosts", line: s.line,
	}
	f.need(s, "as_number", "65001")
	f.need(s, "router_id", "10.10.10.1")
	f.numbers(s, "as_number", "label_range_start", "label_range_end")
	f.addresses(s, "router_id")
	if r.first.given() != r.last.given() {
		f.refuse(max(r.first.line, r.last.line, s.line), "Bgp", "label_range_start and label_range_end belong together", "give both, or none")
	}
	switch v := s.get("redistribute"); strings.ToUpper(v.text) {
	case "", "ON":
	case "OFF":
		r.redistribute = "none"
	default:
		f.refuse(v.line, "Bgp redistribute", fmt.Sprintf("%q is neither ON nor OFF", v.text), "write ON or OFF")
	}
	for _, key := range []string{"redistribute_on", "redistribute_off", "vrf_routedist"} {
		if v := s.get(key); v.given() {
			f.note(v.line, "Bgp "+key, "was an argument of scripts that turn redistribution on and off; redistribute: in the lab is for every VRF")
		}
	}
	return r
}

func (f *file) vrf(l *lab, s *section) {
	v := vrf{rd: s.get("route_dist"), imports: s.get("import_routetarget"), exprt: s.get("export_routetarget")}
	for _, key := range []string{"import", "export"} { // as the REST interface calls them
		if x := s.get(key); x.given() {
			*map[string]*value{"import": &v.imports, "export": &v.exprt}[key] = x
		}
	}
	if !f.need(s, "route_dist", "65001:101") {
		return
	}
	v.name = l.vrfName(v.rd.text)
	if slices.ContainsFunc(l.vrfs, func(o vrf) bool { return o.rd.text == v.rd.text }) {
		f.refuse(v.rd.line, s.name, "RD "+v.rd.text+" is that of another VRF already", "give every VRF its own")
		return
	}
	l.vrfs = append(l.vrfs, v)
}

// vrfName names a VRF by the number of its RD, or by all of it.
func (l *lab) vrfName(rd string) string {
	for _, v := range l.vrfs {
		if v.rd.text == rd {
			return v.name
		}
	}
	_, number, _ := strings.Cut(rd, ":")
	clash := func(name string) bool { return slices.ContainsFunc(l.vrfs, func(v vrf) bool { return v.name == name }) }
	if number == "" || clash(number) {
		return strings.ReplaceAll(rd, ":", "-")
	}
	return number
}

// station reads where the router sends BMP. In simpleRouter the server's own routes
// lead there.
func (f *file) station(l *lab, s *section) {
	address, port := s.get("address"), s.get("port")
	f.addresses(s, "address")
	f.numbers(s, "port")
	if l.bmp.address = address; !port.given() {
		port = value{text: "11019", line: address.line} // of Ryu
	}
	l.bmp.port = port
	to, err := netip.ParseAddr(address.text)
	if err == nil && !slices.ContainsFunc(l.wans, func(w wan) bool { return w.address.Contains(to) }) {
		f.note(address.line, s.name, "the router reaches the station only if it is on a link of it, or in a VRF, which vrf: beside to: then names")
	}
}

// others notes what has no counterpart in a lab.
func (f *file) others(l *lab) {
	if s := f.find("Gateway"); s != nil && s.get("ipaddress").given() {
		f.note(s.at["ipaddress"].line, s.name, "not kept: routers of a lab have no routes outside VRFs; a host that announces 0.0.0.0/0 is a VRF's default route")
	}
	if s := f.find("Bmp"); s != nil && s.get("address").given() {
		f.station(l, s)
	}
	if s := f.find("Neighbor"); s != nil {
		s.get("routetype")
		s.get("address")
		f.note(s.line, s.name, "not kept: it is what get_neighbor asks for; `pseudowan show neighbor PEER received` shows it")
	}
}

// unused notes the sections and keys that nobody has asked for.
func (f *file) unused() {
	for _, s := range f.sections {
		for _, key := range s.keys {
			if !s.used[key] && s.at[key].given() {
				f.note(s.at[key].line, s.name+" "+key, "not kept: simpleRouter and docker-pseudo-wan have no such key")
			}
		}
	}
}
