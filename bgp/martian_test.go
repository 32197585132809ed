package bgp

import (
	"net/netip"
	"testing"
)

func TestMartian(t *testing.T) {
	for text, want := range map[string]bool{
		"0.0.0.0/0": false, "::/0": false, "10.0.0.0/8": false, "192.0.2.1/32": false, "240.0.0.0/4": false, "2001:db8::/32": false, "128.0.0.0/1": false,
		"0.0.0.0/8": true, "127.0.0.1/32": true, "127.0.0.0/8": true, "169.254.1.0/24": true, "224.0.0.0/4": true, "239.1.1.1/32": true,
		"255.255.255.255/32": true, "::/128": true, "::1/128": true, "fe80::/10": true, "ff02::/16": true, "::ffff:10.0.0.0/104": true,
		"126.0.0.0/7": false, // a part of it is routed
	} {
		if why := Martian(netip.MustParsePrefix(text)); (why != "") != want {
			t.Errorf("%s: %q", text, why)
		}
	}
}
