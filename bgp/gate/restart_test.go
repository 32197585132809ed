package gate

import (
	"bytes"
	"net/netip"
	"slices"
	"testing"
	"time"
)

func allFamilies() (set [families]bool) {
	for f := range set {
		set[f] = true
	}
	return set
}

// What the peer is told of graceful restart in place of what the receiver says, and
// what the receiver is told in place of what the peer says.
func TestRestartCapabilities(t *testing.T) {
	// The receiver restarts with both VPN families, and says nothing of RFC 9494.
	const own = "010400010080 010400020080 0200 41040000fdea" + "400a 803c 00018080 00028080" + "4700"
	const theirs = "010400010080 010400020080 0200 41040000fdea" + "400a 4078 00018080 00028000" + "470e 00018080 00012c 00028000 000e10"
	four := [families]bool{VPNv4: true}
	for _, tt := range []struct {
		name        string
		cfg         *RestartConfig
		said, shown string
		notifies    bool
		keeps       [2]uint32 // VPNv4
	}{
		{"no say", nil, "400a 803c 00018080 00028080", "400a 4078 00018080 00028000", false, [2]uint32{}},
		{"off", &RestartConfig{Off: true, Families: allFamilies()}, "", "", false, [2]uint32{}},
		{"full", &RestartConfig{Time: 300, Families: allFamilies()}, "400a 812c 00018080 00028080 4700",
			"400a 0078 00018080 00028000 470e 00018000 000000 00028000 000000", false, [2]uint32{120, 0}},
		{"helper", &RestartConfig{Helper: true, Time: 300, Families: allFamilies(), Notification: true}, "4002 c000 4700",
			"400a 0078 00018080 00028000 470e 00018000 000000 00028000 000000", true, [2]uint32{120, 0}},
		{"one family", &RestartConfig{Time: 60, Families: four}, "4006 803c 00018080 4700",
			"4006 0078 00018080 470e 00018000 000000 00028000 000000", false, [2]uint32{120, 0}},
		{"long lived, at most 200 s", &RestartConfig{Time: 60, Families: allFamilies(), LongLived: [families]uint32{VPNv4: 200}}, "400a 803c 00018080 00028080 4707 00018080 0000c8",
			"400a 0078 00018080 00028000 470e 00018000 0000c8 00028000 000000", false, [2]uint32{120, 200}},
		{"long lived, as long as the peer asks", &RestartConfig{Time: 60, Families: allFamilies(), LongLived: [families]uint32{VPNv4: 1 << 23}}, "400a 803c 00018080 00028080 4707 00018080 800000",
			"400a 0078 00018080 00028000 470e 00018000 00012c 00028000 000000", false, [2]uint32{120, 300}},
	} {
		j := NewJudge(Config{LocalAS: 65002, PeerAS: 65002, Restart: tt.cfg})
		said := j.Sent(open(own))
		if got := slices.Concat(capabilityOf(said, 64), capabilityOf(said, 71)); !bytes.Equal(got, unhex(tt.said)) && tt.cfg != nil {
			t.Errorf("%s: said %x, want %x", tt.name, got, unhex(tt.said))
		}
		v := j.Received(open(theirs))
		if got := slices.Concat(capabilityOf(v.Pass, 64), capabilityOf(v.Pass, 71)); v.Refuse != nil || !bytes.Equal(got, unhex(tt.shown)) {
			t.Errorf("%s: %v: shown %x, want %x", tt.name, v.Refuse, got, unhex(tt.shown))
		}
		short, long := j.Keeps(VPNv4)
		if j.WillNotify() != tt.notifies || [2]uint32{short, long} != tt.keeps {
			t.Errorf("%s: notifies %t, keeps %d and %d s", tt.name, j.WillNotify(), short, long)
		}
	}
}

// capabilityOf returns the capabilities of a code in an OPEN.
func capabilityOf(msg []byte, code byte) (out []byte) {
	for b := msg[31:]; len(b) > 1; b = b[2+int(b[1]):] {
		if b[0] == code {
			out = append(out, b[:2+int(b[1])]...)
		}
	}
	return out
}

