package access

import (
	"math/rand/v2"
	"time"

	"pseudowan/router/slowpath"
	"pseudowan/topology"
)

// Unsolicited router advertisements (RFC 4861 section 6.2.4): the first at once
// when a port comes up, two more soon after, then at longer intervals.
const (
	advertiseInitially = 3
	advertiseSoon      = 4 * time.Second   // at least MIN_DELAY_BETWEEN_RAS, at most MAX_INITIAL_RTR_ADVERT_INTERVAL
	advertiseEvery     = 200 * time.Second // MaxRtrAdvInterval, if the lifetime allows it
	advertiseLeast     = 4 * time.Second   // the smallest MaxRtrAdvInterval
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

// start makes a port advertise from now on; if it does already, it starts again. Each
// advertisement must come before the lifetime of the last one ends.
func (a *advertiser) start(now time.Time, port uint32, lifetime time.Duration) {
	every := max(min(advertiseEvery, lifetime/3), advertiseLeast)
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
	s.adverts.start(now, p.Port, p.RA.Lifetime)
	s.advertise(now)
}

// Cease tells the hosts on ports that stop advertising that this router is no longer
// their default router (RFC 4861 section 6.2.5). next is the ports as they
// will be; nil if the router stops.
func (s *Ports) Cease(next map[uint32]*Port) {
	for number := range s.adverts.ports {
		if p := next[number]; p != nil && p.RA != nil {
			continue
		}
		s.adverts.stop(number)
		if frame := s.slow.Cease(number); frame != nil {
			s.output(slowpath.Out{Port: number, Frame: frame})
		}
	}
}

var preferences = map[string]slowpath.Preference{
	"low": slowpath.PreferenceLow, "high": slowpath.PreferenceHigh,
}

// advertisement returns the RA of a port as the slow path sends it. If DHCPv6 manages
// the addresses, hosts must not form any themselves.
func advertisement(ra *topology.RA) *slowpath.RA {
	if ra == nil {
		return nil
	}
	valid, preferred := ra.Lifetime, ra.Lifetime
	if ra.Lifetime == 0 { // not a default router; its prefix remains valid
		valid, preferred = prefixValid, prefixPreferred
	}
	return &slowpath.RA{
		Prefixes: []slowpath.PrefixInfo{{
			Prefix: ra.Prefix, OnLink: true, Autonomous: !ra.Managed, Valid: valid, Preferred: preferred,
		}},
		RouterLifetime: ra.Lifetime, Managed: ra.Managed, Other: ra.Other, Preference: preferences[ra.Preference],
		RDNSS: ra.RDNSS, DNSSL: ra.DNSSL, DNSLifetime: min(valid, 3*advertiseEvery),
	}
}

// AdvValidLifetime and AdvPreferredLifetime (RFC 4861 section 6.2.1).
const (
	prefixValid     = 30 * 24 * time.Hour
	prefixPreferred = 7 * 24 * time.Hour
)
