package gate

// StrangePath is a path that the receiver cannot be shown: with a route
// distinguisher of an unknown type, or with several labels.
type StrangePath struct {
	Path
	Labels     int
	Withdrawn  bool   // or replaced by one that the receiver is shown
	Attributes []byte // of the message, its MP_REACH_NLRI without routes
}

// strange follows the paths of an update that the receiver is not shown.
func (j *Judge) strange(u *update) []StrangePath {
	var out []StrangePath
	if u.unreach != nil {
		out = j.dismiss(out, u.unreach, u.unreach.routes, u.unreach.strange)
	}
	switch m := u.reach; {
	case m == nil:
	case u.asWithdrawn:
		out = j.dismiss(out, m, m.routes, m.strange)
	default:
		out = j.dismiss(out, m, m.routes)
		out = j.meet(out, u, m)
	}
	return out
}

// dismiss forgets strange paths that are withdrawn, or replaced.
func (j *Judge) dismiss(out []StrangePath, m *mpRoutes, lists ...[]route) []StrangePath {
	if len(j.strangers) == 0 {
		return out
	}
	for _, routes := range lists {
		for i := range routes {
			k := routes[i].key(m.family)
			if _, known := j.strangers[k]; known {
				delete(j.strangers, k)
				out = append(out, StrangePath{Path: k.path(), Withdrawn: true})
			}
		}
	}
	return out
}

func (j *Judge) meet(out []StrangePath, u *update, m *mpRoutes) []StrangePath {
	if len(m.strange) == 0 {
		return out
	}
	var attrs []byte
	for _, a := range u.attrs {
		attrs = append(attrs, a.raw...)
	}
	attrs = appendMP(attrs, attrReach, m.head, nil)
	for i := range m.strange {
		k := m.strange[i].key(m.family)
		j.strangers[k] = struct{}{}
		out = append(out, StrangePath{Path: k.path(), Labels: m.strange[i].labels, Attributes: attrs})
	}
	return out
}
