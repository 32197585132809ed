package gate

import (
	"bytes"
	"encoding/hex"
	"slices"
	"strings"
	"testing"
)

// withRD is MP_REACH_NLRI of 30.1.0.0/24 with other octets in place of label and
// RD.
func withRD(label, rd string) string {
	return strings.NewReplacer("007d01", label, "0000fdea00000001", rd).Replace(reach)
}

// reachOf is MP_REACH_NLRI of VPNv4 with any next hop and NLRI.
func reachOf(nextHop, nlri string) string {
	hop, n := unhex(nextHop), len(unhex(nlri))
	return hex.EncodeToString(append([]byte{0x80, 14, byte(5 + len(hop) + n), 0, 1, 0x80, byte(len(hop))}, hop...)) + "00" + nlri
}

const (
	hop12    = "0000000000000000c0a80002"
	otherNet = "70 007d01 0000fdea00000001 1e0200"
)

// TestDemands has what was sent to this router by peers of other makes, or by
// none, and went wrong; each with what its RFC demands.
func TestDemands(t *testing.T) {
	gone := updateMsg("", vpnGone, "")
	good := updateMsg("", base+reach, "")
	type demand struct {
		name, rfc string
		in        []byte
		pass      []byte // to the receiver
		why       string // it is shown as unusable, with this
		refuse    [2]byte
	}
	reset := func(name, rfc, mp string) demand {
		return demand{name, rfc, updateMsg("", base+mp, ""), nil, "", [2]byte{CodeUpdate, updateOptional}}
	}
	lost := func(name, rfc, attrs string) demand {
		return demand{name: name, rfc: rfc, in: updateMsg("", attrs, ""), pass: gone}
	}
	same := func(name, rfc, attrs string) demand {
		return demand{name: name, rfc: rfc, in: updateMsg("", attrs, ""), pass: good}
	}
	excluded := func(name, rfc, attrs, why string) demand {
		return demand{name: name, rfc: rfc, in: updateMsg("", attrs, ""), pass: gone, why: why}
	}
	for _, tt := range []demand{
		excluded("own AS in the path", "4271 9.1.2", "40010100 40020a0202 0000fdea 0000fde9"+reach, "AS is in its AS path"),
		excluded("two labels", "8277 2.2", base+reachOf(hop12, "88 00bb80 00fa01 0000fdea00000001 1e0100"), "2 labels"),
		excluded("the label of withdrawals", "8277 2.4", base+withRD("800000", "0000fdea00000001"), "label is the one of withdrawals"),
		{"an RD of type 5", "4364 4.2", updateMsg("", base+withRD("007d01", "0005fdea00000001"), ""), Keepalive(), "unknown type", [2]byte{}},

		same("S bit clear", "8277 2.2", base+withRD("007d00", "0000fdea00000001")),
		{"S bit clear, RD 10.0.0.2:2", "8277 2.2", updateMsg("", base+withRD("007d00", "00010a0000020002"), ""),
			updateMsg("", base+withRD("007d01", "00010a0000020002"), ""), "", [2]byte{}},
		{"S bit clear, RD 256:1, which reads as two labels", "8277 2.2", updateMsg("", base+withRD("007d00", "0000010000000001"), ""),
			updateMsg("", base+withRD("007d01", "0000010000000001"), ""), "", [2]byte{}},
		{"label 524288, whose octets are almost those of withdrawals", "8277 2.2", updateMsg("", base+withRD("800001", "0000fdea00000001"), ""),
			updateMsg("", base+withRD("800001", "0000fdea00000001"), ""), "", [2]byte{}},
		{"another compatibility field", "8277 2.4", updateMsg("", strings.Replace(vpnGone, "800000", "123450", 1), ""),
			updateMsg("", strings.Replace(vpnGone, "800000", "123451", 1), ""), "", [2]byte{}},

		same("LOCAL_PREF from outside", "4271 5.1.5", base+"40050400000064"+reach),
		same("malformed LOCAL_PREF from outside", "7606 7.5", base+"400503000064"+reach),
		same("malformed ORIGINATOR_ID from outside", "7606 7.9", base+"800903010203"+reach),
		same("malformed CLUSTER_LIST from outside", "7606 7.10", base+"800a03010203"+reach),
		same("empty CLUSTER_LIST from outside", "7606 7.10", base+"800a00"+reach),
		same("AS4_PATH of a peer with 4-octet numbers", "6793 3", base+"c01106020100000001"+reach),
		same("malformed AS4_PATH of such a peer, with wrong flags", "6793 3", base+"40110102"+reach),
		same("AS4_AGGREGATOR of such a peer", "6793 3", base+"c01208000000010a000001"+reach),
		same("NEXT_HOP 0.0.0.0 beside MP_REACH_NLRI", "4760 3", base+"40030400000000"+reach),
		same("NEXT_HOP of three octets beside MP_REACH_NLRI", "4760 3", base+"400303000000"+reach),
		{"unused flag bits", "4271 4.3", updateMsg("", "4f010100"+base[8:]+reach, ""), good, "", [2]byte{}},
		{"an unknown transitive attribute", "4271 5", updateMsg("", base+"c0c80101"+reach, ""), updateMsg("", base+"e0c80101"+reach, ""), "", [2]byte{}},
		same("AGGREGATOR of AS 0", "7607 2, 7606 7.7", base+"c00708000000000a000001"+reach),

		lost("AS 0 in the path", "7607 2", "40010100 40020a0202 0000fdea 00000000"+reach),
		lost("AS 0 in a set", "7607 2", "40010100 4002100201 0000fdea 0102 0000fdeb 00000000"+reach),
		lost("MP_REACH_NLRI flagged transitive", "7606 3 c", base+"c0"+reach[2:]),
		lost("ATOMIC_AGGREGATE flagged optional", "7606 3 c", base+"c00600"+reach),
		lost("AGGREGATOR flagged well-known", "7606 3 c", base+"4007080000fdea0a000001"+reach),
		lost("COMMUNITIES of three octets", "7606 7.8", base+"c00803010203"+reach),

		{"announced and withdrawn at once", "4271 4.3", updateMsg("", base+vpnGone+reach, ""), good, "", [2]byte{}},
		{"announced, and another withdrawn", "4271 4.3", updateMsg("", base+strings.Replace(vpnGone, "1e0100", "1e0200", 1)+reach, ""),
			updateMsg("", base+strings.Replace(vpnGone, "1e0100", "1e0200", 1)+reach, ""), "", [2]byte{}},
		{"the same in the fields of IPv4", "4271 4.3", updateMsg(nlri4+"180a0103", base+hop, nlri4), updateMsg("180a0103", base+hop, nlri4), "", [2]byte{}},

		reset("next hop of 0 octets", "7606 5.3", reachOf("", vpnNLRI)),
		reset("next hop of 4 octets", "7606 5.3", reachOf("c0a80002", vpnNLRI)),
		reset("next hop of 5 octets", "7606 5.3", reachOf("c0a8000201", vpnNLRI)),
		reset("next hop of 200 octets", "7606 5.3", reachOf(strings.Repeat("00", 200), vpnNLRI)),
		reset("next hop over the end", "7606 7.11", "800e05 000180 0c 00"),
		reset("prefix length 0", "7606 5.3", reachOf(hop12, "00")),
		reset("prefix length 80", "7606 5.3", reachOf(hop12, "50 007d01 0000fdea000000")),
		reset("prefix length 121", "7606 5.3", reachOf(hop12, "79 007d01 0000fdea00000001 1e01000000")),
		reset("NLRI cut in the RD", "7606 5.3", reachOf(hop12, "70 007d01 0000fdea")),
		reset("MP_REACH_NLRI of 0 octets", "7606 7.11", "800e00"),
		reset("MP_REACH_NLRI of 3 octets", "7606 7.11", "800e03000180"),
		reset("MP_UNREACH_NLRI of 0 octets", "7606 7.12", "800f00"),
		reset("MP_UNREACH_NLRI of 2 octets", "7606 7.12", "800f020001"),
		reset("MP_UNREACH_NLRI cut in the RD", "7606 5.3", "800f09 000180 70 800000 0000"),

		reset("a membership of 31 bits", "4684 4", rtcReach("1f 00000000")),
		reset("a membership of 97 bits", "4684 4", rtcReach("61 00000000 0002fde90000006580")),
		reset("a membership over the end", "7606 5.3", rtcReach("60 0000fdea 0002fde9")),
		reset("memberships with a next hop of 12 octets", "7606 5.3", "800e1e 000184 0c 0000000000000000c0a80002 00 "+rtNLRI),
		reset("withdrawal of a membership of one bit", "4684 4", rtcUnreach("01 80")),
		{"a membership flagged transitive", "7606 3 c", updateMsg("", base+"c0"+rtcReach(rtNLRI)[2:], ""), Keepalive(), "", [2]byte{}},
		{"a membership without ORIGIN", "7606 3 d", updateMsg("", "4002060201 0000fdea"+rtcReach(rtNLRI), ""), Keepalive(), "", [2]byte{}},

		{"BoRR of five octets", "7313 5", msg(5, "0001018000"), nil, "", [2]byte{CodeRefresh, refreshLength}},
		{"EoRR of three octets", "7313 5", msg(5, "000102"), nil, "", [2]byte{CodeRefresh, refreshLength}},
		{"a request of five octets", "4271 6.1", msg(5, "0001008000"), nil, "", [2]byte{CodeHeader, headerBadLength}},
		{"an unknown subtype", "7313 5", msg(5, "00010380"), nil, "", [2]byte{}},
	} {
		j := constrainedJudge(t, 65001)
		j.Received(slices.Clone(good))
		v := j.Received(tt.in)
		switch {
		case tt.refuse != [2]byte{}:
			if v.Refuse == nil || v.Refuse.Code != tt.refuse[0] || v.Refuse.Subcode != tt.refuse[1] || len(v.Refuse.Data) == 0 {
				t.Errorf("%s: refused %+v, passed on as %x; want %v (RFC %s)", tt.name, v.Refuse, v.Pass, tt.refuse, tt.rfc)
			}
		case v.Refuse != nil || !bytes.Equal(v.Pass, tt.pass):
			t.Errorf("%s: refused %v, passed on as\n%x, want\n%x (RFC %s)", tt.name, v.Refuse, v.Pass, tt.pass, tt.rfc)
		case tt.why == "" != (len(v.Strange) == 0) || tt.why != "" && !strings.Contains(v.Strange[0].Why, tt.why):
			t.Errorf("%s: %+v, want %q (RFC %s)", tt.name, v.Strange, tt.why, tt.rfc)
		}
	}
}

