package bgp

import (
	"cmp"
	"errors"
	"fmt"
	"iter"
	"maps"
	"math/bits"
	"net/netip"
	"slices"

	"pseudowan/bgp/vpn"
)

// errNoLabel is wrapped by errors that report an exhausted label range.
var errNoLabel = errors.New("no label left")

// Labels allocates the labels of one router. A label belongs to its key from the
// first route that uses it to the last; reserved labels always belong to their
// keys.
//
// Labels are allocated from the end of the range, as reservations come from its
// beginning. A released label is not reused before all others have been used: a
// router that has not processed the withdrawal still sends with it.
type Labels struct {
	all      vpn.LabelRange
	reserved map[vpn.LabelKey]vpn.Label
	bound    map[vpn.LabelKey]use
	users    map[labelUser]struct{}
	taken    bitmap                     // by offset from the range's end: reserved, bound, retired or wanted
	retired  []vpn.Label                // released, the oldest first
	wanted   map[vpn.LabelKey]vpn.Label // see Prefer
}

type use struct {
	label vpn.Label
	users int
}

type labelUser struct {
	key    vpn.LabelKey
	prefix netip.Prefix
}

// NewLabels returns the allocator of a range with reservations.
func NewLabels(all vpn.LabelRange, reserved map[vpn.LabelKey]vpn.Label) (*Labels, error) {
	l := &Labels{all: all, bound: make(map[vpn.LabelKey]use), users: make(map[labelUser]struct{}), taken: newBitmap(all.Size())}
	if err := l.Reserve(reserved); err != nil {
		return nil, err
	}
	return l, nil
}

// Reserve replaces the reservations. A key that has a label keeps it until its
// last route is gone. If another key has a label to be reserved, Reserve returns
// an error and changes nothing.
func (l *Labels) Reserve(reserved map[vpn.LabelKey]vpn.Label) error {
	owners := make(map[vpn.Label]vpn.LabelKey, len(reserved)+len(l.bound))
	for key, b := range l.bound {
		owners[b.label] = key
	}
	for _, key := range slices.SortedFunc(maps.Keys(reserved), vpn.LabelKey.Compare) {
		label := reserved[key]
		if !l.all.Contains(label) {
			return fmt.Errorf("label %d for %s is outside the range %s", label, key, l.all)
		}
		if owner, ok := owners[label]; ok && owner != key {
			return fmt.Errorf("label %d for %s is already that of %s", label, key, owner)
		}
		owners[label] = key
	}
	for key, label := range l.wanted {
		if owner, ok := owners[label]; ok && owner != key {
			delete(l.wanted, key)
			continue
		}
		owners[label] = key
	}
	for key, label := range l.reserved {
		if _, bound := owners[label]; !bound && reserved[key] != label {
			l.retired = append(l.retired, label)
		}
	}
	l.reserved = maps.Clone(reserved)
	l.retired = slices.DeleteFunc(l.retired, func(label vpn.Label) bool {
		_, owned := owners[label]
		return owned
	})
	l.taken = newBitmap(l.all.Size())
	l.take(maps.Keys(owners))
	l.take(slices.Values(l.retired))
	return nil
}

func (l *Labels) take(labels iter.Seq[vpn.Label]) {
	for label := range labels {
		l.taken.set(l.place(label))
	}
}

// Reserved reports whether a key has a reserved label.
func (l *Labels) Reserved(key vpn.LabelKey) bool {
	_, ok := l.reserved[key]
	return ok
}

// Prefer sets the labels that keys without a label will get, such as those from
// before a restart. No other key gets them meanwhile. It releases those of earlier
// calls that were not acquired; with nil, it does only that.
func (l *Labels) Prefer(preferred map[vpn.LabelKey]vpn.Label) {
	for _, key := range slices.SortedFunc(maps.Keys(l.wanted), vpn.LabelKey.Compare) {
		l.retired = append(l.retired, l.wanted[key])
	}
	l.wanted = make(map[vpn.LabelKey]vpn.Label)
	for key, label := range preferred {
		_, bound := l.bound[key]
		_, reserved := l.reserved[key]
		if bound || reserved || !l.all.Contains(label) || l.taken.has(l.place(label)) {
			continue
		}
		l.wanted[key] = label
		l.taken.set(l.place(label))
	}
}

