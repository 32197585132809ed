package gate

import (
	"slices"
	"sync"

	"pseudowan/bgp/policy"
)

// ribIn is what a peer has announced and not withdrawn (Adj-RIB-In, RFC 4271
// section 3.2), before and after the import policy.
type ribIn struct {
	mu     sync.RWMutex // others read while the connection's goroutine writes
	paths  map[key]inPath
	pool   pool
	chain  *policy.Chain // nil: everything passes as it is
	shown  int           // paths that the receiver is shown
	octets int           // of the attributes of all paths

	looped, loopedOctets int  // the same of those that have passed this router before
	followed             bool // news are collected
	news                 []Shown
	given                int    // how many of the array of news the last call of News has returned
	rejections           uint64 // paths that the import policy has rejected, one by one
}

// counted is how many paths a limit concerns: a peer that tells this router's own
// routes back does not announce too much.
func (r *ribIn) counted() int { return len(r.paths) - r.looped }

// inPath is a path of the peer.
type inPath struct {
	in     *pathAttrs // as received, and repaired
	out    *pathAttrs // as the receiver is shown it; nil: it is not
	label  [3]byte    // the first one
	labels uint8
	fate   fate
	why    alien
	round  uint32 // in which it was last announced
}

func (p *inPath) looped() bool { return p.fate == excluded && p.why.looped() }

// fate is what became of a path.
type fate uint8

const (
	passed   fate = iota
	rejected      // by the import policy
	excluded      // the receiver cannot be shown such routes
	tooLong       // no message can hold what the import policy makes of it
)

func newRIBIn() ribIn { return ribIn{paths: make(map[key]inPath), pool: make(pool)} }

// put enters a path in the place of an earlier one, which it returns.
func (r *ribIn) put(k key, p inPath) (before inPath) {
	before, known := r.paths[k]
	if known {
		r.free(before)
	}
	r.paths[k] = p
	r.account(p, +1)
	if before.out != p.out || before.label != p.label {
		r.note(&k, before.out, p)
	}
	return before
}

// drop forgets a path.
func (r *ribIn) drop(k key) {
	p, known := r.paths[k]
	if !known {
		return
	}
	delete(r.paths, k)
	r.free(p)
	r.note(&k, p.out, inPath{})
}

// free gives up what a path that is no longer there has held.
func (r *ribIn) free(p inPath) {
	r.account(p, -1)
	r.pool.release(p.in)
	r.pool.release(p.out)
}

func (r *ribIn) account(p inPath, by int) {
	r.octets += by * len(p.in.raw)
	if p.looped() {
		r.looped += by
		r.loopedOctets += by * len(p.in.raw)
	}
	if p.out != nil {
		r.shown += by
	}
}

// judge applies the import policy to a path whose attributes are before.
func (r *ribIn) judge(k *key, in *pathAttrs, before policy.Path, as4 bool) (*pathAttrs, fate) {
	if r.chain == nil {
		return in.share(), passed
	}
	before = k.describe(before)
	after, v := r.chain.Evaluate(before)
	switch {
	case v.Rejected:
		r.rejections++
		return nil, rejected
	case len(v.Changed) == 0:
		return in.share(), passed
	}
	if after.Weight > 0 {
		after.Large = append(slices.Clip(after.Large), WeightMark(after.Weight))
	}
	out := r.pool.get(in.rewrite(k.family, &before, &after, as4))
	if out != in && !out.fits() {
		r.pool.release(out)
		return nil, tooLong
	}
	return out, passed
}

// hold follows the paths of an update. It returns what the receiver is told of
// them where the import policy has a say; nil: the update itself.
func (j *Judge) hold(u *update) []byte {
	r := &j.rib
	r.mu.Lock()
	defer r.mu.Unlock()
	r.dropAll(IPv4, u.withdrawn, u.forgotten)
	if u.reach != nil {
		r.dropAll(u.reach.family, u.reach.forgotten)
	}
	if u.unreach != nil {
		r.dropAll(u.unreach.family, u.unreach.routes, u.unreach.strange)
	}
	j.raw = j.raw[:0]
	for _, a := range u.attrs {
		j.raw = append(j.raw, a.raw...)
	}
	t := taking{judge: j, update: u}
	t.take(IPv4, nil, u.routes, passed)
	t.take(IPv4, nil, u.strange, excluded)
	if m := u.reach; m != nil {
		hop := m.head[4 : len(m.head)-1]
		t.take(m.family, hop, m.routes, passed)
		t.take(m.family, hop, m.strange, excluded)
	}
	j.publish()
	if !t.changed {
		return nil
	}
	if out := t.told.appendMessages(u.withdrawalsAlone()); len(out) > 0 {
		return out
	}
	return Keepalive()
}

func (r *ribIn) dropAll(f Family, lists ...[]route) {
	for _, routes := range lists {
		for i := range routes {
			r.drop(routes[i].key(f))
		}
	}
}

// taking is the entering of what an update announces.
type taking struct {
	judge   *Judge
	update  *update
	told    bundle // what the receiver is told, where there is a policy
	changed bool   // it is other than the update
}

// take enters routes of the update, whose attributes are in judge.raw.
func (t *taking) take(f Family, hop []byte, routes []route, fate fate) {
	r := &t.judge.rib
	if len(routes) == 0 || t.update.asWithdrawn {
		r.dropAll(f, routes)
		return
	}
	in := r.pool.get(t.judge.raw, hop)
	defer r.pool.release(in)
	var before policy.Path
	if r.chain != nil && fate == passed {
		before = in.decode(t.judge.shape.as4)
	}
	for i := range routes {
		k, p := routes[i].key(f), inPath{
			in: in, labels: uint8(min(routes[i].labels, 255)), fate: fate, why: routes[i].why, round: t.judge.rounds[f].number,
		}
		if f.hasLabel() {
			p.label = routes[i].label()
		}
		if fate == passed {
			p.out, p.fate = r.judge(&k, in, before, t.judge.shape.as4)
		}
		p.in.share()
		was := r.put(k, p)
		if r.chain != nil {
			t.tell(k, was, p)
		}
	}
}

// tell notes what the receiver is told of a path that the import policy has seen.
func (t *taking) tell(k key, was, p inPath) {
	switch {
	case p.out != nil:
		t.told.announce(labelled{k, p.label}, p.out)
		t.changed = t.changed || p.out != p.in
	case p.fate == rejected, p.fate == tooLong:
		t.changed = true
		if was.out != nil {
			t.told.withdraw(k)
		}
	}
}

// SetPolicy has another import policy decide on all paths; nil: none. It returns
// what the receiver has to be told. It belongs to the goroutine of Received.
func (j *Judge) SetPolicy(c *policy.Chain) []byte {
	if c != nil && c.Empty() {
		c = nil
	}
	r := &j.rib
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.chain == nil && c == nil {
		return nil
	}
	r.chain = c
	var told bundle
	decoded := make(map[*pathAttrs]policy.Path)
	for k, p := range r.paths {
		if p.fate == excluded {
			continue
		}
		before, ok := decoded[p.in]
		if !ok {
			before = p.in.decode(j.shape.as4)
			decoded[p.in] = before
		}
		was := p.out
		r.account(p, -1)
		p.out, p.fate = r.judge(&k, p.in, before, j.shape.as4)
		r.account(p, +1)
		r.paths[k] = p
		switch {
		case p.out == nil && was != nil:
			told.withdraw(k)
		case p.out != was:
			told.announce(labelled{k, p.label}, p.out)
		}
		if p.out != was {
			r.note(&k, was, p)
		}
		r.pool.release(was)
	}
	j.publish()
	return told.appendMessages(nil)
}
