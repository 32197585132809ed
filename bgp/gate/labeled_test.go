package gate

import (
	"bytes"
	"net/netip"
	"testing"
)

// Labelled routes without RD are read and written alike, whatever the bit at the bottom of
// the stack says, and withdrawn by their prefix alone.
func TestLabeledRoutes(t *testing.T) {
	for _, tt := range []struct {
		f             Family
		raw, prefix   string
		label         string
		gone          bool // it has the label of withdrawals
		again, leaves string
	}{
		{LabeledIPv4, "38 000031 0aff0001", "10.255.0.1/32", "000031", false, "38 000031 0aff0001", "38 800000 0aff0001"},
		{LabeledIPv4, "38 000030 0aff0001", "10.255.0.1/32", "000031", false, "38 000031 0aff0001", "38 800000 0aff0001"},
		{LabeledIPv4, "38 800000 0aff0001", "10.255.0.1/32", "800000", true, "38 800000 0aff0001", "38 800000 0aff0001"},
		{LabeledIPv4, "18 000001", "0.0.0.0/0", "000001", false, "18 000001", "18 800000"},
		{LabeledIPv6, "98 3e8001 20010db8000000000000000000000001", "2001:db8::1/128", "3e8001", false, "98 3e8001 20010db8000000000000000000000001", "98 800000 20010db8000000000000000000000001"},
	} {
		routes, ok := parseRoutes(tt.f, unhex(tt.raw), false, nil)
		if !ok || len(routes) != 1 {
			t.Errorf("%s: %d routes, %t", tt.raw, len(routes), ok)
			continue
		}
		r := routes[0]
		k := r.key(tt.f)
		if k.path().Prefix != netip.MustParsePrefix(tt.prefix) || r.label() != [3]byte(unhex(tt.label)) || r.withdrawal != tt.gone {
			t.Errorf("%s: prefix %s, label %x, withdrawal %t", tt.raw, k.path().Prefix, r.label(), r.withdrawal)
		}
		l := labelled{k, r.label()}
		gone := k.withdrawal()
		for _, is := range []struct {
			what string
			got  []byte
			want string
		}{
			{"written", l.appendNLRI(nil), tt.again}, {"withdrawn", gone.appendNLRI(nil), tt.leaves},
			{"withdrawn as received", r.appendWithdrawal(nil, tt.f), tt.leaves}, {"withdrawn when kept", k.path().withdrawal(), tt.leaves},
		} {
			if !bytes.Equal(is.got, unhex(is.want)) {
				t.Errorf("%s %s: %x, want %s", tt.raw, is.what, is.got, is.want)
			}
		}
		if why := r.alienIn(true); (why != 0) != tt.gone {
			t.Errorf("%s, announced: %v", tt.raw, why)
		}
	}
	for _, raw := range []string{"17 0000", "10 0a00", "50 000031 000041 0aff0001 00", "38 000031 0aff00"} {
		if _, ok := parseRoutes(LabeledIPv4, unhex(raw), false, nil); ok {
			t.Errorf("%s is taken", raw)
		}
	}
}