// With the N bit of both ends, a NOTIFICATION costs no routes, unless it is a hard
// reset; without it, it always does (RFC 8538 sections 3 and 4).
func TestNotificationsAndRestart(t *testing.T) {
	const notifies, silent = "400a 4078 00018080 00028080", "400a 0078 00018080 00028080"
	for _, tt := range []struct {
		name         string
		ours         bool
		theirs       string
		n            Notification
		graceful     bool
		said, passed Notification
	}{
		{"a reset of the peer", true, notifies, Notification{Code: CodeUpdate, Subcode: 1}, true, Notification{Code: CodeUpdate, Subcode: 1}, Notification{}},
		{"resources", true, notifies, Notification{Code: CodeCease, Subcode: ceaseResources}, true, Notification{Code: CodeCease, Subcode: ceaseResources}, Notification{}},
		{"a shutdown", true, notifies, Notification{Code: CodeCease, Subcode: ceaseShutdown, Data: []byte("\x02ab")}, false,
			Notification{CodeCease, ceaseHardReset, []byte("\x06\x02\x02ab")}, Notification{}},
		{"only the peer has the bit", false, notifies, Notification{Code: CodeUpdate, Subcode: 1}, false, Notification{Code: CodeUpdate, Subcode: 1}, Notification{Code: CodeUpdate, Subcode: 1}},
		{"only this router has it", true, silent, Notification{Code: CodeCease, Subcode: ceaseShutdown}, false, Notification{Code: CodeCease, Subcode: ceaseShutdown}, Notification{Code: CodeCease, Subcode: ceaseShutdown}},
	} {
		j := NewJudge(Config{LocalAS: 65002, PeerAS: 65002, Restart: &RestartConfig{Families: allFamilies(), Notification: tt.ours}})
		j.Sent(open(openCaps + silent))
		j.Received(open(openCaps + tt.theirs))
		j.Received(Keepalive())
		if got := j.Graceful(tt.n); got != tt.graceful {
			t.Errorf("%s: graceful %t", tt.name, got)
		}
		if said := j.Said(tt.n); !bytes.Equal(said.Message(), tt.said.Message()) {
			t.Errorf("%s: said %x", tt.name, said.Message())
		}
		whole := slices.Concat(Keepalive(), tt.n.Message())
		if said := j.SaidAll(whole); !bytes.Equal(said, append(Keepalive(), tt.said.Message()...)) {
			t.Errorf("%s: said %x", tt.name, said)
		}
		v := j.Received(tt.n.Message())
		want := tt.passed.Message()
		if j.Notifies() { // who wants the routes to go, sends a hard reset
			want = nil
		}
		if v.Ended == nil || !bytes.Equal(v.Pass, want) {
			t.Errorf("%s: passed on as %x, want %x", tt.name, v.Pass, want)
		}
	}
	j := NewJudge(Config{LocalAS: 65002, PeerAS: 65002, Restart: &RestartConfig{Families: allFamilies(), Notification: true}})
	j.Sent(open(openCaps + silent))
	j.Received(open(openCaps + notifies))
	j.Received(Keepalive())
	hard := Notification{CodeCease, ceaseHardReset, []byte{6, 2}}
	if v := j.Received(hard.Message()); !j.Notifies() || !bytes.Equal(v.Pass, hard.bare()) {
		t.Errorf("a hard reset is passed on as %x", v.Pass)
	}
	if text := (Notification{CodeCease, ceaseHardReset, []byte("\x06\x02\x02ab")}).String(); text != `cease, hard reset: cease, administrative shutdown: "ab"` {
		t.Error(text)
	}
}

// After the restart time the F bit of the other capability counts (RFC 9494 section
// 4.2), and the receiver has to be told of the end before its own time is up.
func TestLongLivedReturn(t *testing.T) {
	four := Path{Family: VPNv4, RD: [8]byte(unhex("0000fdea00000001"))}
	four.Prefix = netip.MustParsePrefix("30.1.0.0/24")
	until := time.Now().Add(time.Hour)
	for _, tt := range []struct {
		name string
		long bool
		caps string
		lost bool
	}{
		{"F bits for restarts only, soon", false, "4006 8078 00018080 4707 00018000 00012c", false},
		{"F bits for restarts only, late", true, "4006 8078 00018080 4707 00018000 00012c", true},
		{"F bits of both, late", true, "4006 8078 00018080 4707 00018080 00012c", false},
		{"no more long lived, late", true, "4006 8078 00018080", true},
	} {
		j := NewJudge(Config{LocalAS: 65002, PeerAS: 65002, Restart: &RestartConfig{Families: allFamilies(), LongLived: [families]uint32{VPNv4: 9}},
			Retained: func() Retained {
				return Retained{Waits: true, Paths: []Path{four}, LongLived: tt.long, Until: until}
			}})
		j.Sent(open(openCaps))
		j.Received(open(openCaps + tt.caps))
		v := j.Received(Keepalive())
		if lost := len(v.Pass) > headerLength; lost != tt.lost || !j.Awaits() || !j.KeptUntil().Equal(until) {
			t.Errorf("%s: %x, until %v", tt.name, v.Pass, j.KeptUntil())
		}
	}
}

// Routes that are stale for long are told only to peers that know of that, and no
// policy hides it (RFC 9494 section 4.3).
func TestLongLivedStaleIsKeptBack(t *testing.T) {
	stale := updateMsg("", base+"c00804 ffff0006"+reach, "")
	for _, takes := range []bool{false, true} {
		e := NewEditor(EditorConfig{LocalAS: 65002, PeerAS: 65002})
		peer := Open{as4: true}
		if takes {
			peer.Restart = &Restart{TakesStale: true}
		}
		e.Opened(Open{as4: true}, peer)
		if _, err := e.Edit(nil, stale); err != nil {
			t.Fatal(err)
		}
		if out := e.Flush(nil); (len(out) > 0) != takes || takes && !bytes.Contains(out, unhex("ffff0006")) {
			t.Errorf("the peer takes them %t: it is told %x", takes, out)
		}
		// It hears that the route is gone, once it is stale.
		if _, err := e.Edit(nil, updateMsg("", base+reach, "")); err != nil {
			t.Fatal(err)
		}
		e.Flush(nil)
		if _, err := e.Edit(nil, stale); err != nil {
			t.Fatal(err)
		}
		e.Flush(nil)
		if told := e.Told(); (told == 1) != takes {
			t.Errorf("the peer takes them %t: it knows %d", takes, told)
		}
	}
}
