package show

import (
	"math"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"pseudowan/status"
)

// sameAsJSON compares encodeItems with encoding/json.
func sameAsJSON[T any](t *testing.T, rows []T) {
	t.Helper()
	for _, margin := range []string{"", "    "} {
		want, err := marshalJSONBelow(rows, margin)
		if err != nil {
			t.Fatal(err)
		}
		got, err := encodeItems(rows, margin)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), "[\n"+string(got)+"\n"+margin+"]\n"); diff != "" {
			t.Errorf("%T:\n%s", rows, diff)
		}
	}
}

var odd = []string{"", "plain", `a "quoted" \ one`, "tab\tline\nend\r\x00\x1f\x7f", "é ☃ \u2028\u2029", "<a & b>", "\xff broken \xc3"}

func TestRowsAreThoseOfEncodingJSON(t *testing.T) {
	zero, most := uint32(0), uint32(math.MaxUint32)
	zoned := netip.MustParseAddr("fe80::1").WithZone(`e"th`)
	var ribs []status.RIB
	var vrfs []status.VRF
	var flows []status.Flow
	var bindings []status.MPLS
	for _, s := range odd {
		ribs = append(ribs, status.RIB{Router: s, Origin: status.Origin(s), Targets: odd, Communities: []string{}, Prefix: netip.MustParsePrefix("2001:db8::/32"), NextHop: zoned, MED: &zero, LocalPref: &most, Stale: true})
		flows = append(flows, status.Flow{Direction: status.Direction(s), Packets: math.MaxUint64, Label: &zero, Prefix: netip.MustParsePrefix("0.0.0.0/0"), NextHop: netip.MustParseAddr("::ffff:10.0.0.1")})
		bindings = append(bindings, status.MPLS{RD: s, Label: most, NextHop: netip.IPv6Unspecified()})
		vrfs = append(vrfs, status.VRF{VRF: s, Held: -1, Routes: []status.Route{{}, {Reason: s, Best: true, SoO: odd[:2]}}})
	}
	sameAsJSON(t, append(ribs, status.RIB{}))
	sameAsJSON(t, append(flows, status.Flow{}))
	sameAsJSON(t, append(bindings, status.MPLS{}))
	sameAsJSON(t, append(vrfs, status.VRF{}, status.VRF{Routes: []status.Route{}}))
}

// Rows of kinds that no table of routes has are written, too.
func TestOtherRowsAreThoseOfEncodingJSON(t *testing.T) {
	type embedded struct {
		A string `json:"a"`
	}
	type row struct {
		embedded
		B int `json:"b,omitempty"`
	}
	now := time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC)
	sameAsJSON(t, []row{{embedded{"x"}, 0}, {embedded{"y"}, 1}})
	sameAsJSON(t, []status.Station{{Since: now, Statistics: 1.5, LastErrorAt: &now, Routes: []string{"a"}}, {}})
	sameAsJSON(t, []struct {
		F []byte         `json:"f"`
		M map[string]int `json:"m"`
		N any            `json:"n"`
		E struct{}       `json:"e"`
	}{{[]byte("abc"), map[string]int{"b": 1, "a": 2}, odd, struct{}{}}})
}

func FuzzRowText(f *testing.F) {
	for _, s := range odd {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		sameAsJSON(t, []status.MPLS{{VRF: s, NextHop: netip.IPv6Unspecified().WithZone(strings.ToValidUTF8(s, ""))}})
	})
}
