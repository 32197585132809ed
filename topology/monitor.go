package topology

import (
	"fmt"
	"net/netip"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"pseudowan/bgp/vpn"
)

// Station is a BMP station that a router tells of its sessions and tables (RFC
// 7854).
type Station struct {
	Address    netip.AddrPort `json:"address"`
	VRF        string         `json:"vrf,omitempty"`        // through which it is reached; "": over the links
	Source     netip.Addr     `json:"source,omitzero"`      // with a VRF: the router's address there
	Views      []string       `json:"views"`                // sorted: words of StationViews
	Statistics time.Duration  `json:"statistics,omitempty"` // between two reports; 0: there are none
}

// StationViews are the tables that a station may be told of.
var StationViews = []string{"adj-rib-in-pre", "adj-rib-in-post", "adj-rib-out-pre", "adj-rib-out-post", "loc-rib"}

// MRT is where a router records what its peers send (RFC 6396).
type MRT struct {
	Directory string        `json:"directory"`
	Updates   bool          `json:"updates"`
	Tables    time.Duration `json:"tables,omitempty"` // between two dumps; 0: there are none
	Rotate    time.Duration `json:"rotate"`
	Keep      int           `json:"keep"` // files of a kind
}

const (
	maxStations    = 16
	defaultBMPPort = 5000
	maxMRTFiles    = 10_000
)

// defaultViews are what a station is told that says nothing: what collectors older
// than RFC 8671 and RFC 9069 understand.
var defaultViews = StationViews[:2]

// monitorBuilder fills Router.Stations and Router.MRT.
type monitorBuilder struct {
	*report
	raw *rawTopology
	lab *Topology
}

// build reads who is told of a router's BGP, once the VRFs are known.
func (b *monitorBuilder) build() {
	for i, e := range b.raw.Routers {
		if i >= len(b.lab.Routers) {
			return
		}
		r, element := &b.lab.Routers[i], "router "+e.key.v
		stations := e.value.BMP
		if stations == nil {
			stations = b.raw.Defaults.Router.BMP
		}
		if len(stations) > maxStations {
			b.refuse(e.key.at, element, fmt.Sprintf("has %d stations, more than %d", len(stations), maxStations), "remove some of bmp:")
			continue
		}
		for _, raw := range stations {
			b.station(raw, element, r)
		}
		files := e.value.MRT
		if !files.given() {
			files = b.raw.Defaults.Router.MRT
		}
		b.files(files, element, r)
	}
}

func (b *monitorBuilder) station(raw rawStation, element string, r *Router) {
	element += " bmp"
	if raw.To.missing() {
		b.refuse(raw.at, element, "a station has no address", "add to: 10.0.0.9:5000")
	}
	if !raw.To.has || raw.VRF.bad || raw.Statistics.bad {
		return
	}
	s := Station{Address: netip.AddrPort(raw.To.v), VRF: raw.VRF.v, Statistics: time.Duration(raw.Statistics.v)}
	if why := badUnicast(s.Address.Addr()); why != "" {
		b.refuse(raw.To.at, element, fmt.Sprintf("%s %s", s.Address.Addr(), why), "use the address of the collector")
		return
	}
	for _, v := range raw.Routes {
		if v.has {
			s.Views = append(s.Views, string(v.v))
		}
	}
	if len(raw.Routes) == 0 {
		s.Views = slices.Clone(defaultViews)
	}
	slices.Sort(s.Views)
	s.Views = slices.Compact(s.Views)
	if slices.ContainsFunc(r.Stations, func(o Station) bool { return o.Address == s.Address && o.VRF == s.VRF }) {
		b.refuse(raw.To.at, element, fmt.Sprintf("station %s is there twice", s.Address), "remove one")
		return
	}
	if s.VRF != "" && !b.through(raw, element, r, &s) {
		return
	}
	if s.VRF == "" {
		b.onLink(raw, element, r, s)
	}
	r.Stations = append(r.Stations, s)
}

// through finds the router's address in the VRF through which a station is reached.
func (b *monitorBuilder) through(raw rawStation, element string, r *Router, s *Station) bool {
	var known []string
	for _, v := range b.lab.VRFs {
		if v.Router == r.Name {
			known = append(known, v.Name)
		}
	}
	if !slices.Contains(known, s.VRF) {
		remedy := fmt.Sprintf("attach a host of %s to it", r.Name)
		if near := Nearest(s.VRF, known); near != "" {
			remedy = "did you mean " + near + "?"
		}
		b.refuse(raw.VRF.at, element, fmt.Sprintf("router %s has no VRF %s", r.Name, s.VRF), remedy)
		return false
	}
	addr := s.Address.Addr()
	for _, g := range b.gateways(r.Name, s.VRF) {
		switch {
		case g == addr:
			b.refuse(raw.To.at, element, fmt.Sprintf("%s is the router's own address", addr), "use the address of the collector")
			return false
		case !s.Source.IsValid() && g.Is4() == addr.Is4() && !g.IsLinkLocalUnicast():
			s.Source = g
		}
	}
	if !s.Source.IsValid() {
		family := vpn.FamilyOf(netip.PrefixFrom(addr, addr.BitLen())).Plain()
		b.refuse(raw.To.at, element, fmt.Sprintf("router %s has no %s address in VRF %s to reach %s from", r.Name, family, s.VRF, addr),
			fmt.Sprintf("give a host there an %s address with a gateway", family))
		return false
	}
	return true
}

