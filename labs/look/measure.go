package look

import (
	"cmp"
	"context"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"pseudowan/hosts/probe"
	"pseudowan/labs/plan"
	"pseudowan/status"
	"pseudowan/topology"
	"pseudowan/trace"
)

// MeasureOptions say what Measure does.
type MeasureOptions struct {
	Lab      string // "": the only one
	From, To string // To is a host, a site outside the lab, or an address
	Every    time.Duration
	For      time.Duration // without While
	Command  string        // what While does, for the report
	While    func(context.Context) error
	Within   time.Duration // how long answers may stay away after While
	Settle   time.Duration // how long they must have come again
	Step     func(string)
}

// Measure sends echo requests from a host, and reports when answers stayed away. With
// While, it waits for answers first, and goes on until they have come again.
func Measure(ctx context.Context, o MeasureOptions) (status.Measurement, error) {
	m := status.Measurement{From: o.From, To: o.To, Every: millis(o.Every), Command: o.Command}
	in, err := inspect(ctx, o.Lab, "")
	if err != nil {
		return m, err
	}
	if err := in.needHost(o.From); err != nil {
		return m, err
	}
	if m.Address, err = in.target(ctx, o.From, o.To); err != nil {
		return m, err
	}
	h, _ := in.host(o.From)
	s, err := probe.OpenStream(h, m.Address, o.Every)
	if err != nil {
		return m, err
	}
	sending, stop := context.WithCancel(ctx)
	defer stop()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		s.Run(sending)
	}()
	begin, err := during(ctx, s, o, &m)
	stop()
	<-ended
	if err != nil {
		return m, err
	}
	report(&m, s.Record(), begin)
	return m, nil
}

// during waits for what is measured, and returns when it began.
func during(ctx context.Context, s *probe.Stream, o MeasureOptions, m *status.Measurement) (begin time.Time, err error) {
	if o.While == nil {
		o.Step("measuring")
		begin = time.Now()
		return begin, pause(ctx, o.For)
	}
	o.Step("waiting for answers")
	const steady = 500 * time.Millisecond
	if !settled(ctx, s, time.Now(), o.Within, steady) {
		return begin, cmp.Or(ctx.Err(), fmt.Errorf("%s does not answer %s: nothing can be measured", m.Address, o.From))
	}
	o.Step(o.Command)
	begin = time.Now()
	if err := o.While(ctx); err != nil {
		return begin, err
	}
	m.Took = millis(time.Since(begin))
	o.Step("waiting for answers")
	settled(ctx, s, time.Now(), o.Within, o.Settle)
	return begin, ctx.Err()
}

// settled waits until all requests of some time after an instant were answered, and
// reports whether that came about.
func settled(ctx context.Context, s *probe.Stream, since time.Time, within, steady time.Duration) bool {
	const poll, late = 50 * time.Millisecond, 100 * time.Millisecond
	for deadline := time.Now().Add(within + steady); ctx.Err() == nil && time.Now().Before(deadline); time.Sleep(poll) {
		now := time.Now().Add(-late)
		if now.Sub(s.LastLost(since, now)) >= steady {
			return true
		}
	}
	return false
}

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

// report fills in what a stream has seen since an instant. A single lost request is
// an outage, too: it has the length of one interval.
func report(m *status.Measurement, r probe.Record, begin time.Time) {
	first, _ := slices.BinarySearchFunc(r.Sent, begin, time.Time.Compare)
	errors := r.Errors
	r = probe.Record{Sent: r.Sent[first:], Answered: r.Answered[first:]}
	end := time.Now()
	m.Sent, m.Answered = r.Counts(end)
	m.Lost, m.Back, m.Outages, m.Errors = m.Sent-m.Answered, m.Answered > 0, []status.Outage{}, []status.Heard{}
	for _, o := range r.Outages(end, true) {
		m.Outage, m.Back = max(m.Outage, millis(o.Length)), o.Over
		m.Outages = append(m.Outages, status.Outage{At: millis(o.Began.Sub(begin)), Length: millis(o.Length), Lost: o.Lost})
	}
	for what, n := range errors {
		m.Errors = append(m.Errors, status.Heard{What: what, Count: n})
	}
	slices.SortFunc(m.Errors, func(a, b status.Heard) int { return cmp.Compare(a.What, b.What) })
}

func millis(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// target returns the address to send to: of a host the first that the sender has a
// route to.
func (in *inspection) target(ctx context.Context, from, to string) (netip.Addr, error) {
	if a, err := netip.ParseAddr(to); err == nil {
		return a.Unmap(), nil
	}
	var all []netip.Addr
	for _, x := range in.topology.Outside {
		if x.Name == to {
			all = append(all, x.Addresses...)
		}
	}
	if i := slices.IndexFunc(in.topology.Hosts, func(h topology.Host) bool { return h.Name == to }); i >= 0 {
		h := in.topology.Hosts[i]
		for _, a := range h.Attachments {
			for _, p := range plan.HostAddresses(in.topology.Name, h.Name, a) {
				all = append(all, p.Addr())
			}
		}
	} else if len(all) == 0 {
		return netip.Addr{}, in.needHost(to)
	}
	for _, a := range all {
		if r, err := in.Route(ctx, from, trace.HostPacket{Destination: a}); err == nil && r.Refused == "" {
			return a, nil
		}
	}
	return netip.Addr{}, fmt.Errorf("host %s has no route to %s; name one of its addresses", from, to)
}
