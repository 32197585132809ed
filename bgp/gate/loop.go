package gate

import "encoding/binary"

// looped says how the routes of an update have passed this router before, if they
// have: its AS is in the path more often than allowed (RFC 4271 section
// 9.1.2), or it is the originator or a reflector of theirs (RFC 4456 section 8).
// The receiver must also forget earlier announcements of the same routes: an
// engine that only ignores the update keeps and announces withdrawn routes.
func (j *Judge) looped(u *update) alien {
	var id [4]byte
	if j.cfg.LocalID.Is4() {
		id = j.cfg.LocalID.As4()
	}
	for _, a := range u.attrs {
		switch a.kind {
		case attrASPath, attrAS4Path:
			width := 4
			if a.kind == attrASPath && !j.shape.as4 {
				width = 2
			}
			if countAS(a.value, width, j.cfg.LocalAS) > int(j.cfg.AllowOwnAS) || j.hasLocal(a.value, width) {
				return alienPath
			}
		case attrOriginatorID:
			if [4]byte(a.value) == id {
				return alienOriginator
			}
		case attrClusterList: // a router's cluster is named by its identifier
			for v := a.value; len(v) >= len(id); v = v[len(id):] {
				if [4]byte(v) == id {
					return alienCluster
				}
			}
		}
	}
	return 0
}

// forgetLoops keeps only as many looped routes as the peer may announce others, since
// no limit ends its session for them. The rest are as if withdrawn.
func (j *Judge) forgetLoops(u *update) {
	l := j.limit.Load()
	if l == nil || l.Paths == 0 || u.asWithdrawn {
		return
	}
	room := int(l.Paths) - j.rib.looped
	if j.rib.loopedOctets > int(l.Paths)*pathOctets {
		room = 0
	}
	split := func(f Family, routes []route) (kept, forgotten []route) {
		for _, r := range routes {
			known := j.rib.paths[r.key(f)]
			switch {
			case !r.why.looped(), known.looped():
			case room <= 0:
				forgotten = append(forgotten, r)
				continue
			default:
				room--
			}
			kept = append(kept, r)
		}
		return kept, forgotten
	}
	if len(u.strange) > 0 {
		u.strange, u.forgotten = split(IPv4, u.strange)
	}
	if m := u.reach; m != nil && len(m.strange) > 0 {
		m.strange, m.forgotten = split(m.family, m.strange)
	}
}

// countAS counts an AS number in well-formed segments.
func countAS(path []byte, width int, as uint32) (n int) {
	for len(path) > 0 {
		end := 2 + int(path[1])*width
		for v := path[2:end]; len(v) > 0; v = v[width:] {
			if width == 2 && uint32(binary.BigEndian.Uint16(v)) == as || width == 4 && binary.BigEndian.Uint32(v) == as {
				n++
			}
		}
		path = path[end:]
	}
	return n
}
