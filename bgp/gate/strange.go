package gate

import "fmt"

// alien is why the receiver cannot be shown a path; 0: it can.
type alien uint8

const (
	alienRD alien = 1 + iota
	alienLabels
	alienLabel
	alienPath
	alienOriginator
	alienCluster
)

// looped reports whether the path has passed this router before.
func (a alien) looped() bool { return a == alienPath || a == alienOriginator || a == alienCluster }

// text says so in words.
func (a alien) text(labels int) string {
	switch a {
	case alienRD:
		return "its route distinguisher is of an unknown type"
	case alienLabels:
		return fmt.Sprintf("it carries %d labels; one is supported", labels)
	case alienLabel:
		return "its label is the one of withdrawals (RFC 8277 section 2.4)"
	case alienPath:
		return "this router's AS is in its AS path"
	case alienOriginator:
		return "this router is its originator"
	case alienCluster:
		return "this router is in its cluster list"
	}
	return ""
}

// StrangePath is a path that the receiver cannot be shown: with a route
// distinguisher of an unknown type, with several labels or the one of
// withdrawals, or one that has passed this router before.
type StrangePath struct {
	Path
	Why        string // it cannot be used
	Withdrawn  bool   // or replaced by one that the receiver is shown
	Attributes []byte // of the message, its MP_REACH_NLRI without routes
}

// strange returns the changes of strange paths in an update.
func (j *Judge) strange(u *update) []StrangePath {
	out := j.dismiss(nil, IPv4, u.withdrawn, u.routes, u.forgotten)
	if m := u.unreach; m != nil {
		out = j.dismiss(out, m.family, m.routes, m.strange)
	}
	if m := u.reach; m != nil {
		out = j.dismiss(out, m.family, m.routes, m.forgotten)
		if u.asWithdrawn {
			return j.dismiss(out, m.family, m.strange)
		}
	}
	return j.meet(out, u)
}

// dismiss forgets strange paths that are withdrawn or replaced.
func (j *Judge) dismiss(out []StrangePath, f Family, lists ...[]route) []StrangePath {
	if len(j.strangers) == 0 {
		return out
	}
	for _, routes := range lists {
		for i := range routes {
			k := routes[i].key(f)
			if _, known := j.strangers[k]; known {
				delete(j.strangers, k)
				out = append(out, StrangePath{Path: k.path(), Withdrawn: true})
			}
		}
	}
	return out
}

// meet remembers the strange paths that are announced.
func (j *Judge) meet(out []StrangePath, u *update) []StrangePath {
	if len(u.strange) > 0 {
		out = j.meetAll(out, IPv4, u.strange, u.rawAttributes())
	}
	if m := u.reach; m != nil && len(m.strange) > 0 {
		out = j.meetAll(out, m.family, m.strange, appendMP(u.rawAttributes(), attrReach, m.head, nil))
	}
	return out
}

func (j *Judge) meetAll(out []StrangePath, f Family, routes []route, attrs []byte) []StrangePath {
	for i := range routes {
		k := routes[i].key(f)
		j.strangers[k] = struct{}{}
		out = append(out, StrangePath{Path: k.path(), Why: routes[i].why.text(routes[i].labels), Attributes: attrs})
	}
	return out
}

func (u *update) rawAttributes() []byte {
	var b []byte
	for _, a := range u.attrs {
		b = append(b, a.raw...)
	}
	return b
}
