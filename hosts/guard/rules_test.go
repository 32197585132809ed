package guard

import (
	"net/netip"
	"strings"
	"testing"
)

func prefixes(list ...string) (out []netip.Prefix) {
	for _, s := range list {
		out = append(out, netip.MustParsePrefix(s))
	}
	return out
}

// Only chains that are not as they should be are made, and those of nobody are
// removed.
func TestScript(t *testing.T) {
	a := Port{Name: "p-a", RA: true}
	b := Port{Name: "p-b", Source: true, MAC: "02:00:00:00:00:01", Allowed: prefixes("10.0.0.2/32", "2001:db8::/64", "fe80::1/128")}
	have := map[string]Count{}
	first := script(have, []Port{a, b, {Name: "p-c"}})
	for _, want := range []string{
		`chain netdev pw-guard p-a { type filter hook ingress device "p-a"`,
		`p-b ip saddr != { 0.0.0.0, 10.0.0.2/32 } counter drop comment "source"`,
		`p-b ip6 saddr != { ::, 2001:db8::/64, fe80::1/128 } counter`,
		`@th,64,128 != { 0x20010db8000000000000000000000000-0x20010db800000000ffffffffffffffff, 0xfe800000000000000000000000000001 }`,
	} {
		if !strings.Contains(first, want) {
			t.Errorf("no %q in\n%s", want, first)
		}
	}
	if strings.Contains(first, "p-c") || strings.Contains(first, "p-a udp") {
		t.Errorf("a port without guard, or a guard without DHCP, has rules:\n%s", first)
	}
	have = map[string]Count{"p-a": {sum: a.sum()}, "p-b": {sum: "pw:old"}, "p-gone": {}}
	second := script(have, []Port{a, b})
	if strings.Contains(second, "p-a") || !strings.Contains(second, "flush chain netdev pw-guard p-b") || !strings.Contains(second, "delete chain netdev pw-guard p-gone") {
		t.Errorf("an edit makes\n%s", second)
	}
	have = map[string]Count{"p-a": {sum: a.sum()}, "p-b": {sum: b.sum()}}
	if third := script(have, []Port{a, b}); third != "" {
		t.Errorf("what is right is changed by\n%s", third)
	}
}

func TestParse(t *testing.T) {
	const list = `{"nftables": [{"metainfo": {"version": "1.0.6"}}, {"table": {"family": "netdev", "name": "pw-guard", "handle": 1}},
{"chain": {"family": "netdev", "table": "pw-guard", "name": "p-a", "handle": 1, "type": "filter"}},
{"chain": {"family": "inet", "table": "other", "name": "p-x", "handle": 1}},
{"rule": {"family": "netdev", "table": "pw-guard", "chain": "p-a", "handle": 2, "comment": "pw:12", "expr": [{"counter": {"packets": 9, "bytes": 90}}]}},
{"rule": {"family": "netdev", "table": "pw-guard", "chain": "p-a", "handle": 3, "comment": "ra", "expr": [{"match": {"op": "=="}}, {"counter": {"packets": 2, "bytes": 0}}, {"drop": null}]}},
{"rule": {"family": "netdev", "table": "pw-guard", "chain": "p-a", "handle": 4, "comment": "ra", "expr": [{"counter": {"packets": 3, "bytes": 0}}, {"drop": null}]}},
{"rule": {"family": "netdev", "table": "pw-guard", "chain": "p-a", "handle": 5, "expr": [{"accept": null}]}},
{"rule": {"family": "inet", "table": "other", "chain": "p-a", "handle": 5, "comment": "ra", "expr": [{"counter": {"packets": 100}}]}}]}`
	got, err := parse([]byte(list))
	if c := got["p-a"]; err != nil || len(got) != 1 || c.Arrived != 9 || c.Dropped[KindRA] != 5 || c.sum != "pw:12" {
		t.Errorf("%+v, %v", got, err)
	}
	if _, err := parse([]byte("nonsense")); err == nil {
		t.Error("nonsense is read")
	}
}