// gateways lists the router's addresses in a VRF, in the order of the file.
func (b *monitorBuilder) gateways(router, vrf string) (list []netip.Addr) {
	for _, a := range b.lab.AtAllRouters() {
		if a.Router != router || a.VRF != vrf {
			continue
		}
		for _, g := range a.Gateways {
			list = append(list, g.Addr())
		}
	}
	return list
}

// onLink warns of a station that the router has no way to.
func (b *monitorBuilder) onLink(raw rawStation, element string, r *Router, s Station) {
	for _, l := range b.lab.Links {
		for _, e := range l.Ends {
			if e.Router == r.Name && e.VRF == "" && slices.ContainsFunc(e.Addresses, func(p netip.Prefix) bool { return p.Contains(s.Address.Addr()) }) {
				return
			}
		}
	}
	b.warn(raw.To.at, element, fmt.Sprintf("station %s is on no link of %s, which has no routes outside of VRFs", s.Address.Addr(), r.Name),
		"add vrf: with the VRF that it is in, or a link with its subnet")
}

func (b *monitorBuilder) files(raw rawMRT, element string, r *Router) {
	element += " mrt"
	if !raw.given() {
		return
	}
	if raw.Directory.missing() {
		b.refuse(raw.at, element, "names no directory", "add directory: /var/log/mrt")
	}
	if !raw.Directory.has {
		return
	}
	if why := badDirectory(raw.Directory.v); why != "" {
		b.refuse(raw.Directory.at, element, fmt.Sprintf("directory %s %s", strconv.Quote(raw.Directory.v), why), "name a directory such as /var/log/mrt")
		return
	}
	m := &MRT{
		Directory: path.Clean(raw.Directory.v), Updates: raw.Updates.or(true), Tables: time.Duration(raw.Tables.v),
		Rotate: time.Duration(raw.Rotate.or(lifetime(time.Hour))), Keep: raw.Keep.or(24),
	}
	switch {
	case m.Rotate <= 0:
		b.refuse(raw.Rotate.at, element, "rotate must be positive", "write rotate: 1h")
	case m.Keep < 1 || m.Keep > maxMRTFiles:
		b.refuse(raw.Keep.at, element, fmt.Sprintf("keep %d is not from 1 to %d", m.Keep, maxMRTFiles), "write keep: 24")
	case !m.Updates && m.Tables == 0:
		b.refuse(raw.at, element, "records nothing", "remove updates: false, or add tables: 1h")
	default:
		r.MRT = m
	}
}

// badDirectory says why files cannot be put into a directory; "" if they can.
func badDirectory(dir string) string {
	switch {
	case !path.IsAbs(dir):
		return "is not an absolute path"
	case path.Clean(dir) != strings.TrimSuffix(dir, "/") || dir == "/":
		return "is not written in its shortest form, or is the root"
	}
	for _, taken := range []string{"/proc", "/sys", "/dev", "/etc", "/run/pseudowan", "/var/lib/pseudowan"} {
		if dir == taken || strings.HasPrefix(dir, taken+"/") {
			return "is in " + taken
		}
	}
	return ""
}

// stationAddress is the address of a station, with its port.
type stationAddress netip.AddrPort

func parseStation(p *stationAddress, s string) *fault {
	if a, err := netip.ParseAddr(s); err == nil {
		s = netip.AddrPortFrom(a, defaultBMPPort).String()
	}
	a, err := netip.ParseAddrPort(s)
	if err != nil || a.Port() == 0 || a.Addr().Zone() != "" || a.Addr().Is4In6() {
		return &fault{fmt.Sprintf("%q is not the address of a station", s), `write it as 10.0.0.9, 10.0.0.9:5000 or "[2001:db8::9]:5000"`}
	}
	*p = stationAddress(a)
	return nil
}

// ParseStation reads the address of a station, as the file has it.
func ParseStation(text string) (netip.AddrPort, error) {
	var a stationAddress
	if f := parseStation(&a, text); f != nil {
		return netip.AddrPort{}, fmt.Errorf("%s; %s", f.message, f.remedy)
	}
	return netip.AddrPort(a), nil
}

// stationView is a word of StationViews.
type stationView string

func viewWords() (words []stationView) {
	for _, w := range StationViews {
		words = append(words, stationView(w))
	}
	return words
}
