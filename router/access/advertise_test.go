package access

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

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
		lifetime time.Duration
		share    float64
		want     string
	}{
		{1800 * time.Second, 0, "0s 4s 8s 3m28s 6m48s"},
		{1800 * time.Second, 0.99999, "0s 4s 8s 2m38s 5m8s 7m38s"},
		{30 * time.Second, 0, "0s 4s 8s 18s 28s"},
		{0, 0, "0s 4s 8s 12s 16s"}, // not a default router, but with a prefix
	} {
		a := newAdvertiser()
		a.share = func() float64 { return tt.share }
		a.start(begin, 3, tt.lifetime)
		limit := 8 * time.Minute
		if tt.lifetime < time.Minute {
			limit = 28 * time.Second
		}
		if tt.lifetime == 0 {
			limit = 16 * time.Second
		}
		var got []string
		for _, d := range a.play(begin, limit) {
			got = append(got, fmt.Sprint(d.Round(time.Second)))
		}
		if strings.Join(got, " ") != tt.want {
			t.Errorf("lifetime %s: at %v; want %s", tt.lifetime, got, tt.want)
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

// The flags agree: either hosts form their addresses from the prefix, or DHCPv6
// assigns them.
func TestAdvertisedFlagsAgree(t *testing.T) {
	for _, managed := range []bool{false, true} {
		ra := advertisement(&topology.RA{Prefix: netip.MustParsePrefix("2001:db8::/64"), Lifetime: time.Hour, Managed: managed})
		if p := ra.Prefixes[0]; ra.Managed != managed || p.Autonomous == managed || !p.OnLink {
			t.Errorf("managed %t: %+v", managed, ra)
		}
	}
}
