package gate

import "slices"

// arrange puts what belongs to a 2-octet AS number before what completes it (RFC
// 6793), as code that merges the two requires. Attributes that
// complete nothing are removed, and so is a next hop without routes.
func (u *update) arrange() {
	has := func(kind uint8) bool {
		return slices.ContainsFunc(u.attrs, func(a attribute) bool { return a.kind == kind })
	}
	remove := func(kind uint8) {
		u.attrs = slices.DeleteFunc(u.attrs, func(a attribute) bool { return a.kind == kind })
		u.rewritten = true
	}
	if has(attrAS4Aggregator) && !has(attrAggregator) {
		remove(attrAS4Aggregator)
	}
	if has(attrNextHop) && len(u.routes) == 0 && u.reach != nil {
		remove(attrNextHop) // it is not theirs (RFC 4760 section 3)
	}
	if has(attrAS4Path) {
		slices.SortStableFunc(u.attrs, func(a, b attribute) int { return int(a.kind) - int(b.kind) })
		u.rewritten = true
	}
}

// mandatory takes routes without the attributes that they must have as
// withdrawn.
func (u *update) mandatory() {
	var wanted []uint8
	switch {
	case len(u.routes) > 0:
		wanted = []uint8{attrOrigin, attrASPath, attrNextHop}
	case u.reach != nil && !u.reach.end():
		wanted = []uint8{attrOrigin, attrASPath}
	}
	for _, kind := range wanted {
		if !u.asWithdrawn && !slices.ContainsFunc(u.attrs, func(a attribute) bool { return a.kind == kind }) {
			u.takeAsWithdrawn("attribute %d is missing", kind)
		}
	}
}

// checkRoom takes routes as withdrawn whose attributes, with those that this router
// has added, leave no room for a route in any message.
func (u *update) checkRoom() {
	if !u.added || u.asWithdrawn {
		return
	}
	need := 0
	for _, r := range u.routes {
		need = max(need, len(r.raw))
	}
	if m := u.reach; m != nil {
		for _, r := range m.routes {
			need = max(need, mpHeader+len(m.head)+len(r.raw))
		}
	}
	if headerLength+4+len(u.rawAttributes())+need > maxLength {
		u.takeAsWithdrawn("the attributes leave no room for the routes once this router has added its own")
	}
}

// takeAsWithdrawn is the treat-as-withdraw of RFC 7606 section 2.
func (u *update) takeAsWithdrawn(format string, args ...any) {
	u.fault(FaultWithdrawn, format, args...)
	u.asWithdrawn = true
}

// announceLast forgets withdrawals of routes that the same message announces (RFC
// 4271 section 4.3).
func (u *update) announceLast() {
	if len(u.withdrawn) == 0 && u.unreach == nil || len(u.routes) == 0 && u.reach == nil {
		return
	}
	announced := make(map[key]bool)
	note := func(f Family, routes []route) {
		for i := range routes {
			announced[routes[i].key(f)] = true
		}
	}
	note(IPv4, u.routes)
	if u.reach != nil {
		note(u.reach.family, u.reach.routes)
		note(u.reach.family, u.reach.strange)
	}
	forget := func(f Family, routes []route) []route {
		kept := slices.DeleteFunc(routes, func(r route) bool { return announced[r.key(f)] })
		u.rewritten = u.rewritten || len(kept) < len(routes)
		return kept
	}
	u.withdrawn = forget(IPv4, u.withdrawn)
	if m := u.unreach; m != nil && !m.end() {
		m.routes, m.strange = forget(m.family, m.routes), forget(m.family, m.strange)
		if m.end() { // nothing is left, and it must not be taken for an end of RIB
			u.unreach = nil
		}
	}
}

// exclude keeps the announced routes from the receiver. What it knows of them
// from before is withdrawn.
func (u *update) exclude(why alien) {
	mark := func(routes []route) []route {
		for i := range routes {
			routes[i].why = why
		}
		return routes
	}
	u.strange, u.routes = mark(u.routes), nil
	if m := u.reach; m != nil {
		m.strange, m.routes = append(m.strange, mark(m.routes)...), nil
	}
	u.rewritten = true
}
