package fib

import (
	"cmp"
	"context"
	"maps"
	"math"
	"slices"

	"pseudowan/ovs/pipeline"
)

// Switch is what a Batch is committed to.
type Switch interface {
	// Commit adds flows, then removes flows. It begins nothing once ctx has ended.
	Commit(ctx context.Context, add, remove []pipeline.Flow) error
	// Correct makes the flows exactly these and returns how many were not.
	Correct(ctx context.Context, flows []pipeline.Flow) (int, error)
}

// Batch is a set of changes that the switch lacks.
type Batch struct {
	retire, add, remove []pipeline.Flow
	after               []func()
	all                 []pipeline.Flow // all wanted flows, if there are audits
	audits              []func(int)
}

// Then calls do once the switch has everything that is pending now.
func (t *Table) Then(do func()) { t.after = append(t.after, do) }

// Audit compares the switch with all wanted flows, corrects it, and calls done
// with the number of flows that somebody else had changed.
func (t *Table) Audit(done func(corrected int)) { t.audits = append(t.audits, done) }

// Soon calls do now or, if many have been called in this turn, in one of the next, after what
// is ready.
func (t *Table) Soon(do func()) {
	if t.Ready() || t.called >= atOnce {
		t.ready = append(t.ready, do)
		return
	}
	t.called++
	do()
}

// Pending reports whether the switch lacks something, or functions wait that it has all.
func (t *Table) Pending() bool { return t.busy || t.waiting() || t.Ready() }

// Ready reports whether RunReady has something to do.
func (t *Table) Ready() bool { return len(t.ready) > 0 }

// atOnce is how many functions are called in a turn, which Take ends: a hundred thousand
// routes that are to be announced must not keep the caller from everything else.
const atOnce = 200

// RunReady calls some of the functions whose flows the switch has by now, in their order.
func (t *Table) RunReady() { t.runReady(atOnce) }

func (t *Table) runReady(most int) {
	for ; most > 0 && t.Ready(); most-- {
		do := t.ready[0]
		t.ready[0] = nil // what it holds is garbage from now on
		t.ready = t.ready[1:]
		do()
	}
}

func (t *Table) waiting() bool {
	return len(t.add)+len(t.remove)+len(t.retire)+len(t.after)+len(t.audits) > 0
}

// Hold keeps all changes from the switch until Release.
func (t *Table) Hold() { t.held = true }

// Held reports whether changes are kept from the switch.
func (t *Table) Held() bool { return t.held }

// Release ends Hold with an audit, because the switch has earlier flows: it gets what
// it lacks, then unwanted flows are removed.
func (t *Table) Release(done func(corrected int)) {
	t.held = false
	t.Audit(done)
}

// RunAfter calls the functions that wait for flows, although they are held.
func (t *Table) RunAfter() {
	for t.Ready() || len(t.after) > 0 {
		t.ready, t.after = append(t.ready, t.after...), nil
		t.runReady(math.MaxInt)
	}
}

// Take returns everything pending. ok is false if nothing is, if changes are held,
// and until Done has ended the previous batch.
func (t *Table) Take() (b Batch, ok bool) {
	t.called = 0
	if t.busy || t.held || !t.waiting() {
		return Batch{}, false
	}
	b = Batch{
		retire: t.retire,
		add:    slices.SortedFunc(maps.Values(t.add), compareFlows),
		remove: slices.SortedFunc(maps.Values(t.remove), func(a, b pipeline.Flow) int { return compareFlows(b, a) }),
		after:  t.after,
	}
	if len(t.audits) > 0 {
		b.all, b.audits = slices.SortedFunc(maps.Values(t.flows), compareFlows), t.audits
	}
	t.retire, t.after, t.audits = nil, nil, nil
	// Cleared maps would keep the room of the largest batch.
	t.add, t.remove = map[pipeline.Cookie]pipeline.Flow{}, map[pipeline.Cookie]pipeline.Flow{}
	t.busy = true
	return b, true
}

// Commit brings a batch into the switch, and returns how many flows an audit has
// corrected. It does not use the Table.
func (b Batch) Commit(ctx context.Context, sw Switch) (corrected int, err error) {
	if err := sw.Commit(ctx, nil, b.retire); err != nil {
		return 0, err
	}
	if err := sw.Commit(ctx, b.add, b.remove); err != nil || len(b.audits) == 0 {
		return 0, err
	}
	return sw.Correct(ctx, b.all)
}

// Done ends a committed batch. What waited for it is ready, and some of it is called.
func (t *Table) Done(b Batch, corrected int) {
	t.busy = false
	t.ready = append(t.ready, b.after...)
	for _, done := range b.audits {
		t.ready = append(t.ready, func() { done(corrected) })
	}
	t.RunReady()
}

// compareFlows puts adjacencies and groups before the routes and labels that lead to
// them, because a large batch is not committed at once: an agent that ends in between
// leaves nothing that leads to a number of which StartAbove does not know.
func compareFlows(a, b pipeline.Flow) int {
	return cmp.Or(cmp.Compare(rank(b), rank(a)), cmp.Compare(a.Cookie, b.Cookie))
}

// rank is the higher, the earlier a flow is added, and the later removed.
func rank(f pipeline.Flow) int {
	if k := f.Cookie.Kind(); k != pipeline.KindAdjacency {
		return int(k)
	}
	return math.MaxInt
}
