package openflowini

import (
	"fmt"
	"net"
	"net/netip"
	"strconv"
)

// port reads a port: one with BGP, or one of a VRF.
func (f *file) port(l *lab, s *section) {
	f.numbers(s, "port", "opposite_asnumber", "port_offload_bgp", "bgp_med", "bgp_local_pref", "bgp_filter_asnumber")
	f.addresses(s, "ipaddress", "opposite_ipaddress")
	f.mac(s)
	rd, offload, as := s.get("vrf_routedist"), s.get("port_offload_bgp"), s.get("opposite_asnumber")
	if !f.need(s, "ipaddress", "192.168.0.1") || !f.need(s, "netmask", "255.255.255.252") {
		return
	}
	address, ok := f.prefix(s, "ipaddress")
	if !ok {
		return
	}
	switch bgp := offload.given() || as.given(); {
	case bgp && rd.given():
		f.refuse(rd.line, s.name, "a port has either BGP or a VRF", "remove vrf_routeDist, or opposite_asnumber and port_offload_bgp")
	case bgp:
		f.wan(l, s, address)
	case rd.given():
		f.customer(l, s, address)
	default:
		f.note(s.line, s.name, "not kept: a port without BGP and without a VRF; routers of a lab route in VRFs alone")
		for _, key := range s.keys {
			s.get(key)
		}
	}
}

func (f *file) wan(l *lab, s *section, address netip.Prefix) {
	w := wan{
		section: s, address: address, mac: s.get("macaddress"), peer: s.get("opposite_ipaddress"), as: s.get("opposite_asnumber"),
		med: s.get("bgp_med"), localPref: s.get("bgp_local_pref"), filter: s.get("bgp_filter_asnumber"), nic: "eth1",
	}
	if port := s.get("port"); port.given() {
		w.nic = "eth" + port.text
	}
	f.note(s.line, s.name, fmt.Sprintf("becomes a link with nic: %s; `pseudowan up` takes the server's NIC of that name, or another one by --nic %s=NAME", w.nic, w.nic))
	w.session = w.as.given() && w.peer.given()
	if !w.session {
		f.note(s.line, s.name, "has no session: opposite_ipaddress and opposite_asnumber are not both given, which simpleRouter fails at")
	}
	if w.localPref.given() != w.filter.given() {
		f.note(max(w.localPref.line, w.filter.line), s.name, "bgp_local_pref and bgp_filter_asnumber have an effect together only, in simpleRouter as well")
		w.localPref, w.filter = value{}, value{}
	}
	if w.localPref.given() {
		f.note(w.filter.line, s.name, "bgp_local_pref and bgp_filter_asnumber become an export policy; a router tells internal neighbours routes of external ones only with next-hop-self: false")
	}
	l.wans = append(l.wans, w)
}

func (f *file) customer(l *lab, s *section, address netip.Prefix) {
	c := customer{section: s, rd: s.get("vrf_routedist"), host: s.get("opposite_ipaddress"), ownPort: s.get("ipaddress"), gateway: address.Addr()}
	c.vrf = l.vrfName(c.rd.text)
	if !f.need(s, "opposite_ipaddress", "10.1.0.2") {
		return
	}
	host, err := netip.ParseAddr(c.host.text)
	if err != nil {
		return // refused before
	}
	c.address = netip.PrefixFrom(host, address.Bits())
	if v := s.get("macaddress"); v.given() {
		f.note(v.line, s.name+" macaddress", "not kept: a router's MAC addresses towards hosts follow from the names")
	}
	for _, key := range []string{"bgp_med", "bgp_local_pref", "bgp_filter_asnumber"} {
		if v := s.get(key); v.given() {
			f.note(v.line, s.name+" "+key, "not kept: the port has no BGP")
		}
	}
	l.customers = append(l.customers, c)
}

// need refuses a section without a key, and reports whether it has it.
func (f *file) need(s *section, key, example string) bool {
	v := s.get(key)
	if !v.given() {
		f.refuse(max(v.line, s.line), s.name, "has no "+key, fmt.Sprintf("add %s = %q", key, example))
	}
	return v.given()
}

// numbers refuses values of keys that are no numbers.
func (f *file) numbers(s *section, keys ...string) {
	for _, key := range keys {
		v := s.get(key)
		if _, err := strconv.ParseUint(v.text, 10, 32); v.given() && err != nil {
			f.refuse(v.line, s.name+" "+key, fmt.Sprintf("%q is not a number", v.text), "write digits")
		}
	}
}

// addresses refuses values of keys that are no IPv4 addresses.
func (f *file) addresses(s *section, keys ...string) {
	for _, key := range keys {
		v := s.get(key)
		if a, err := netip.ParseAddr(v.text); v.given() && (err != nil || !a.Is4()) {
			f.refuse(v.line, s.name+" "+key, fmt.Sprintf("%q is not an IPv4 address", v.text), "write one as 192.168.0.1")
		}
	}
}

func (f *file) mac(s *section) {
	v := s.get("macaddress")
	if m, err := net.ParseMAC(v.text); v.given() && (err != nil || len(m) != 6) {
		f.refuse(v.line, s.name+" macaddress", fmt.Sprintf("%q is not a MAC address", v.text), "write one as 00:00:00:01:01:01")
	}
}

// prefix is an address with the length of the section's netmask.
func (f *file) prefix(s *section, key string) (p netip.Prefix, ok bool) {
	a, err := netip.ParseAddr(s.get(key).text)
	mask := s.get("netmask")
	m, err2 := netip.ParseAddr(mask.text)
	if err2 == nil && m.Is4() {
		octets := m.As4()
		ones, bits := net.IPv4Mask(octets[0], octets[1], octets[2], octets[3]).Size()
		if bits == 32 {
			return netip.PrefixFrom(a, ones), err == nil
		}
	}
	f.refuse(mask.line, s.name+" netmask", fmt.Sprintf("%q is not a netmask", mask.text), "write one as 255.255.255.252")
	return p, false
}