// What loops is shown with its reason until the peer says something else of it.
func TestLoopsAreShown(t *testing.T) {
	j := judgeOf(t, 65001, openCaps)
	looped := updateMsg("", "40010100 40020a0202 0000fdea 0000fde9"+hop, nlri4)
	if v := j.Received(looped); !bytes.Equal(v.Pass, updateMsg(nlri4, "", "")) || len(v.Strange) != 1 || v.Strange[0].Prefix.String() != "10.1.2.0/24" || j.Held() != 1 {
		t.Errorf("%+v, %d held", v, j.Held())
	}
	if v := j.Received(updateMsg("", base+hop, nlri4)); len(v.Strange) != 1 || !v.Strange[0].Withdrawn || j.Held() != 1 {
		t.Errorf("%+v, %d held", v, j.Held())
	}
	j.Received(bytes.Clone(looped))
	if v := j.Received(updateMsg(nlri4, "", "")); len(v.Strange) != 1 || !v.Strange[0].Withdrawn || j.Held() != 0 {
		t.Errorf("%+v, %d held", v, j.Held())
	}
}

// Faults are counted by what was done about them.
func TestFaults(t *testing.T) {
	for attrs, want := range map[string][]FaultKind{
		base + reach:                                   nil,
		base + "40050400000064" + reach:                nil,
		base + "c00803010203" + reach:                  {FaultWithdrawn},
		base + "40060100" + reach:                      {FaultDiscarded},
		base + "40060100" + "c00803010203" + reach:     {FaultDiscarded, FaultWithdrawn},
		base + "800e08 000119 00 00 000000":            {FaultFamily},
		"40010100" + reach:                             {FaultWithdrawn},
		base + "80040400000001 80040400000002" + reach: {FaultDiscarded},
	} {
		var got []FaultKind
		for _, f := range judgeOf(t, 65001, openCaps).Received(updateMsg("", attrs, "")).Faults {
			got = append(got, f.Kind)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", attrs, got, want)
		}
	}
}
