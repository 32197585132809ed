package inject

import (
	"net/netip"
	"reflect"
	"slices"
	"testing"
)

func generate(t testing.TB, g Generate) *Table {
	t.Helper()
	table, err := g.Table()
	if err != nil {
		t.Fatal(err)
	}
	return table
}

func TestGenerateIsSeeded(t *testing.T) {
	g := Generate{IPv4: 2000, IPv6: 1000, Seed: 1, AS: 64999}
	one := generate(t, g)
	if !reflect.DeepEqual(one, generate(t, g)) {
		t.Error("the same seed gives other routes")
	}
	fewer := g
	fewer.IPv6 = 1
	if four, _ := one.Split(); !slices.Equal(prefixes(four), prefixes(first(generate(t, fewer)))) {
		t.Error("the IPv4 routes depend on the IPv6 ones")
	}
	g.Seed = 2
	if reflect.DeepEqual(one, generate(t, g)) {
		t.Error("another seed gives the same routes")
	}
}

func first(t *Table) *Table { four, _ := t.Split(); return four }

func prefixes(t *Table) (list []netip.Prefix) {
	for _, r := range t.Routes {
		list = append(list, r.Prefix)
	}
	return list
}

func TestGenerateResemblesTheInternet(t *testing.T) {
	avoid := Avoid{netip.MustParsePrefix("30.0.0.0/8")}
	table := generate(t, Generate{IPv4: 50_000, IPv6: 10_000, Seed: 7, AS: 64999, NotAS: []uint32{65001}, Avoid: avoid})
	four, six := table.Split()
	if len(four.Routes) != 50_000 || len(six.Routes) != 10_000 {
		t.Fatalf("%d and %d routes", len(four.Routes), len(six.Routes))
	}
	seen, of24, of48 := map[netip.Prefix]bool{}, 0, 0
	for _, r := range table.Routes {
		switch {
		case seen[r.Prefix]:
			t.Errorf("%s twice", r.Prefix)
		case reserved.Has(r.Prefix), avoid.Has(r.Prefix):
			t.Errorf("%s is not free", r.Prefix)
		case r.Prefix.Addr().Is6() && !netip.MustParsePrefix("2000::/3").Contains(r.Prefix.Addr()):
			t.Errorf("%s is not global", r.Prefix)
		case r.Prefix.Bits() == 24:
			of24++
		case r.Prefix.Bits() == 48 && r.Prefix.Addr().Is6():
			of48++
		}
		seen[r.Prefix] = true
	}
	if of24 < 29_000 || of24 > 33_000 || of48 < 4_000 || of48 > 6_000 {
		t.Errorf("%d /24s of 50000, %d /48s of 10000", of24, of48)
	}
	if n := len(table.Attributes); n < 6_000 || n > 30_000 {
		t.Errorf("%d sets of attributes", n)
	}
}

func TestGenerateRefuses(t *testing.T) {
	for _, g := range []Generate{{}, {IPv4: -1, IPv6: 5}, {IPv4: MaxRoutes, IPv6: 1}} {
		if _, err := g.Table(); err == nil {
			t.Errorf("%+v: no error", g)
		}
	}
	all := Generate{IPv4: 10, Avoid: Avoid{netip.MustParsePrefix("0.0.0.0/0")}}
	if _, err := all.Table(); err == nil {
		t.Error("no address is free, and no error")
	}
}

func BenchmarkGenerate(b *testing.B) {
	for b.Loop() {
		generate(b, Generate{IPv4: 100_000, Seed: 1, AS: 64999})
	}
}
