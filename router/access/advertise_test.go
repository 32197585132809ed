package access

import (
	"fmt"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"pseudowan/router/slowpath"
	"pseudowan/topology"
)

// play takes what is due at each due time, until limit.
func (a *advertiser) play(begin time.Time, limit time.Duration) []time.Duration {
	var at []time.Duration
	for {
		due, ok := a.next()
		if !ok || due.Sub(begin) > limit {
			return at
		}
		for range a.take(due) {
			at = append(at, due.Sub(begin))
		}
	}
}

func TestAdvertiserTimes(t *testing.T) {
	begin := time.Unix(1000, 0)
	for _, tt := range []struct {
		every time.Duration
		share float64
		limit time.Duration
		want  string
	}{
		{200 * time.Second, 0, 8 * time.Minute, "0s 4s 8s 3m28s 6m48s"},
		{200 * time.Second, 0.99999, 8 * time.Minute, "0s 4s 8s 2m38s 5m8s 7m38s"},
		{10 * time.Second, 0, 28 * time.Second, "0s 4s 8s 18s 28s"},
		{4 * time.Second, 0, 16 * time.Second, "0s 4s 8s 12s 16s"},
	} {
		a := newAdvertiser()
		a.share = func() float64 { return tt.share }
		a.start(begin, 3, tt.every)
		var got []string
		for _, d := range a.play(begin, tt.limit) {
			got = append(got, fmt.Sprint(d.Round(time.Second)))
		}
		if strings.Join(got, " ") != tt.want {
			t.Errorf("every %s: at %v; want %s", tt.every, got, tt.want)
		}
	}
}

// Every port has its own schedule; a stopped port advertises no more.
func TestAdvertiserPorts(t *testing.T) {
	begin := time.Unix(1000, 0)
	a := newAdvertiser()
	if due := a.take(begin); due != nil {
		t.Errorf("no port advertises, yet %v is due", due)
	}
	a.start(begin, 3, time.Hour)
	a.start(begin.Add(time.Second), 4, time.Hour)
	if due := a.take(begin); !slices.Equal(due, []uint32{3}) {
		t.Errorf("due %v; want port 3", due)
	}
	a.stop(3)
	if due := a.take(begin.Add(time.Minute)); !slices.Equal(due, []uint32{4}) {
		t.Errorf("due %v; want port 4", due)
	}
	a.stop(4)
	if _, ok := a.next(); ok {
		t.Error("something is due although no port advertises")
	}
}

// What is advertised is what the topology says of each prefix.
func TestAdvertisedPrefixes(t *testing.T) {
	stays, goes := netip.MustParsePrefix("2001:db8::/64"), netip.MustParsePrefix("2001:db8:1::/64")
	was := &topology.RA{Lifetime: time.Hour, Interval: time.Minute, Managed: true, Prefixes: []topology.RAPrefix{
		{Prefix: stays, Valid: 2 * time.Hour, Preferred: time.Hour, OnLink: true},
		{Prefix: goes, Valid: time.Hour, Autonomous: true},
	}}
	want := &slowpath.RA{RouterLifetime: time.Hour, Managed: true, DNSLifetime: 3 * time.Minute, Prefixes: []slowpath.PrefixInfo{
		{Prefix: stays, Valid: 2 * time.Hour, Preferred: time.Hour, OnLink: true},
		{Prefix: goes, Valid: time.Hour, Autonomous: true},
	}}
	if got := advertisement(was); !reflect.DeepEqual(got, want) {
		t.Errorf("%+v; want %+v", got, want)
	}
	was.RDNSS, was.DNSSL = []netip.Addr{stays.Addr(), goes.Addr()}, []string{"a.example", "b.example"}
	next := &topology.RA{Prefixes: was.Prefixes[:1], RDNSS: was.RDNSS[:1], DNSSL: was.DNSSL[1:]}
	gone := slowpath.Withdrawn{Prefixes: []netip.Prefix{goes}, RDNSS: was.RDNSS[1:], DNSSL: was.DNSSL[:1]}
	if got := droppedFrom(was, next); !reflect.DeepEqual(got, gone) {
		t.Errorf("dropped %+v; want %+v", got, gone)
	}
	if got := droppedFrom(was, nil); len(got.Prefixes)+len(got.RDNSS)+len(got.DNSSL) != 6 {
		t.Errorf("dropped %+v; want all", got)
	}
	if got := droppedFrom(nil, was); len(got.Prefixes) != 0 {
		t.Errorf("dropped %+v; want nothing", got)
	}
}
