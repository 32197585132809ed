package gate

import (
	"slices"

	"pseudowan/bgp/vpn"
)

// ASRules are what a session with an external peer does to AS paths beside its
// policies.
type ASRules struct {
	// Local is the AS in whose name the router speaks to the peer (RFC 7705); 0:
	// its own. The receiver knows, and puts it in front of what the peer is told.
	Local     uint32
	NoPrepend bool // Local is not put in front of what the peer tells
	ReplaceAS bool // the router's own AS does not follow Local in what the peer is told

	EnforceFirst  bool // the peer's AS is the first of its paths (RFC 4271 section 6.3)
	RemovePrivate bool // the peer is told no private ASes (RFC 6996) but its own
}

// firstAS takes routes as withdrawn whose path does not begin with the peer's AS.
func (j *Judge) firstAS(u *update) {
	if !j.cfg.AS.EnforceFirst || j.shape.internal || u.asWithdrawn {
		return
	}
	for _, a := range u.attrs {
		if a.kind != attrASPath {
			continue
		}
		path := readASPath(a.value, j.shape.width())
		first, peer := uint32(0), j.cfg.PeerAS
		if len(path) > 0 && path[0].Kind == vpn.ASSequence {
			first = path[0].AS[0]
		}
		if !j.shape.as4 && peer > 0xffff {
			peer = asTrans
		}
		if first != peer {
			u.fault(FaultWithdrawn, "the AS path does not begin with AS %d", j.cfg.PeerAS)
			u.asWithdrawn = true
		}
	}
}

// prependLocal puts the AS in whose name the router speaks in front of paths.
func (j *Judge) prependLocal(u *update) {
	if j.cfg.AS.Local == 0 || j.cfg.AS.NoPrepend || j.shape.internal {
		return
	}
	for i, a := range u.attrs {
		width := 4
		switch {
		case a.kind == attrASPath:
			width = j.shape.width()
		case a.kind != attrAS4Path:
			continue
		}
		path := prepended(readASPath(a.value, width), j.cfg.AS.Local)
		u.attrs[i] = newAttribute(a.flags, a.kind, appendASPath(nil, path, width))
		u.rewritten, u.added = true, true
	}
}

func prepended(path vpn.ASPath, as uint32) vpn.ASPath {
	if len(path) > 0 && path[0].Kind == vpn.ASSequence {
		first := vpn.ASSegment{Kind: vpn.ASSequence, AS: append([]uint32{as}, path[0].AS...)}
		return append(vpn.ASPath{first}, path[1:]...)
	}
	return append(vpn.ASPath{{Kind: vpn.ASSequence, AS: []uint32{as}}}, path...)
}

// width is the number of octets of an AS number.
func (s *shape) width() int {
	if s.as4 {
		return 4
	}
	return 2
}

// applyAS returns attributes with the AS path that the peer is told. The first AS
// of a path is the router's own, or Local.
func (e *Editor) applyAS(raw []byte) []byte {
	r := e.cfg.AS
	if !e.cfg.External || !r.RemovePrivate && (r.Local == 0 || r.ReplaceAS) {
		return raw
	}
	path := (&pathAttrs{raw: string(raw)}).decode(e.shape.as4).ASPath
	if len(path) == 0 || path[0].Kind != vpn.ASSequence {
		return raw
	}
	first, rest := path[0].AS[0], slices.Clone(path)
	rest[0].AS = rest[0].AS[1:]
	if r.RemovePrivate {
		rest = withoutPrivate(rest, e.cfg.PeerAS)
	}
	if len(rest) > 0 && len(rest[0].AS) == 0 {
		rest = rest[1:]
	}
	if r.Local != 0 && !r.ReplaceAS {
		rest = prepended(rest, e.cfg.LocalAS)
	}
	var ed edits
	ed.setASPath(prepended(rest, first), e.shape.as4)
	return ed.apply(string(raw))
}

// withoutPrivate returns a path without private ASes other than that of a peer,
// which has to see its own to notice a loop.
func withoutPrivate(path vpn.ASPath, peer uint32) vpn.ASPath {
	var out vpn.ASPath
	for _, s := range path {
		s.AS = slices.DeleteFunc(slices.Clone(s.AS), func(as uint32) bool { return isPrivate(as) && as != peer })
		if len(s.AS) > 0 {
			out = append(out, s)
		}
	}
	return out
}

func isPrivate(as uint32) bool {
	return as >= 64512 && as <= 65534 || as >= 4200000000 && as <= 4294967294
}

// hasLocal reports whether paths have passed this router before in the name of
// another AS more often than allowed.
func (j *Judge) hasLocal(value []byte, width int) bool {
	return j.cfg.AS.Local != 0 && countAS(value, width, j.cfg.AS.Local) > int(j.cfg.AllowOwnAS)
}
