package gate

import (
	"encoding/binary"
	"slices"

	"pseudowan/bgp/policy"
	"pseudowan/bgp/vpn"
)

// decision is what the peer is told of the routes of one message.
type decision struct {
	editor *Editor
	sent   *sent
	base   *pathAttrs  // before the export policy; nil: the peer is told none of the routes
	before policy.Path // the same, where there is an export policy
	stale  bool        // for long, which no policy may hide (RFC 9494 section 4.3)
}

// decide begins a decision. It has to be ended.
func (e *Editor) decide(s *sent) *decision {
	d := &decision{editor: e, sent: s}
	if e.restricted(s.attrs) {
		return d
	}
	raw, f := s.raw, s.reach[0].key.family
	var ed edits
	edited := false
	for _, a := range s.attrs {
		switch a.kind {
		case attrCommunities:
			d.stale = hasCommunity(a, vpn.LLGRStale)
		case attrLargeCommunities:
			if rest, marked := unmarked(a); marked {
				ed.set(a.flags, a.kind, rest.value)
				edited = true
			}
		case attrLocalPref: // it stays inside an AS (RFC 4271 section 5.1.5)
			if e.cfg.External {
				ed.remove(a.kind)
				edited = true
			}
		}
	}
	if edited {
		raw = ed.apply(string(raw))
	}
	d.base = e.pool.get(e.applyAS(raw), e.ownHop(f, s.hop))
	if len(d.base.raw)+len(d.base.hop) > len(s.raw)+len(s.hop) && !d.base.fits() {
		e.warning = "routes are not sent whose attributes fill a message: they leave no room for this router's AS or next hop"
		d.end()
		return d
	}
	if e.chain != nil {
		d.before = e.decoded(d.base)
	} else if !e.takesHop(f, d.base.hop) {
		d.end()
	}
	return d
}

// decoded returns attributes as a policy sees them. Many messages in a row have the
// same.
func (e *Editor) decoded(a *pathAttrs) policy.Path {
	if e.last != a {
		e.pool.release(e.last)
		e.last, e.lastDecoded = a.share(), a.decode(e.shape.as4)
	}
	return e.lastDecoded
}

// end gives up what the decision holds.
func (d *decision) end() {
	d.editor.pool.release(d.base)
	d.base = nil
}

// of returns the attributes with which the peer is told of a route; nil: it is
// not told.
func (d *decision) of(k *key) *pathAttrs {
	e := d.editor
	if d.base == nil {
		return nil
	}
	if e.chain == nil {
		return d.base.share()
	}
	before := k.describe(d.before)
	after, v := e.chain.Evaluate(before)
	if v.Rejected {
		return nil
	}
	attrs := d.base.share()
	if len(v.Changed) > 0 {
		e.pool.release(attrs)
		if d.stale && !slices.Contains(after.Communities, vpn.LLGRStale) {
			after.Communities = append(slices.Clip(after.Communities), vpn.LLGRStale)
		}
		if e.cfg.External {
			after.LocalPref = before.LocalPref // it stays inside of an AS (RFC 4271 section 5.1.5)
		}
		attrs = e.pool.get(d.base.rewrite(k.family, &before, &after, e.shape.as4))
	}
	if !e.takesHop(k.family, attrs.hop) || attrs != d.base && !attrs.fits() {
		e.pool.release(attrs)
		return nil
	}
	return attrs
}

// restricted reports whether communities keep a path from the peer (RFC 1997, RFC
// 9494 section 4.3).
// There are no confederations: their boundary is that of the AS.
func (e *Editor) restricted(attrs []attribute) bool {
	for _, a := range attrs {
		if a.kind != attrCommunities {
			continue
		}
		for v := a.value; len(v) >= 4; v = v[4:] {
			switch vpn.Community(binary.BigEndian.Uint32(v)) {
			case vpn.NoAdvertise:
				return true
			case vpn.LLGRStale:
				if !e.stale {
					return true
				}
			case vpn.NoExport, vpn.NoExportSubconfed:
				if e.cfg.External {
					return true
				}
			}
		}
	}
	return false
}

func hasCommunity(a attribute, c vpn.Community) bool {
	for v := a.value; len(v) >= 4; v = v[4:] {
		if vpn.Community(binary.BigEndian.Uint32(v)) == c {
			return true
		}
	}
	return false
}

// ownHop is the next hop with which the peer is told of routes: for the router's
// own IPv4 address in VPNv6 its IPv6 address, if the session has one.
func (e *Editor) ownHop(f Family, hop []byte) []byte {
	if f != VPNv6 || !e.cfg.LocalIPv6.IsValid() || readHop(string(hop)) != e.cfg.Local {
		return hop
	}
	return hopOf(f, e.cfg.LocalIPv6)
}

// takesHop reports whether the peer takes a next hop in a family: it must have
// offered to take IPv6 ones with IPv4 prefixes (RFC 8950 section 4).
func (e *Editor) takesHop(f Family, hop string) bool {
	if f.bits() != 32 || hop == "" {
		return true
	}
	if a := readHop(hop); a.Is4() || !a.IsValid() || e.extended[f] {
		return true
	}
	e.warning = "routes of family " + string(f.Name()) + " with IPv6 next hops are not sent: the peer has not offered to take them (RFC 8950)"
	return false
}

// Warning says what the peer is not told for want of a capability; "" if it is
// told everything. It may be called at any time.
func (e *Editor) Warning() string {
	e.mu.RLock()
	defer e.mu.RUnlock()
	return e.warning
}
