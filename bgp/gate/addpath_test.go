package gate

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"pseudowan/bgp/policy"
)

// addPathCap is the capability with a mode for VPNv4 and IPv4.
func addPathCap(mode int) string { return fmt.Sprintf(" 4508 000180%02x 000101%02x", mode, mode) }

// withID is vpnNLRI of 30.1.N.0/24 with a path identifier.
func withID(id int, n string) string {
	return fmt.Sprintf("%08x ", id) + strings.Replace(vpnNLRI, "1e0100", "1e01"+n, 1)
}

func reachIDs(nlri string) string { return reachOf(hop12, nlri) }

func unreachIDs(nlri string) string {
	b := unhex(strings.ReplaceAll(nlri, "007d01", "800000"))
	return hex.EncodeToString(appendMP(nil, attrUnreach, VPNv4.header(), b))
}

// numberedJudge is of a session in which the peer sends path identifiers.
func numberedJudge(t *testing.T) *Judge {
	t.Helper()
	j := NewJudge(Config{LocalAS: 65001, PeerAS: 65002, LocalID: netip.MustParseAddr("10.0.0.9")})
	j.Sent(open(openCaps + addPathCap(pathsReceive)))
	v := j.Received(open(enhanced + addPathCap(pathsSend)))
	if v.Refuse != nil || !bytes.Contains(v.Pass, unhex("4508 00010102 00018002")) {
		t.Fatalf("%v, passed on as %x", v.Refuse, v.Pass)
	}
	j.Received(Keepalive())
	return j
}

// What both ends say of add-path decides whether routes have identifiers, and the
// receiver is shown the same.
func TestAddPathCapability(t *testing.T) {
	for _, tt := range []struct {
		name        string
		ours, peers string
		want        bool
		shown       string // "": none
	}{
		{"send and receive", addPathCap(1), addPathCap(2), true, "4508 00010102 00018002"},
		{"both at both ends", addPathCap(3), addPathCap(3), true, "4508 00010103 00018003"},
		{"only received at both", addPathCap(1), addPathCap(1), false, "4508 00010101 00018001"},
		{"not ours", "", addPathCap(2), false, "4508 00010102 00018002"},
		{"not the peer's", addPathCap(1), "", false, ""},
		{"an unknown mode", addPathCap(1), " 4508 00018002 00010104", false, ""},
		{"mode 0", addPathCap(1), " 4504 00018000", false, ""},
		{"five octets", addPathCap(1), " 4505 0001800200", false, ""},
		{"twice, the last counts", addPathCap(1), addPathCap(2) + addPathCap(1), false, "4508 00010101 00018001"},
		{"twice, and the first again", addPathCap(1), addPathCap(2) + addPathCap(1) + addPathCap(2), true, "4508 00010102 00018002"},
		{"families that nobody here has", addPathCap(1), " 450c 00194601 00018002 00018402", true, "4504 00018002"},
	} {
		j := NewJudge(Config{LocalAS: 65001, PeerAS: 65002, LocalID: netip.MustParseAddr("10.0.0.9")})
		j.Sent(open(openCaps + tt.ours))
		v := j.Received(open(openCaps + tt.peers))
		if v.Refuse != nil || j.shape.numbered[VPNv4] != tt.want {
			t.Errorf("%s: %v, numbered %v", tt.name, v.Refuse, j.shape.numbered)
		}
		if has := bytes.Contains(v.Pass, append([]byte{}, unhex("45")...)) && bytes.Contains(v.Pass, unhex(tt.shown)); tt.shown != "" && !has {
			t.Errorf("%s: shown as %x", tt.name, v.Pass)
		}
		shown, _ := parseOpen(v.Pass)
		if shown.AddPath != j.peer.AddPath {
			t.Errorf("%s: shown as %v, understood as %v", tt.name, shown.AddPath, j.peer.AddPath)
		}
	}
}

