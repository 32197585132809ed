package router

import (
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// linkState is what the kernel tells of an interface of the namespace.
type linkState struct {
	admin   bool // it is set up
	carrier bool
}

// linkChange takes note of what the kernel tells of an interface.
func (r *reactor) linkChange(u netlink.LinkUpdate) {
	e := linkEventOf(u)
	s := r.links[e.name]
	s.admin = u.IfInfomsg.Flags&unix.IFF_UP != 0
	r.links[e.name] = s
	r.link(e)
	if u.Header.Type == unix.RTM_DELLINK {
		delete(r.links, e.name)
		r.wiresOf(e.name)
	}
}

// link takes note of a carrier.
func (r *reactor) link(e linkEvent) {
	s := r.links[e.name]
	s.carrier = e.up
	r.links[e.name] = s
	r.carrier(e.name)
	r.wiresOf(e.name)
}

// wiresOf looks anew at the wires that a NIC is behind.
func (r *reactor) wiresOf(nic string) {
	for _, c := range r.core {
		if c.NIC == nic {
			r.carrier(c.Name)
		}
	}
}

// carriers looks anew at all links to other routers: an edit may have put a
// NIC behind one.
func (r *reactor) carriers() {
	for _, c := range r.core {
		r.carrier(c.Name)
	}
}

// carrier follows the carrier of an interface, up to the NIC behind it.
func (r *reactor) carrier(name string) {
	up := r.links[name].carrier
	for _, c := range r.core {
		if nic, ok := r.links[c.NIC]; ok && c.Name == name {
			up = up && nic.carrier
		}
	}
	if r.linkUp[name] == up {
		return
	}
	r.linkUp[name] = up
	now := time.Now()
	for _, p := range r.access {
		if p.Name == name {
			r.accessCarrier(now, p, up)
		}
	}
	for _, c := range r.core {
		if c.Name == name {
			r.coreCarrier(c, up)
		}
	}
}

// admin and oper are the states of RFC 2863 in their words.
func (r *reactor) admin(name string) string {
	s, ok := r.links[name]
	if !ok {
		return "absent"
	}
	return upOrDown(s.admin)
}

func (r *reactor) oper(name string) string { return upOrDown(r.linkUp[name]) }

func upOrDown(up bool) string {
	if up {
		return "up"
	}
	return "down"
}
