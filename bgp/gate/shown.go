package gate

import "net/netip"

// Attributes are the path attributes that several paths of a peer have in common. They
// never change. Meaning belongs to whoever follows the Judge: what it has made of them.
type Attributes = pathAttrs

// Shown is a path that the receiver is shown, or no longer.
type Shown struct {
	Path
	Label      uint32      // the one label; 0 where the family has none
	Attributes *Attributes // as the import policy has made them; nil: the receiver is shown the path no longer
}

// Follow begins to collect what the receiver is shown. It belongs to the goroutine of
// Received, and comes before the first path.
func (j *Judge) Follow() {
	j.rib.mu.Lock()
	defer j.rib.mu.Unlock()
	j.rib.followed = true
}

// Unfollow ends that. It returns everything that the receiver may have been shown: what it
// is shown now, and the changes that News has not returned yet and never will. A path may be
// there more than once.
func (j *Judge) Unfollow() []Path {
	j.rib.mu.Lock()
	defer j.rib.mu.Unlock()
	list := make([]Path, 0, len(j.rib.news)+j.rib.shown)
	for _, n := range j.rib.news {
		list = append(list, n.Path)
	}
	for k, p := range j.rib.paths {
		if p.out != nil {
			list = append(list, k.path())
		}
	}
	j.rib.followed, j.rib.news, j.rib.given = false, nil, 0
	return list
}

// keptNews is how many news the array that collects them may hold to be kept for the next:
// more than one message brings, and far less than a policy that changes all paths.
const keptNews = 4096

// News returns the changes of what the receiver is shown since the last call, in order.
// The list is valid until the next call of News, Received or SetPolicy.
func (j *Judge) News() []Shown {
	j.rib.mu.Lock()
	defer j.rib.mu.Unlock()
	news := j.rib.news
	if cap(news) > keptNews {
		j.rib.news, j.rib.given = nil, 0
		return news
	}
	if len(news) < j.rib.given {
		clear(news[len(news):j.rib.given]) // those of the last call hold attributes
	}
	j.rib.news, j.rib.given = news[:0], len(news)
	return news
}

// Shown lists what the receiver is shown, in no order. It may be called at any time.
func (j *Judge) Shown() []Shown {
	j.rib.mu.RLock()
	defer j.rib.mu.RUnlock()
	list := make([]Shown, 0, j.rib.shown)
	for k, p := range j.rib.paths {
		if p.out != nil {
			list = append(list, shown(&k, p))
		}
	}
	return list
}

// FourOctets reports whether AS numbers of the session have four octets. It may be called
// once the peer's OPEN has come.
func (j *Judge) FourOctets() bool { return j.shape.as4 }

// Waits reports whether the receiver awaited the peer's restart when its OPEN came.
func (j *Judge) Waits() bool { return j.waits }

// note collects a change of a path.
func (r *ribIn) note(k *key, was *pathAttrs, p inPath) {
	if r.followed && (was != nil || p.out != nil) {
		r.news = append(r.news, shown(k, p))
	}
}

func shown(k *key, p inPath) Shown {
	l := p.label
	return Shown{Path: k.path(), Label: uint32(l[0])<<12 | uint32(l[1])<<4 | uint32(l[2])>>4, Attributes: p.out}
}

// Message returns the attributes as a message has them, with an MP_REACH_NLRI without
// routes where the next hop stands there.
func (a *pathAttrs) Message(f Family) []byte {
	b := []byte(a.raw)
	if a.hop == "" {
		return b
	}
	head := append(f.header(), uint8(len(a.hop)))
	return appendMP(b, attrReach, append(append(head, a.hop...), 0), nil)
}

// ShownID is the BGP identifier of the peer that the receiver is shown.
func (j *Judge) ShownID() netip.Addr {
	if j.cfg.LoseTies {
		return highID(j.peer.ID)
	}
	return j.peer.ID
}
