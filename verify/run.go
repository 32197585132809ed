package verify

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"time"
)

// Observation is the outcome of a probe.
type Observation struct {
	Answered []string // hosts whose token came back
	Arrived  []string // hosts that received the request
	Strayed  []string // hosts that received an answer, and are not the sender
	Replied  bool     // with Pings: the address itself answered by ICMP
	Error    string   // reported by a router or by the host itself; "" if none was
}

// Hop is the answer to a packet with a limited TTL. Without an answer, the address is
// zero.
type Hop struct {
	TTL     int
	Address netip.Addr
	Host    string   // the host that answered as the destination; "" for other nodes
	Refusal string   // why the packet goes no further; "" if its TTL expired
	Arrived []string // hosts that received the packet
	Took    time.Duration
}

// Prober sends packets from hosts.
type Prober interface {
	// Send repeats each probe until a host answers it or, with Refusals, a router
	// reports an error, or until the schedule ends. It calls Progress with the number
	// of probes done.
	Send(ctx context.Context, probes []Probe, s Schedule) ([]Observation, error)
	// Path sends a packet with each TTL until the destination answers.
	Path(ctx context.Context, p Probe) ([]Hop, error)
}

// Schedule sets how persistently probes are sent.
type Schedule struct {
	Tries    int
	Every    time.Duration
	Wait     time.Duration          // after the last try
	Refusals bool                   // an error from a router settles a probe
	Enough   func(Observation) bool // of one probe, it ends all; may be nil
	Pings    map[netip.Addr]bool    // addresses to ping, too, because they may not be those of the lab's hosts
	Progress func(done int)
}

// The intervals between two requests to the same address.
const (
	positiveEvery = 250 * time.Millisecond
	negativeEvery = 300 * time.Millisecond
)

// Limits of the requests that must stay unanswered: few addresses are tried several
// times, many only once.
const (
	negativeTries  = 3
	negativeProbes = 6000
)

// Options control a test.
type Options struct {
	Timeout time.Duration // how long an address may take to answer
	Step    func(string)  // hears what is being done

	// Alike finds out which of more than Few packets need not be sent, because others
	// test the same. If it is nil, all are sent.
	Alike func(context.Context) (Alike, error)
	Few   int
}

// Findings are what the probes have shown.
type Findings struct {
	seen  map[Probe]Observation
	hops  map[Probe][]Hop
	tried map[fromTo]Probe
}

type fromTo struct {
	from string
	to   netip.Addr
}

func newFindings() Findings {
	return Findings{seen: map[Probe]Observation{}, hops: map[Probe][]Hop{}, tried: map[fromTo]Probe{}}
}

func (f Findings) add(probes []Probe, seen []Observation) {
	for i, p := range probes {
		f.seen[p] = seen[i]
		f.tried[fromTo{p.From, p.Destination}] = p
	}
}

// inferred reports whether no request was sent from a host to an address: others stand
// for it.
func (f Findings) inferred(from string, to netip.Addr) bool {
	_, tried := f.tried[fromTo{from, to}]
	return !tried
}

// at returns what was seen of a request from a host to an address.
func (f Findings) at(from string, to netip.Addr) Observation {
	return f.seen[f.tried[fromTo{from, to}]]
}

// Observe tests the pairs with packets: first the addresses that must be reached,
// then those that must not.
func Observe(ctx context.Context, pairs []Pair, p Prober, o Options) (Findings, error) {
	f := newFindings()
	positive, negative := probes(pairs)
	same, err := o.alike(ctx, len(positive)+len(negative))
	if err != nil {
		return f, err
	}
	t := test{Prober: p, options: o, pings: pinged(pairs)}
	if err := t.reach(ctx, &f, pairs, positive, same); err != nil {
		return f, err
	}
	if err := t.isolation(ctx, &f, pairs, negative, same); err != nil {
		return f, err
	}
	return f, f.followVia(ctx, pairs, p, o)
}

// test sends the probes of a test.
type test struct {
	Prober
	options Options
	pings   map[netip.Addr]bool
}

// reach tests the addresses that must be reached.
func (t test) reach(ctx context.Context, f *Findings, pairs []Pair, positive []Probe, same Alike) error {
	first, second := halves(pairs, positive, same)
	seen, err := t.positive(ctx, f, first)
	if err != nil || len(second) == 0 {
		return err
	}
	back := told(first, seen)
	var open []Probe
	for _, p := range second {
		o, known := back[p]
		if !known {
			open = append(open, p)
			continue
		}
		f.add([]Probe{p}, []Observation{o})
	}
	_, err = t.positive(ctx, f, open)
	return err
}

// positive sends requests that must be answered.
func (t test) positive(ctx context.Context, f *Findings, list []Probe) ([]Observation, error) {
	seen, err := t.Send(ctx, list, Schedule{
		Tries: max(1, int(t.options.Timeout/positiveEvery)), Every: positiveEvery, Wait: positiveEvery, Pings: t.pings,
		Progress: func(done int) { t.options.Step(fmt.Sprintf("%d of %d addresses answer", done, len(list))) },
	})
	if err == nil {
		f.add(list, seen)
	}
	return seen, err
}

// isolation tests the addresses that must not be reached.
func (t test) isolation(ctx context.Context, f *Findings, pairs []Pair, negative []Probe, same Alike) error {
	first, rest := chosen(pairs, negative, same)
	seen, err := t.negative(ctx, f, first)
	if err != nil {
		return err
	}
	if more := doubtful(rest, first, seen); len(more) > 0 {
		_, err = t.negative(ctx, f, more)
	}
	return err
}

// negative sends requests that must stay unanswered.
func (t test) negative(ctx context.Context, f *Findings, list []Probe) ([]Observation, error) {
	tries := min(max(negativeProbes/max(len(list), 1), 1), negativeTries)
	seen, err := t.Send(ctx, list, Schedule{
		Tries: tries, Every: negativeEvery, Wait: time.Second - time.Duration(tries-1)*negativeEvery, Refusals: true, Pings: t.pings,
		Progress: func(int) { t.options.Step(fmt.Sprintf("testing %d addresses that must not answer", len(list))) },
	})
	if err == nil {
		f.add(list, seen)
	}
	return seen, err
}

// pinged returns the addresses of sites outside the lab.
func pinged(pairs []Pair) map[netip.Addr]bool {
	out := make(map[netip.Addr]bool)
	for _, p := range pairs {
		if !p.Outside {
			continue
		}
		for _, r := range p.Reach {
			out[r.Destination] = true
		}
		for _, a := range p.Never {
			out[a] = true
		}
	}
	return out
}

// by reports whether a host answered or, if it is outside the lab, somebody other
// than the lab's hosts.
func (o Observation) by(host string, outside bool) bool {
	if outside {
		return o.Replied && len(o.Answered) == 0
	}
	return slices.Contains(o.Answered, host)
}

// followVia finds out which hosts packets pass if they must pass one.
func (f Findings) followVia(ctx context.Context, pairs []Pair, p Prober, o Options) error {
	for _, pair := range pairs {
		for _, r := range pair.Reach {
			probe := probeOf(r)
			if len(r.Via) == 0 || !f.seen[probe].by(r.To, pair.Outside) {
				continue
			}
			o.Step(fmt.Sprintf("following the path from %s to %s", r.From, r.Destination))
			hops, err := p.Path(ctx, probe)
			if err != nil {
				return err
			}
			f.hops[probe] = hops
		}
	}
	return nil
}
