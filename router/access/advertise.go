package access

import (
	"math/rand/v2"
	"slices"
	"time"

	"pseudowan/router/slowpath"
	"pseudowan/topology"
)

// Unsolicited router advertisements (RFC 4861 section 6.2.4): the first at once
// when a port comes up, two more soon after, then at longer intervals.
const (
	advertiseInitially = 3
	advertiseSoon      = 4 * time.Second // at least MIN_DELAY_BETWEEN_RAS, at most MAX_INITIAL_RTR_ADVERT_INTERVAL
)

// advertiser knows when each port's next router advertisement is due.
type advertiser struct {
	ports map[uint32]*advertised
	share func() float64 // a random number from 0 up to 1
}

type advertised struct {
	due   time.Time
	every time.Duration
	soon  int // advertisements still to follow in quick succession
}

func newAdvertiser() *advertiser {
	return &advertiser{ports: map[uint32]*advertised{}, share: rand.Float64}
}

// start makes a port advertise from now on, with every as the longest interval; if it
// does already, it starts again.
func (a *advertiser) start(now time.Time, port uint32, every time.Duration) {
	a.ports[port] = &advertised{due: now, every: every, soon: advertiseInitially}
}

func (a *advertiser) stop(port uint32) { delete(a.ports, port) }

// take returns the ports whose advertisement is due, and schedules their next one.
// The interval varies, so that routers on a link do not synchronise.
func (a *advertiser) take(now time.Time) []uint32 {
	var due []uint32
	for port, p := range a.ports {
		if p.due.After(now) {
			continue
		}
		due = append(due, port)
		pause := p.every - time.Duration(a.share()*float64(p.every)/4)
		if p.soon--; p.soon > 0 {
			pause = min(pause, advertiseSoon)
		}
		p.due = now.Add(pause)
	}
	return due
}

// next returns when the next advertisement is due; ok is false if no port
// advertises.
func (a *advertiser) next() (due time.Time, ok bool) {
	for _, p := range a.ports {
		if !ok || p.due.Before(due) {
			due, ok = p.due, true
		}
	}
	return due, ok
}

// advertise sends the router advertisements that are due.
func (s *Ports) advertise(now time.Time) {
	for _, port := range s.adverts.take(now) {
		if frame := s.slow.Advertise(port); frame != nil {
			s.output(slowpath.Out{Port: port, Frame: frame})
		}
	}
}

// startAdvertising lets the hosts on a port configure themselves, if the port
// advertises a prefix.
func (s *Ports) startAdvertising(now time.Time, p *Port) {
	if p.RA == nil {
		return
	}
	s.adverts.start(now, p.Port, p.RA.Interval)
	s.advertise(now)
}

// Cease tells the hosts on ports that stop advertising that this router is no longer
// their default router (RFC 4861 section 6.2.5), and those on ports that advertise a
// prefix, a server or a domain no more that it is no longer valid: addresses in the prefix
// are deprecated (RFC 4862 section 5.5.3). next is the ports as they will be; nil if the
// router stops, which says nothing about these.
func (s *Ports) Cease(next map[uint32]*Port) {
	for number := range s.adverts.ports {
		var stays *topology.RA
		if p := next[number]; p != nil {
			stays = p.RA
		}
		var dropped slowpath.Withdrawn
		if was := s.ports[number]; next != nil && was != nil {
			dropped = droppedFrom(was.RA, stays)
		}
		if stays != nil && len(dropped.Prefixes)+len(dropped.RDNSS)+len(dropped.DNSSL) == 0 {
			continue
		}
		frame := s.slow.Withdraw(number, dropped, stays == nil)
		if stays == nil {
			s.adverts.stop(number)
		}
		if frame != nil {
			s.output(slowpath.Out{Port: number, Frame: frame})
		}
	}
}

// droppedFrom returns what a port advertised and will not.
func droppedFrom(was, next *topology.RA) (out slowpath.Withdrawn) {
	if was == nil {
		return out
	}
	if next == nil {
		next = &topology.RA{}
	}
	for _, p := range was.Prefixes {
		if !slices.ContainsFunc(next.Prefixes, func(n topology.RAPrefix) bool { return n.Prefix == p.Prefix }) {
			out.Prefixes = append(out.Prefixes, p.Prefix)
		}
	}
	out.RDNSS = without(was.RDNSS, next.RDNSS)
	out.DNSSL = without(was.DNSSL, next.DNSSL)
	return out
}

// without returns the items of all that others has not.
func without[T comparable](all, others []T) (out []T) {
	for _, x := range all {
		if !slices.Contains(others, x) {
			out = append(out, x)
		}
	}
	return out
}

var preferences = map[string]slowpath.Preference{
	"low": slowpath.PreferenceLow, "high": slowpath.PreferenceHigh,
}

// advertisement returns the RA of a port as the slow path sends it. Servers and domains
// live for three intervals (RFC 8106 section 5.1).
func advertisement(ra *topology.RA) *slowpath.RA {
	if ra == nil {
		return nil
	}
	out := &slowpath.RA{
		RouterLifetime: ra.Lifetime, Managed: ra.Managed, Other: ra.Other, Preference: preferences[ra.Preference],
		RDNSS: ra.RDNSS, DNSSL: ra.DNSSL, DNSLifetime: 3 * ra.Interval,
	}
	for _, p := range ra.Prefixes {
		out.Prefixes = append(out.Prefixes, slowpath.PrefixInfo{
			Prefix: p.Prefix, OnLink: p.OnLink, Autonomous: p.Autonomous, Valid: p.Valid, Preferred: p.Preferred,
		})
	}
	return out
}
