package gate

import (
	"bytes"
	"testing"
)

// Routes that have passed this router before are withdrawn, so that earlier
// versions of them do not stay.
func TestLoops(t *testing.T) {
	const inside, outside = 65002, 65001 // the peer's AS, or another one
	const path = "40010100 400200"
	for _, tt := range []struct {
		name    string
		localAS uint32
		allow   uint32
		caps    string
		attrs   string
		looped  bool
	}{
		{"a reflected route of somebody else", inside, 0, openCaps, path + "8009040a000001 800a080a0000010a000002", false},
		{"our own, reflected", inside, 0, openCaps, path + "8009040a000009 800a040a000001", true},
		{"one that we reflected", inside, 0, openCaps, path + "8009040a000001 800a040a000009", true},
		{"one that a reflector has reflected since", inside, 0, openCaps, path + "8009040a000001 800a080a0000020a000009", true},
		{"reflected outside of our AS", outside, 0, openCaps, base + "8009040a000009", false},
		{"our AS in the path", outside, 0, openCaps, "40010100 40020a0202 0000fdea 0000fde9", true},
		{"in a set", outside, 0, openCaps, "40010100 4002100201 0000fdea 0102 0000fdeb 0000fde9", true},
		{"once, as allowed", outside, 1, openCaps, "40010100 40020a0202 0000fdea 0000fde9", false},
		{"twice, and allowed once", outside, 1, openCaps, "40010100 40020e0203 0000fde9 0000fdea 0000fde9", true},
		{"of two octets", outside, 0, "010400010080", "40010100 4002060202fdeafde9", true},
		{"half of two numbers", outside, 0, openCaps, "40010100 40020a0202 0000fdea fde90000", false},
		{"of four octets, from a peer without", 4200000000, 0, "010400010080", "40010100 4002060202fdea5ba0 c0110a0202 0000fdea fa56ea00", true},
	} {
		in := updateMsg("", tt.attrs+reach, "")
		j := judgeOf(t, tt.localAS, tt.caps)
		j.cfg.AllowOwnAS = tt.allow
		v := j.Received(bytes.Clone(in))
		if got := bytes.Equal(v.Pass, updateMsg("", vpnGone, "")); got != tt.looped || v.Refuse != nil || len(v.Faults) > 0 {
			t.Errorf("%s: withdrawn %v: %+v", tt.name, got, v)
		}
	}
}
