package gate

import (
	"bytes"
	"slices"
	"strings"
	"testing"
)

const enhanced = openCaps + " 4600"

// vpnNet is an UPDATE of the VPNv4 route to 30.1.N.0/24.
func vpnNet(n string) []byte {
	return updateMsg("", base+strings.Replace(reach, "1e0100", "1e01"+n, 1), "")
}

// What a peer does not repeat between BoRR and EoRR is gone (RFC 7313 section 4).
func TestEnhancedRefresh(t *testing.T) {
	const begin, end, endOfRIB = "00010180", "00010280", "800f03000180"
	for _, tt := range []struct {
		name string
		caps string
		says [][]byte // after the routes to 1 and 2
		left int
	}{
		{"one is not repeated", enhanced, [][]byte{msg(5, begin), vpnNet("01"), msg(5, end)}, 1},
		{"no BoRR", enhanced, [][]byte{vpnNet("01"), msg(5, end)}, 2},
		{"no EoRR", enhanced, [][]byte{msg(5, begin), vpnNet("01")}, 2},
		{"it begins again", enhanced, [][]byte{msg(5, begin), vpnNet("01"), msg(5, begin), vpnNet("02"), msg(5, end)}, 1},
		{"EoRR twice", enhanced, [][]byte{msg(5, begin), vpnNet("01"), vpnNet("02"), msg(5, end), msg(5, end)}, 2},
		{"of another family", enhanced, [][]byte{msg(5, "00020180"), msg(5, "00020280")}, 2},
		{"of a family that is not negotiated", enhanced, [][]byte{msg(5, "00190146"), msg(5, "00190246")}, 2},
		{"not negotiated", openCaps, [][]byte{msg(5, begin), msg(5, end)}, 2},
		{"before the end of RIB", enhanced + " 40020078", [][]byte{msg(5, begin), msg(5, end)}, 2},
		{"after the end of RIB", enhanced + " 40020078", [][]byte{updateMsg("", endOfRIB, ""), msg(5, begin), msg(5, end)}, 0},
		{"an unknown subtype", enhanced, [][]byte{msg(5, "00010380")}, 2},
	} {
		j := judgeOf(t, 65001, tt.caps)
		told := receiver{}
		for _, m := range slices.Concat([][]byte{vpnNet("01"), vpnNet("02")}, tt.says) {
			v := j.Received(slices.Clone(m))
			if v.Refuse != nil || v.Refresh != nil {
				t.Errorf("%s: %+v", tt.name, v)
			}
			told.take(t, v.Pass)
		}
		if len(told) != tt.left || j.Held() != tt.left || j.Accepted() != tt.left {
			t.Errorf("%s: %d routes are left, %d are held; want %d", tt.name, len(told), j.Held(), tt.left)
		}
	}
}

// Routes that the receiver is not shown go at an EoRR, too.
func TestEnhancedRefreshOfStrangers(t *testing.T) {
	j := judgeOf(t, 65001, enhanced)
	looped := updateMsg("", "40010100 40020a0202 0000fdea 0000fde9"+reach, "")
	j.Received(looped)
	j.Received(msg(5, "00010180"))
	if v := j.Received(msg(5, "00010280")); len(v.Strange) != 1 || !v.Strange[0].Withdrawn || len(v.Pass) > 0 || j.Held() != 0 {
		t.Errorf("%+v, %d held", v, j.Held())
	}
}

// An answer begins with a BoRR and ends with an EoRR where the peer knows them, and
// has what the peer has been told.
func TestReplay(t *testing.T) {
	begin, end := msg(5, "00010180"), msg(5, "00010280")
	for _, tt := range []struct {
		caps          string
		head, tail    []byte
		ends, answers bool
	}{
		{openCaps, nil, nil, false, true},
		{enhanced, begin, end, false, true},
		{enhanced + " 40020078", begin, end, true, true},
		{enhanced + " 40020078", begin, end, false, false},
		{openCaps + " 40020078", nil, nil, false, true},
	} {
		e := NewEditor(EditorConfig{External: true})
		ours, _ := parseOpen(open(enhanced + " 40020078"))
		peer, _ := parseOpen(open(tt.caps))
		e.Opened(ours, peer)
		told := edit(t, e, vpnNet("01"), vpnNet("02"), updateMsg("", base+hop, nlri4))
		if again := edit(t, e, vpnNet("01")); len(again) > 0 {
			t.Errorf("%s: told twice: %x", tt.caps, again)
		}
		if tt.ends {
			edit(t, e, updateMsg("", "800f03000180", ""))
		}
		if e.Replaying() || !e.Ask(VPNv4) || !e.Ask(VPNv4) || e.Replaying() != tt.answers {
			t.Errorf("%s: replays: %t", tt.caps, e.Replaying())
		}
		out := e.Replay(nil)
		if !tt.answers {
			if len(out) > 0 {
				t.Errorf("%s: %x", tt.caps, out)
			}
			continue
		}
		if !bytes.HasPrefix(out, tt.head) || !bytes.HasSuffix(out, tt.tail) {
			t.Fatalf("%s: %x", tt.caps, out)
		}
		got, want := receiver{}, receiver{}
		got.take(t, out[len(tt.head):len(out)-len(tt.tail)])
		want.take(t, told)
		if len(got) != 2 || len(want) != 3 || e.Replaying() || len(e.Replay(nil)) > 0 {
			t.Errorf("%s: told %v again", tt.caps, got)
		}
	}
}

// A long answer comes in parts, and what is withdrawn meanwhile does not come back.
func TestReplayInParts(t *testing.T) {
	e := editorOf(EditorConfig{External: true}, openCaps)
	var msgs [][]byte
	for i := range replayRoutes + 10 {
		msgs = append(msgs, vpnUpdate(i, 1, base))
	}
	all := receiver{}
	all.take(t, edit(t, e, msgs...))
	e.Ask(VPNv4)
	got := receiver{}
	got.take(t, e.Replay(nil))
	if len(got) != replayRoutes || !e.Replaying() {
		t.Fatalf("%d at first", len(got))
	}
	gone := key{family: VPNv4, bits: 24, rd: [8]byte(unhex("0000fdea00000001")), prefix: [16]byte{30}}
	got.take(t, edit(t, e, appendUnreach(nil, VPNv4, []labelled{gone.withdrawal()})))
	got.take(t, e.Replay(nil))
	if len(got) != len(all)-1 || e.Replaying() {
		t.Errorf("%d of %d", len(got), len(all))
	}
}