// Paths with other identifiers are others: for replacement, withdrawal, limits and
// loops.
func TestAddPathIn(t *testing.T) {
	looped := "40010100 40020a0202 0000fdea 0000fde9"
	for _, tt := range []struct {
		name string
		says [][]byte
		want []string // identifier and third octet
		held int
	}{
		{"two paths", [][]byte{updateMsg("", base+reachIDs(withID(1, "00")+withID(2, "00")), "")}, []string{"1 0", "2 0"}, 2},
		{"one again", [][]byte{updateMsg("", base+reachIDs(withID(1, "00")), ""), updateMsg("", base+reachIDs(withID(1, "00")), "")}, []string{"1 0"}, 1},
		{"one is withdrawn", [][]byte{updateMsg("", base+reachIDs(withID(1, "00")+withID(2, "00")), ""), updateMsg("", unreachIDs(withID(1, "00")), "")}, []string{"2 0"}, 1},
		{"another than is known is withdrawn", [][]byte{updateMsg("", base+reachIDs(withID(1, "00")), ""), updateMsg("", unreachIDs(withID(3, "00")), "")}, []string{"1 0"}, 1},
		{"identifier 0", [][]byte{updateMsg("", base+reachIDs(withID(0, "00")+withID(1<<31, "00")), "")}, []string{"0 0", "2147483648 0"}, 2},
		{"one loops", [][]byte{updateMsg("", base+reachIDs(withID(1, "00")+withID(2, "00")), ""), updateMsg("", looped+reachIDs(withID(2, "00")), "")}, []string{"1 0"}, 2},
		{"malformed, of one", [][]byte{updateMsg("", base+reachIDs(withID(1, "00")+withID(2, "00")), ""), updateMsg("", base+"c00803010203"+reachIDs(withID(2, "00")), "")}, []string{"1 0"}, 1},
		{"one is not repeated", [][]byte{updateMsg("", base+reachIDs(withID(1, "00")+withID(2, "00")), ""), msg(5, "00010180"), updateMsg("", base+reachIDs(withID(2, "00")), ""), msg(5, "00010280")}, []string{"2 0"}, 1},
		{"the fields of IPv4", [][]byte{updateMsg("", base+hop, "00000007"+nlri4+"00000008"+nlri4), updateMsg("00000007"+nlri4, "", "")}, []string{"8 2"}, 1},
		{"withdrawn and announced under another", [][]byte{updateMsg("", base+reachIDs(withID(1, "00")), ""), updateMsg("", base+unreachIDs(withID(1, "00"))+reachIDs(withID(2, "00")), "")}, []string{"2 0"}, 1},
	} {
		j := numberedJudge(t)
		told := numberedReceiver{}
		for _, m := range tt.says {
			v := j.Received(slices.Clone(m))
			if v.Refuse != nil {
				t.Fatalf("%s: %v", tt.name, v.Refuse)
			}
			told.take(t, v.Pass)
		}
		if got := told.list(); !slices.Equal(got, tt.want) || j.Held() != tt.held || j.Accepted() != len(tt.want) {
			t.Errorf("%s: the receiver knows %q, %d held, %d accepted; want %q, %d", tt.name, got, j.Held(), j.Accepted(), tt.want, tt.held)
		}
		dump := numberedReceiver{}
		dump.take(t, j.Messages(true))
		if !slices.Equal(dump.list(), tt.want) {
			t.Errorf("%s: the dump has %q", tt.name, dump.list())
		}
	}
}

// NLRI that end within an identifier, or behind it, end the session (RFC 7606 section
// 5.3).
func TestAddPathMalformed(t *testing.T) {
	for _, nlri := range []string{"0000", "00000001", withID(1, "00") + "0000", "00000001 00", "00000001 50 007d01 0000fdea000000", "00000001 70 007d01 0000fdea"} {
		if v := numberedJudge(t).Received(updateMsg("", base+reachIDs(nlri), "")); v.Refuse == nil || v.Refuse.Code != CodeUpdate || v.Refuse.Subcode != updateOptional {
			t.Errorf("%s: %+v", nlri, v)
		}
	}
	if v := numberedJudge(t).Received(updateMsg("", base+hop, nlri4[:4])); v.Refuse == nil || v.Refuse.Subcode != updateNetwork {
		t.Errorf("%+v", v)
	}
}

// Import policies see each path, and an edit withdraws those that it rejects.
func TestAddPathPolicy(t *testing.T) {
	j, told := numberedJudge(t), numberedReceiver{}
	med := updateMsg("", base+"80040400000007"+reachIDs(withID(2, "00")), "")
	told.take(t, j.Received(updateMsg("", base+reachIDs(withID(1, "00")), "")).Pass)
	told.take(t, j.Received(med).Pass)
	told.take(t, j.SetPolicy(&policy.Chain{Policies: []policy.Policy{{Name: "p", Terms: []policy.Term{{Match: policy.Match{MED: []policy.Range{{First: 7, Last: 7}}}, Then: policy.Reject}}}}}))
	if got := told.list(); !slices.Equal(got, []string{"1 0"}) {
		t.Errorf("the receiver knows %q", got)
	}
	for _, p := range j.Paths() {
		if p.ID == nil || (*p.ID == 2) != (p.Unused != "") {
			t.Errorf("%+v", p)
		}
	}
}

