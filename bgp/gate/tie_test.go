package gate

import (
	"bytes"
	"net/netip"
	"testing"
)

// A peer whose routes must lose ties is shown with a high identifier. The
// originator of its own routes is its real one; those of others keep theirs.
func TestLoseTies(t *testing.T) {
	j := NewJudge(Config{LocalAS: 65002, PeerAS: 65002, LocalID: netip.MustParseAddr("10.0.0.9"), LoseTies: true})
	j.Sent(open(openCaps))
	v := j.Received(open(openCaps))
	shown, refused := parseOpen(v.Pass)
	if refused != nil || shown.ID.Compare(netip.MustParseAddr("240.0.0.0")) < 0 || j.Peer().ID != netip.MustParseAddr("10.0.0.1") {
		t.Errorf("the receiver is shown %s, and the peer is %s: %v", shown.ID, j.Peer().ID, refused)
	}
	j.Received(Keepalive())
	const path, originator = "40010100 400200", "8009040a000001"
	for _, tt := range []struct {
		name     string
		in, want []byte
	}{
		{"its own", updateMsg("", path+reach, ""), updateMsg("", path+originator+reach, "")},
		{"somebody else's", updateMsg("", path+"8009040a000002"+reach, ""), updateMsg("", path+"8009040a000002"+reach, "")},
		{"a withdrawal", updateMsg("", vpnGone, ""), updateMsg("", vpnGone, "")},
		{"an end of RIB", updateMsg("", "800f03000180", ""), updateMsg("", "800f03000180", "")},
	} {
		if v := j.Received(bytes.Clone(tt.in)); !bytes.Equal(v.Pass, tt.want) {
			t.Errorf("%s: passed on as\n%x, want\n%x", tt.name, v.Pass, tt.want)
		}
	}
	seen := map[netip.Addr]bool{}
	for a := range 256 {
		for _, b := range []byte{0, 1, 255} {
			seen[highID(netip.AddrFrom4([4]byte{byte(a), b, b, 1}))] = true
		}
	}
	if len(seen) != 3*256 {
		t.Errorf("%d identifiers of %d peers", len(seen), 3*256)
	}
}
