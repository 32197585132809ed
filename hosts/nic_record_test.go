package hosts

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestNICAliasIsReadAsWritten(t *testing.T) {
	short := nicRecord{
		Name: "eth1", MAC: "02:00:00:00:00:01", MTU: 1500, Up: true, Offloads: []string{"rx-gro"},
		Addresses: []nicAddress{{Prefix: prefixes("192.0.2.1/24")[0]}, {Prefix: prefixes("2001:db8::1/64")[0]}},
		Routes:    []nicRoute{{Prefix: prefixes("10.0.0.0/8")[0], Via: prefixes("192.0.2.2/32")[0].Addr()}, {Prefix: prefixes("2001:db8:1::/48")[0]}},
	}
	got, ok := parseNICAlias(short.alias())
	if diff := cmp.Diff(short, got, cmp.Comparer(func(a, b nicAddress) bool { return a == b }), cmp.Comparer(func(a, b nicRoute) bool { return a == b })); !ok || diff != "" {
		t.Errorf("%q: ok %v\n%s", short.alias(), ok, diff)
	}
	long := short
	for range 20 {
		long.Addresses = append(long.Addresses, short.Addresses[1])
	}
	alias := long.alias()
	got, ok = parseNICAlias(alias)
	if len(alias) > maxAlias || !strings.HasSuffix(alias, aliasMore) || !ok || got.MTU != 1500 || len(got.Addresses) < 5 {
		t.Errorf("%d bytes, ok %v: %q", len(alias), ok, alias)
	}
}

func FuzzParseNICAlias(f *testing.F) {
	f.Add("pseudowan nic=eth1 mac=02:00:00:00:00:01 mtu=1500 up a=192.0.2.1/24 r=10.0.0.0/8>192.0.2.2 off=rx-gro more")
	f.Add("pseudowan nic=eth1")
	f.Fuzz(func(t *testing.T, alias string) {
		r, ok := parseNICAlias(alias)
		if !ok {
			return
		}
		if again, ok := parseNICAlias(r.alias()); !ok || again.Name != r.Name || again.MTU != r.MTU {
			t.Errorf("%q becomes %q, which reads differently", alias, r.alias())
		}
	})
}
