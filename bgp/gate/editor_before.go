package gate

import "maps"

// KeepBefore has the editor keep, or no longer keep, what the peer would be told
// without the export policy (RFC 8671). It reports whether that is news: what has been
// told already then has to come again. It may be called from any goroutine.
func (e *Editor) KeepBefore(keep bool) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if keep == e.keepsBefore {
		return false
	}
	e.keepsBefore = keep
	for _, p := range e.before {
		e.pool.release(p.attrs)
	}
	e.before = nil
	if keep {
		e.before = make(map[key]outPath)
	}
	return true
}

// kept returns the attributes before the policy, where they are to be kept.
func (d *decision) kept() *pathAttrs {
	if d.base == nil || !d.editor.keepsBefore {
		return nil
	}
	return d.base.share()
}

// knows reports whether the peer has been told of a route, or would have been
// without the policy.
func (e *Editor) knows(k key) bool {
	_, told := e.told[k]
	_, before := e.before[k]
	return told || before
}

// flushBefore notes what waits as it is before the policy.
func (e *Editor) flushBefore() {
	if !e.keepsBefore {
		for _, c := range e.pending {
			e.pool.release(c.before)
		}
		return
	}
	var b bundle
	for _, c := range e.pending {
		if !c.said || c.key.family == RTC {
			continue
		}
		was, known := e.before[c.key]
		switch {
		case c.before != nil:
			e.before[c.key] = outPath{attrs: c.before, label: c.label}
			b.announce(labelled{c.key, c.label}, c.before)
		case known:
			delete(e.before, c.key)
			b.withdraw(c.key)
		}
		e.pool.release(was.attrs)
	}
	e.beforeNews = b.appendMessages(e.beforeNews)
}

// BeforeNews returns what Flush has noted since the last call, as UPDATE messages.
// It belongs to the goroutine of Flush.
func (e *Editor) BeforeNews() []byte {
	e.mu.Lock()
	defer e.mu.Unlock()
	news := e.beforeNews
	e.beforeNews = nil
	return news
}

// BeforeMessages encodes what the peer would have been told without the policy,
// with an end of RIB for each of the families. It may be called at any time.
func (e *Editor) BeforeMessages(families []Family) []byte {
	e.mu.RLock()
	before := maps.Clone(e.before)
	e.mu.RUnlock()
	return appendEnds(messagesOf(before), families)
}

// Before is how many routes the peer would have been told without the policy; 0 if
// nobody wants to know. It may be called at any time.
func (e *Editor) Before() int {
	e.mu.RLock()
	defer e.mu.RUnlock()
	return len(e.before)
}