// Acquire returns the label of a key for a route to the prefix: its current,
// reserved or preferred one, the highest that was never used, or the one that was
// released first. Acquiring it again for the same route changes nothing.
func (l *Labels) Acquire(key vpn.LabelKey, prefix netip.Prefix) (vpn.Label, error) {
	b, ok := l.bound[key]
	if !ok {
		var err error
		if b.label, err = l.allocate(key); err != nil {
			return 0, err
		}
	}
	user := labelUser{key, prefix}
	if _, known := l.users[user]; !known {
		l.users[user] = struct{}{}
		b.users++
	}
	l.bound[key] = b
	return b.label, nil
}

// Release ends the use of the key's label by the route to the prefix. The last
// route frees the label.
func (l *Labels) Release(key vpn.LabelKey, prefix netip.Prefix) {
	user := labelUser{key, prefix}
	if _, known := l.users[user]; !known {
		return
	}
	delete(l.users, user)
	b := l.bound[key]
	if b.users--; b.users > 0 {
		l.bound[key] = b
		return
	}
	delete(l.bound, key)
	if reserved, ok := l.reserved[key]; !ok || reserved != b.label {
		l.retired = append(l.retired, b.label)
	}
}

// Lookup returns the current label of a key.
func (l *Labels) Lookup(key vpn.LabelKey) (vpn.Label, bool) {
	b, ok := l.bound[key]
	return b.label, ok
}

// Bindings returns the labels in use, lowest first.
func (l *Labels) Bindings() []vpn.Binding {
	list := make([]vpn.Binding, 0, len(l.bound))
	for key, b := range l.bound {
		list = append(list, vpn.Binding{Key: key, Label: b.label})
	}
	slices.SortFunc(list, func(a, b vpn.Binding) int { return cmp.Compare(a.Label, b.Label) })
	return list
}

func (l *Labels) allocate(key vpn.LabelKey) (vpn.Label, error) {
	if label, ok := l.reserved[key]; ok {
		return label, nil
	}
	if label, ok := l.wanted[key]; ok {
		delete(l.wanted, key)
		return label, nil
	}
	if i, ok := l.taken.takeLowest(); ok {
		return l.all.Last - vpn.Label(i), nil
	}
	if len(l.retired) == 0 {
		return 0, fmt.Errorf("%s: %w in the range %s; give the router a larger range, or the VRF the label mode per-vrf", key, errNoLabel, l.all)
	}
	oldest := l.retired[0]
	l.retired = l.retired[1:]
	return oldest, nil
}

// place returns the index of a label in the bitmap.
func (l *Labels) place(label vpn.Label) int { return int(l.all.Last - label) }

// bitmap is a set of small numbers whose lowest gap is found quickly.
type bitmap struct {
	words []uint64
	size  int
	full  int // all words before this one are full
}

func newBitmap(size int) bitmap {
	return bitmap{words: make([]uint64, (size+63)/64), size: size}
}

func (b *bitmap) has(i int) bool { return b.words[i/64]&(1<<(i%64)) != 0 }

func (b *bitmap) set(i int) { b.words[i/64] |= 1 << (i % 64) }

// takeLowest adds the lowest number that is not in the set.
func (b *bitmap) takeLowest() (int, bool) {
	for ; b.full < len(b.words); b.full++ {
		if free := bits.TrailingZeros64(^b.words[b.full]); free < 64 {
			i := b.full*64 + free
			if i >= b.size {
				return 0, false
			}
			b.set(i)
			return i, true
		}
	}
	return 0, false
}
