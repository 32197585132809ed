package gate

import (
	"encoding/binary"
	"fmt"
	"net/netip"

	"pseudowan/bgp/vpn"
)

// Membership is one NLRI of route target constraint (RFC 4684 section 4): its sender
// asks for VPN routes with the route targets that have a prefix.
type Membership struct {
	Bits   uint8   // 0: all routes; else 32, the length of the AS, to 96
	AS     uint32  // of the router that asks
	Target [8]byte // a route target; its first Bits - 32 bits count
}

const (
	membershipBits = 96
	asBits         = 32

	// maxMemberships is how many a peer may announce.
	maxMemberships = 1 << 16

	// MaxMemberships is how many may be told a peer: fewer than it accepts.
	MaxMemberships = maxMemberships / 2
)

// TargetMembership asks for the routes with a route target.
func TargetMembership(as uint32, t vpn.RouteTarget) Membership {
	return Membership{Bits: membershipBits, AS: as, Target: t.Bytes()}
}

// String prints the route target, or what is asked for in its place.
func (m Membership) String() string {
	if m.Bits <= asBits {
		return "all"
	}
	t, ok := vpn.RouteTargetFromBytes(m.Target)
	text := t.String()
	if !ok {
		text = fmt.Sprintf("%x", m.Target)
	}
	if m.Bits < membershipBits {
		text += fmt.Sprintf("/%d", m.Bits-asBits)
	}
	return text
}

func (m Membership) key() key {
	k := key{family: RTC, bits: m.Bits}
	binary.BigEndian.PutUint32(k.prefix[:], m.AS)
	copy(k.prefix[4:], m.Target[:])
	return k
}

func (k key) membership() Membership {
	return Membership{Bits: k.bits, AS: binary.BigEndian.Uint32(k.prefix[:]), Target: [8]byte(k.prefix[4:12])}
}

// fitsMembership reports whether an NLRI may have so many bits: a part of an AS asks
// for nothing (RFC 4684 section 4).
func fitsMembership(bits int) bool { return bits == 0 || bits >= asBits }

// Reflection is how a membership has come from one router to the next inside of an
// AS (RFC 4456 section 8).
type Reflection struct {
	Clusters   string     // CLUSTER_LIST
	Originator netip.Addr // zero: it has not been reflected
}

// member is a membership of the peer.
type member struct {
	Reflection
	round uint32
}

// takeMemberships follows what an update says of memberships. The receiver knows
// nothing of them: nothing of that is left in the update.
func (j *Judge) takeMemberships(u *update) (changed bool) {
	if m := u.unreach; m != nil && m.family == RTC {
		u.unreach, u.rewritten = nil, true
		changed = m.end() && !j.membersEnd.Swap(true)
		changed = j.loseMembers(m.routes) || changed
	}
	if m := u.reach; m != nil && m.family == RTC {
		u.reach, u.rewritten = nil, true
		if u.asWithdrawn {
			changed = j.loseMembers(m.routes) || changed
		} else { // those that have passed this router before are strange
			changed = j.loseMembers(m.strange) || changed
			changed = j.gainMembers(m.routes, reflectionOf(u.attrs)) || changed
		}
	}
	return changed
}

func (j *Judge) gainMembers(routes []route, by Reflection) (changed bool) {
	j.membersMu.Lock()
	defer j.membersMu.Unlock()
	if j.members == nil {
		j.members = make(map[key]member)
	}
	for i := range routes {
		k, m := routes[i].key(RTC), member{by, j.rounds[RTC].number}
		was, known := j.members[k]
		j.members[k] = m
		changed = changed || !known || was.Reflection != by
	}
	return changed
}

func (j *Judge) loseMembers(routes []route) (changed bool) {
	j.membersMu.Lock()
	defer j.membersMu.Unlock()
	for i := range routes {
		k := routes[i].key(RTC)
		_, known := j.members[k]
		delete(j.members, k)
		changed = changed || known
	}
	return changed
}

func reflectionOf(attrs []attribute) (r Reflection) {
	for _, a := range attrs {
		switch a.kind {
		case attrOriginatorID:
			r.Originator = netip.AddrFrom4([4]byte(a.value))
		case attrClusterList:
			r.Clusters = string(a.value)
		}
	}
	return r
}

// endMembershipRound is endRound for memberships.
func (j *Judge) endMembershipRound() (changed bool) {
	j.membersMu.Lock()
	defer j.membersMu.Unlock()
	for k, m := range j.members {
		if m.round != j.rounds[RTC].number {
			delete(j.members, k)
			changed = true
		}
	}
	return changed
}

// Memberships returns what the peer asks for, and whether its first ones have come
// with an end of RIB. It may be called at any time.
func (j *Judge) Memberships() (list map[Membership]Reflection, end bool) {
	j.membersMu.Lock()
	defer j.membersMu.Unlock()
	list = make(map[Membership]Reflection, len(j.members))
	for k, m := range j.members {
		list[k.membership()] = m.Reflection
	}
	return list, j.membersEnd.Load()
}

func (j *Judge) tooManyMembers() bool {
	j.membersMu.Lock()
	defer j.membersMu.Unlock()
	return len(j.members) > maxMemberships
}

// AwaitsMemberships reports whether the peer has not said yet that it has asked for
// all that it asks for at first.
func (j *Judge) AwaitsMemberships() bool { return j.families[RTC] && !j.membersEnd.Load() }

// EndMemberships takes what the peer has asked for as all, for want of an end of RIB
// (RFC 4684 section 6).
func (j *Judge) EndMemberships() { j.membersEnd.Store(true) }

// Constrains reports whether both ends have route target constraint.
func (j *Judge) Constrains() bool { return j.families[RTC] }