// Each path counts for the limit.
func TestAddPathLimit(t *testing.T) {
	j := numberedJudge(t)
	j.SetLimit(Limit{Paths: 2})
	j.Received(updateMsg("", base+reachIDs(withID(1, "00")+withID(2, "00")), ""))
	j.Received(updateMsg("", unreachIDs(withID(1, "00")), ""))
	if v := j.Received(updateMsg("", base+reachIDs(withID(3, "00")), "")); v.Refuse != nil {
		t.Error(v.Refuse)
	}
	if v := j.Received(updateMsg("", base+reachIDs(withID(4, "00")), "")); v.Refuse == nil || !v.Limit {
		t.Errorf("%+v", v)
	}
}

// A peer is told the best paths of each prefix, whatever changes.
func TestAddPathOut(t *testing.T) {
	e := NewEditor(EditorConfig{LocalAS: 65001})
	ours, _ := parseOpen(open(enhanced + addPathCap(pathsSend)))
	peer, _ := parseOpen(open(enhanced + addPathCap(pathsReceive)))
	e.Opened(ours, peer)
	e.SetPaths(2)
	told := numberedReceiver{}
	pref := func(id, pref int) []byte {
		return updateMsg("", fmt.Sprintf("40010100 400200 400504%08x", pref)+reachIDs(withID(id, "00")), "")
	}
	gone := func(id int) []byte { return updateMsg("", unreachIDs(withID(id, "00")), "") }
	want := func(what string, list ...string) {
		t.Helper()
		if got := told.list(); !slices.Equal(got, list) || e.Told() != len(list) || len(e.Paths()) != len(list) {
			t.Errorf("%s: the peer knows %q, %d counted, %d listed; want %q", what, got, e.Told(), len(e.Paths()), list)
		}
	}
	told.take(t, edit(t, e, pref(1, 100), pref(2, 110), pref(3, 120)))
	want("the best two", "2 0", "3 0")
	told.take(t, edit(t, e, pref(1, 130)))
	want("another is better", "1 0", "3 0")
	if out := edit(t, e, pref(1, 130), pref(2, 110)); len(out) > 0 {
		t.Errorf("said again: %x", out)
	}
	told.take(t, edit(t, e, gone(3)))
	want("one goes", "1 0", "2 0")
	told.take(t, edit(t, e, pref(4, 90), pref(5, 91)))
	want("worse ones", "1 0", "2 0")
	e.SetPaths(0)
	told.take(t, e.Speak(nil))
	want("all", "1 0", "2 0", "4 0", "5 0")
	e.SetPaths(1)
	told.take(t, e.Speak(nil))
	want("one", "1 0")
	e.Ask(VPNv4)
	again := numberedReceiver{}
	out := e.Replay(nil)
	again.take(t, out[refreshSize:len(out)-refreshSize])
	if got := again.list(); !slices.Equal(got, []string{"1 0"}) {
		t.Errorf("said again: %q", got)
	}
	told.take(t, edit(t, e, gone(1), gone(2), gone(4), gone(5), gone(6)))
	want("none")
	if e.Size() != 0 || len(e.paths.groups) != 0 || len(e.pool) != 0 {
		t.Errorf("%d paths, %d prefixes, %d attributes are left", e.Size(), len(e.paths.groups), len(e.pool))
	}
}

// numberedReceiver is what a receiver of path identifiers knows.
type numberedReceiver map[string]bool

func (r numberedReceiver) list() []string {
	list := []string{}
	for text := range r {
		list = append(list, text)
	}
	slices.Sort(list)
	return list
}

func (r numberedReceiver) take(t *testing.T, msgs []byte) {
	t.Helper()
	of := shape{as4: true, internal: true}
	of.numbered[VPNv4], of.numbered[IPv4] = true, true
	text := func(k key) string { return fmt.Sprint(k.id.number, " ", k.prefix[2]) }
	for len(msgs) > 0 {
		var msg []byte
		if msg, msgs = Cut(msgs); msg[18] != typeUpdate {
			continue
		}
		var s sent
		if err := s.split(msg, &of); err != nil {
			t.Fatalf("%x: %v", msg, err)
		}
		for _, k := range s.gone {
			delete(r, text(k))
		}
		for _, l := range s.reach {
			r[text(l.key)] = true
		}
	}
}
