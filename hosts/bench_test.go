package hosts

import (
	"context"
	"fmt"
	"net/netip"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"
)

// BenchmarkLab builds a lab of the shape of pseudo-wan: a router and a peer,
// twenty hosts wired to them, ten LANs each. ns/op is for one build; the stages
// are reported beside it.
func BenchmarkLab(b *testing.B) {
	needRoot(b)
	var spaces, wires, configure, again time.Duration
	for b.Loop() {
		start := time.Now()
		all := benchNamespaces(b)
		spaces += time.Since(start)

		start = time.Now()
		if _, err := EnsureWires(context.Background(), benchWires(all)); err != nil {
			b.Fatal(err)
		}
		wires += time.Since(start)

		start = time.Now()
		benchConfigure(b, all[2:])
		configure += time.Since(start)

		b.StopTimer()
		start = time.Now()
		benchConfigure(b, all[2:])
		again += time.Since(start)
		for _, ns := range all {
			if err := ns.Delete(); err != nil {
				b.Fatal(err)
			}
		}
		b.StartTimer()
	}
	for unit, d := range map[string]time.Duration{
		"ms-namespaces": spaces, "ms-wires": wires, "ms-configure": configure, "ms-configure-again": again,
	} {
		b.ReportMetric(float64(d.Microseconds())/1000/float64(b.N), unit)
	}
}

func benchNamespaces(b *testing.B) []Namespace {
	all := make([]Namespace, 22)
	var g errgroup.Group
	for i := range all {
		g.Go(func() (err error) {
			name := unique()
			all[i], _, err = EnsureNamespace(name, Mark{Lab: "bench", Node: name, Kind: KindHost})
			if err != nil {
				return err
			}
			if i < 2 {
				return PrepareRouter(all[i])
			}
			return PrepareHost(all[i].Path())
		})
	}
	if err := g.Wait(); err != nil {
		b.Fatal(err)
	}
	return all
}

func benchWires(all []Namespace) []Wire {
	wires := []Wire{{
		A: WireEnd{Namespace: all[0].Path(), Name: "eth1", Alias: "pe1:eth1", MTU: 1600, NoOffload: true},
		B: WireEnd{Namespace: all[1].Path(), Name: "eth1", Alias: "pe2:eth1", MTU: 1600, NoOffload: true},
	}}
	for i, ns := range all[2:] {
		wires = append(wires, Wire{
			A: WireEnd{Namespace: all[i%2].Path(), Name: fmt.Sprintf("h%d", i), Alias: ns.Name, NoOffload: true},
			B: WireEnd{Namespace: ns.Path(), Name: "eth0", Alias: ns.Name + ":eth0", MAC: mac(byte(i)), NoOffload: true},
		})
	}
	return wires
}

func benchConfigure(b *testing.B, hosts []Namespace) {
	var g errgroup.Group
	for i, ns := range hosts {
		n := Network{
			Interfaces: []Interface{{Name: "eth0", Addresses: prefixes(fmt.Sprintf("10.%d.0.2/24", i))}},
			Routes:     []Route{{netip.MustParsePrefix("0.0.0.0/0"), netip.MustParseAddr(fmt.Sprintf("10.%d.0.1", i)), "eth0"}},
		}
		for l := range 10 {
			n.Interfaces = append(n.Interfaces, Interface{
				Name: fmt.Sprintf("eth%d", l+1), LAN: true, Addresses: prefixes(fmt.Sprintf("110.%d.%d.1/24", i, l)),
			})
		}
		g.Go(func() error {
			_, err := Configure(context.Background(), ns.Path(), n)
			return err
		})
	}
	if err := g.Wait(); err != nil {
		b.Fatal(err)
	}
}
