package guard

import (
	"maps"
	"net/netip"
	"slices"
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
	first := script(have, []Port{a, b, {Name: "p-c"}}, true)
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
	have = map[string]Count{"p-a": whole(a), "p-b": {device: "p-b", comments: []string{"pw:old"}}, "p-gone": {}}
	second := script(have, []Port{a, b}, true)
	if strings.Contains(second, "p-a") || !strings.Contains(second, "flush chain netdev pw-guard p-b") || !strings.Contains(second, "delete chain netdev pw-guard p-gone") {
		t.Errorf("an edit makes\n%s", second)
	}
	if strings.Contains(second, "delete chain netdev pw-guard p-b") {
		t.Errorf("an edit does without a guard for a moment:\n%s", second)
	}
	have = map[string]Count{"p-a": whole(a), "p-b": whole(b), "p-gone": {}}
	if third := script(have, []Port{a, b}, false); third != "" {
		t.Errorf("what is right is changed by\n%s", third)
	}
}

// whole is the chain of a port as it should be.
func whole(p Port) Count {
	c := Count{device: p.Name, comments: []string{p.sum()}}
	for _, r := range p.rules() {
		c.comments = append(c.comments, string(r.kind))
	}
	return c
}

// A chain with fewer or further rules, others in front, or on no port is made again.
func TestActive(t *testing.T) {
	p := Port{Name: "p", RA: true, Source: true, MAC: "02:00:00:00:00:01", Allowed: prefixes("fe80::1/128")}
	is := func(edit func(*Count)) bool {
		c := whole(p)
		edit(&c)
		have := map[string]Count{"p": c}
		active := p.Active(have)
		if active != (script(have, []Port{p}, true) == "") {
			t.Errorf("%+v is active: %t, but not repaired", c, active)
		}
		return active
	}
	if !is(func(*Count) {}) || p.Active(nil) {
		t.Error("what is right is wrong, or what is missing is right")
	}
	for name, edit := range map[string]func(*Count){
		"the last rule is missing": func(c *Count) { c.comments = c.comments[:len(c.comments)-1] },
		"a rule is missing":        func(c *Count) { c.comments = slices.Delete(c.comments, 3, 4) },
		"accept is in front":       func(c *Count) { c.comments = slices.Insert(c.comments, 0, "") },
		"accept is behind it":      func(c *Count) { c.comments = slices.Insert(c.comments, 1, "") },
		"it is on no port":         func(c *Count) { c.device = "" },
		"it is on others, too":     func(c *Count) { c.device = "{ lo, p }" },
	} {
		if is(edit) {
			t.Errorf("%s, and the guard counts as active", name)
		}
	}
	orphan := whole(p)
	orphan.device = ""
	if s := script(map[string]Count{"p": orphan}, []Port{p}, true); !strings.HasPrefix(s, "delete chain netdev pw-guard p\nadd table") {
		t.Errorf("a chain that is on no port is kept:\n%s", s)
	}
}

// A host without IPv4 probes for no address.
func TestNobodysAddresses(t *testing.T) {
	p := Port{Name: "p", Source: true, MAC: "02:00:00:00:00:01", Allowed: prefixes("fe80::1/128")}
	if s := script(nil, []Port{p}, true); !strings.Contains(s, "p arp saddr ip 0.0.0.0  counter drop") || strings.Contains(s, "{  }") {
		t.Errorf("its rules:\n%s", s)
	}
}

func TestDevices(t *testing.T) {
	got := devices(`table inet pw-guard {
	chain p-x {
		type filter hook ingress device "eth9" priority 0; policy accept;
	}
}
table netdev pw-guard {
	chain p-a {
		type filter hook ingress device "p-a" priority -300; policy accept;
	}
	chain p-b {
		type filter hook ingress priority -300; policy accept;
	}
	chain p-c {
		type filter hook ingress devices = { lo, p-c } priority -300; policy accept;
	}
}
`)
	if want := map[string]string{"p-a": "p-a", "p-c": "{ lo, p-c }"}; !maps.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
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
	if c := got["p-a"]; err != nil || len(got) != 1 || c.Arrived != 9 || c.Dropped[KindRA] != 5 || !slices.Equal(c.comments, []string{"pw:12", "ra", "ra", ""}) {
		t.Errorf("%+v, %v", got, err)
	}
	if _, err := parse([]byte("nonsense")); err == nil {
		t.Error("nonsense is read")
	}
}
