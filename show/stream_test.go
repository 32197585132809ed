package show

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"

	"pseudowan/status"
)

// parts passes on rows in blocks of n, and the routes of each VRF in parts of n.
func parts(rows []status.VRF, n int) status.Rows[status.VRF] {
	return func(yield func([]status.VRF) error) error {
		for _, v := range sorted(rows, byVRF) {
			routes := sorted(v.Routes, byRoute)
			for first := true; first || len(routes) > 0; first = false {
				part := v
				part.Routes = routes[:min(n, len(routes))]
				routes = routes[len(part.Routes):]
				if err := yield([]status.VRF{part}); err != nil {
					return err
				}
			}
		}
		return nil
	}
}

func blocks[T any](rows []T, n int) status.Rows[T] {
	return func(yield func([]T) error) error {
		for len(rows) > 0 {
			part := rows[:min(n, len(rows))]
			rows = rows[len(part):]
			if err := yield(part); err != nil {
				return err
			}
		}
		return nil
	}
}

// What comes in blocks is printed as what comes at once.
func TestBlocks(t *testing.T) {
	for _, f := range Formats() {
		for n := 1; n < 5; n++ {
			same := func(name string, once, parts func(Output) error) {
				t.Helper()
				var want, got bytes.Buffer
				if err := errors.Join(once(Output{W: &want, Format: f}), parts(Output{W: &got, Format: f})); err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(want.String(), got.String()); diff != "" {
					t.Errorf("%s, %s, blocks of %d:\n%s", name, f, n, diff)
				}
			}
			same("vrf", func(o Output) error { return VRFs(o, vrfs) }, func(o Output) error { return EachVRF(o, parts(vrfs, n)) })
			same("mpls", func(o Output) error { return MPLS(o, bindings) }, func(o Output) error { return EachMPLS(o, blocks(sorted(bindings, byBinding), n)) })
			same("flow", func(o Output) error { return Flows(o, flows) }, func(o Output) error { return EachFlow(o, blocks(sorted(flows, byFlow), n)) })
			same("rib", func(o Output) error { return RIB(o, ribs) }, func(o Output) error { return EachRIB(o, blocks(sorted(ribs, byRIB), n)) })
			same("no rib", func(o Output) error { return RIB(o, nil) }, func(o Output) error { return EachRIB(o, blocks[status.RIB](nil, n)) })
			same("no vrf", func(o Output) error { return VRFs(o, nil) }, func(o Output) error { return EachVRF(o, parts(nil, n)) })
		}
	}
}

// The list is that of the encoder.
func TestListsAreWhole(t *testing.T) {
	for _, f := range []Format{JSON, YAML} {
		var got, want bytes.Buffer
		all := sorted(vrfs, byVRF)
		for i := range all {
			all[i].Import, all[i].Export, all[i].Routes = present(all[i].Import), present(all[i].Export), present(sorted(all[i].Routes, byRoute))
			for j := range all[i].Routes {
				r := &all[i].Routes[j]
				r.ChangedBy, r.SoO = present(r.ChangedBy), present(r.SoO)
			}
		}
		write := map[Format]func() error{JSON: func() error { return writeJSON(&want, all) }, YAML: func() error { return writeYAML(&want, all) }}
		if err := errors.Join(write[f](), VRFs(Output{W: &got, Format: f}, vrfs)); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want.String(), got.String()); diff != "" {
			t.Errorf("%s:\n%s", f, diff)
		}
	}
}

// Rows are printed before the last one is there, and only widen their columns.
func TestRowsComeEarly(t *testing.T) {
	var b bytes.Buffer
	row := func(i int) status.MPLS {
		return status.MPLS{Router: "pe1", VRF: "red", RD: "65000:1", Prefix: netip.PrefixFrom(netip.AddrFrom4([4]byte{10, byte(i >> 8), byte(i)}), 24)}
	}
	err := EachMPLS(Output{W: &b}, func(yield func([]status.MPLS) error) error {
		for i := range 2 * window {
			if i > window && !strings.Contains(b.String(), "10.0.0.0/24") {
				t.Fatal("nothing is printed yet")
			}
			if err := yield([]status.MPLS{row(i)}); err != nil {
				return err
			}
		}
		wide := row(0)
		wide.Router = "a-router-with-a-long-name"
		return yield([]status.MPLS{wide, row(1)})
	})
	lines := strings.Split(strings.TrimSuffix(b.String(), "\n"), "\n")
	if err != nil || len(lines) != 2+2*window+2 {
		t.Fatalf("%d lines, %v", len(lines), err)
	}
	if last := lines[len(lines)-1]; strings.Index(last, "65000:1") != len("a-router-with-a-long-name")+gap {
		t.Errorf("%q", last)
	}
}

// A column that only rows after the window fill is there.
func TestLaterStacks(t *testing.T) {
	var b bytes.Buffer
	err := EachMPLS(Output{W: &b}, func(yield func([]status.MPLS) error) error {
		for i := range window + 1 {
			row := status.MPLS{Router: "pe1", Label: 1000, Stack: []uint32{1000}}
			if i == window {
				row.Stack = []uint32{5003, 1000}
			}
			if err := yield([]status.MPLS{row}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil || !strings.Contains(b.String(), "stack") || !strings.Contains(b.String(), "5003,1000") {
		t.Errorf("%v\n%s", err, b.String())
	}
}

// Of a table that is not whole people see the rows, and programs get no document.
func TestIncomplete(t *testing.T) {
	broken := fmt.Errorf("%w: router pe2: gone", status.ErrIncomplete)
	for _, f := range Formats() {
		var b bytes.Buffer
		err := EachRIB(Output{W: &b, Format: f}, func(yield func([]status.RIB) error) error {
			return errors.Join(yield(ribs[:1]), broken)
		})
		if !errors.Is(err, status.ErrIncomplete) || !strings.Contains(b.String(), ribs[0].Prefix.String()) {
			t.Errorf("%s: %v\n%s", f, err, &b)
		}
		if f == JSON && json.Valid(b.Bytes()) || f == YAML && yaml.Unmarshal(b.Bytes(), new(any)) == nil {
			t.Errorf("%s: a part is a document:\n%s", f, &b)
		}
		b.Reset()
		away := errors.New("router pe2 does not answer")
		if err := EachRIB(Output{W: &b, Format: f}, func(func([]status.RIB) error) error { return away }); !errors.Is(err, away) || b.Len() > 0 {
			t.Errorf("%s: without any rows: %v, %q", f, err, &b)
		}
	}
}

// Wherever a list in YAML is cut, it is no document.
func TestIncompleteYAML(t *testing.T) {
	parts := [][]status.VRF{{{Router: "pe1", VRF: "red"}}, {{Router: "pe1", VRF: "red", Routes: make([]status.Route, 1)}}, {{Router: "pe1", VRF: "green"}}}
	for n := range parts {
		var b bytes.Buffer
		err := EachVRF(Output{W: &b, Format: YAML}, func(yield func([]status.VRF) error) error {
			for _, p := range parts[:n+1] {
				if err := yield(p); err != nil {
					return err
				}
			}
			return status.ErrIncomplete
		})
		if !errors.Is(err, status.ErrIncomplete) || !strings.Contains(b.String(), "pe1") || yaml.Unmarshal(b.Bytes(), new(any)) == nil {
			t.Errorf("%d parts: %v\n%s", n+1, err, &b)
		}
	}
}
