package show_test

import (
	"io"
	"net/netip"
	"testing"

	"pseudowan/show"
	"pseudowan/status"
)

// BenchmarkRows prints many rows as they come; a row is one of b.N.
func BenchmarkRows(b *testing.B) {
	const block = 256
	label, pref := uint32(1005), uint32(100)
	prefix := func(i int) netip.Prefix {
		return netip.PrefixFrom(netip.AddrFrom4([4]byte{20, byte(i >> 14), byte(i >> 6), byte(i << 2)}), 30)
	}
	hop := netip.MustParseAddr("192.168.0.1")
	vrf := status.VRF{Router: "pe2", VRF: "red", RD: "10.0.0.2:1", Import: []string{"65000:1"}, Export: []string{"65000:1"}}
	route := status.Route{
		NextHop: hop, Label: &label, Source: status.SourceBGP, Best: true, Reason: "only path", LocalPref: &pref,
		ASPath: "65100", Origin: status.OriginIGP, ChangedBy: []string{}, SoO: []string{},
	}
	flow := status.Flow{Router: "pe2", VRF: "red", RD: "10.0.0.2:1", Direction: status.DirectionOut, Label: &label, NextHop: hop, Packets: 12, Bytes: 3456}
	rib := status.RIB{
		Router: "pe2", Family: "vpnv4", RD: "10.0.0.1:1", NextHop: hop, Label: label, Targets: []string{"65000:1"}, Best: true,
		ASPath: "65100", Origin: status.OriginIGP, LocalPref: &pref, Peer: hop,
	}
	for _, format := range []show.Format{show.Table, show.JSON} {
		o := show.Output{W: io.Discard, Format: format}
		b.Run("vrf/"+string(format), func(b *testing.B) {
			report(b, show.EachVRF(o, blocks(b.N, block, func(from, to int) []status.VRF {
				v := vrf
				for i := from; i < to; i++ {
					r := route
					r.Prefix = prefix(i)
					v.Routes = append(v.Routes, r)
				}
				return []status.VRF{v}
			})))
		})
		b.Run("flow/"+string(format), func(b *testing.B) {
			report(b, show.EachFlow(o, blocks(b.N, block, func(from, to int) (rows []status.Flow) {
				for i := from; i < to; i++ {
					f := flow
					f.Prefix = prefix(i)
					rows = append(rows, f)
				}
				return rows
			})))
		})
		b.Run("rib/"+string(format), func(b *testing.B) {
			report(b, show.EachRIB(o, blocks(b.N, block, func(from, to int) (rows []status.RIB) {
				for i := from; i < to; i++ {
					r := rib
					r.Prefix = prefix(i)
					rows = append(rows, r)
				}
				return rows
			})))
		})
	}
}

func report(b *testing.B, err error) {
	b.ReportAllocs()
	if err != nil {
		b.Fatal(err)
	}
}

// blocks makes n rows, some at a time.
func blocks[T any](n, size int, rows func(from, to int) []T) status.Rows[T] {
	return func(yield func([]T) error) error {
		for i := 0; i < n; i += size {
			if err := yield(rows(i, min(i+size, n))); err != nil {
				return err
			}
		}
		return nil
	}
}
