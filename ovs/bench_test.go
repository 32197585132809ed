package ovs

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"pseudowan/ovs/pipeline"
)

// routes returns the flows of n routes in one VRF, half of them IPv6.
func routes(n int) []pipeline.Flow {
	flows := make([]pipeline.Flow, 0, n)
	for i := range n {
		p := netip.PrefixFrom(netip.AddrFrom4([4]byte{20, byte(i >> 16), byte(i >> 8), byte(i)}), 32)
		if i%2 == 1 {
			p = netip.PrefixFrom(netip.AddrFrom16([16]byte{0x20, 1, 0xd, 0xb8, byte(i >> 16), byte(i >> 8), byte(i)}), 64)
		}
		flows = append(flows, pipeline.Route{
			ID: uint64(i), VRF: 1, Prefix: p,
			To: pipeline.Forward{Adjacency: 1, Label: uint32(1000 + i), MTU: 1500},
		}.Flows()...)
	}
	return flows
}

func BenchmarkStart(b *testing.B) {
	needsRoot(b)
	ns := newNamespace(b)
	dir := runDir(b)
	for b.Loop() {
		var s *Switch
		check(b, ns.do(func() (err error) {
			s, err = Start(b.Context(), Config{Dir: dir})
			return err
		}))
		b.StopTimer()
		check(b, s.Stop(b.Context()))
		b.StartTimer()
	}
}

func BenchmarkCommit(b *testing.B) {
	needsRoot(b)
	s := startSwitch(b, newNamespace(b), Config{})
	for _, size := range []struct {
		name string
		n    int
	}{{"1", 1}, {"1000", 1000}, {"100000", 100000}} {
		flows := routes(size.n)
		b.Run(size.name, func(b *testing.B) {
			for b.Loop() {
				check(b, s.Commit(b.Context(), flows, nil))
			}
			b.ReportMetric(float64(size.n*b.N)/b.Elapsed().Seconds(), "flows/s")
		})
	}
}

func BenchmarkCounters(b *testing.B) {
	needsRoot(b)
	s := startSwitch(b, newNamespace(b), Config{})
	check(b, s.Commit(b.Context(), routes(100000), nil))
	for _, exact := range []bool{false, true} {
		b.Run(map[bool]string{false: "fast", true: "exact"}[exact], func(b *testing.B) {
			for b.Loop() {
				if _, err := s.Counters(b.Context(), exact); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkApplyBridgeUnchanged(b *testing.B) {
	needsRoot(b)
	s := startSwitch(b, newNamespace(b), Config{})
	wanted := Bridge{Ports: []Port{{Number: 2, Name: "i2", Internal: true}}}
	check(b, s.ApplyBridge(b.Context(), wanted))
	for b.Loop() {
		check(b, s.ApplyBridge(b.Context(), wanted))
	}
}

// BenchmarkForwardWhileChanging pings through two switches while routes come and go in the
// first one: how long packets wait for it, compared with those of a switch at rest.
func BenchmarkForwardWhileChanging(b *testing.B) {
	needsRoot(b)
	p := newPair(b)
	p.program(b)
	flows := routes(20000)
	for _, n := range []int{0, len(flows)} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			var rtts []float64
			for b.Loop() {
				done := make(chan string, 1)
				go func() {
					out, _ := ping(p.hosts["a1"], "3000", remote(2, 0), "-i", "0.001")
					done <- out
				}()
				for len(done) == 0 {
					time.Sleep(time.Millisecond)
					check(b, p.r1.sw.Commit(b.Context(), flows[:n], nil))
					check(b, p.r1.sw.Commit(b.Context(), nil, flows[:n]))
				}
				rtts = append(rtts, roundTrips(<-done)...)
			}
			slices.Sort(rtts)
			b.ReportMetric(rtts[len(rtts)/2], "p50-ms")
			b.ReportMetric(rtts[len(rtts)*99/100], "p99-ms")
			b.ReportMetric(rtts[len(rtts)-1], "max-ms")
		})
	}
}

// roundTrips reads what ping prints of each answer, in milliseconds.
func roundTrips(out string) (list []float64) {
	for line := range strings.Lines(out) {
		if _, rest, ok := strings.Cut(line, " time="); ok {
			if ms, err := strconv.ParseFloat(strings.Fields(rest)[0], 64); err == nil {
				list = append(list, ms)
			}
		}
	}
	return list
}
