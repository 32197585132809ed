package gate

import (
	"bytes"
	"testing"
)

// Capabilities are passed on once each, also those whose octets happen to be
// inside another: route refresh, 02 00, is inside multiprotocol VPNv6.
func TestCapabilitiesOnce(t *testing.T) {
	vpnv6, refresh := []byte{1, 4, 0, 2, 0, 128}, []byte{2, 0}
	var o Open
	for _, c := range [][]byte{vpnv6, refresh, vpnv6, refresh} {
		if !o.read(c) {
			t.Fatalf("% x is not taken", c)
		}
	}
	if want := append(bytes.Clone(vpnv6), refresh...); !bytes.Equal(o.capabilities, want) {
		t.Errorf("passed on: % x; want % x", o.capabilities, want)
	}
}
