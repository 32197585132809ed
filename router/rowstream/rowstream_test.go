package rowstream

import (
	"bytes"
	"errors"
	"io"
	"net/netip"
	"reflect"
	"strings"
	"testing"

	"pseudowan/status"
)

// filled sets every field to a value of its own; seed tells rows apart.
func filled(v reflect.Value, seed *int) {
	*seed++
	n := *seed
	switch v.Type() {
	case addrType:
		v.Set(reflect.ValueOf(netip.AddrFrom4([4]byte{10, 0, byte(n >> 8), byte(n)})))
		return
	case prefixType:
		v.Set(reflect.ValueOf(netip.PrefixFrom(netip.AddrFrom16([16]byte{0x20, 1, 14: byte(n >> 8), 15: byte(n)}), 128)))
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(strings.Repeat("x", n%300) + "é\n")
	case reflect.Uint32, reflect.Uint64:
		v.SetUint(uint64(n))
	case reflect.Int:
		v.SetInt(int64(-n))
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		filled(v.Elem(), seed)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 3, 3))
		for i := range 3 {
			filled(v.Index(i), seed)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			filled(v.Field(i), seed)
		}
	}
}

// roundTrip writes blocks and reads them again.
func roundTrip[T any](t *testing.T, blocks ...[]T) {
	t.Helper()
	var b bytes.Buffer
	w := NewWriter[T](&b)
	for _, rows := range blocks {
		if err := w.Rows(rows); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.End(); err != nil {
		t.Fatal(err)
	}
	r := NewReader[T](&b)
	for i, want := range blocks {
		if got, err := r.Rows(); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%T, block %d: %v\n got %+v\nwant %+v", want, i, err, got, want)
		}
	}
	if rows, err := r.Rows(); !errors.Is(err, io.EOF) {
		t.Errorf("after the end: %v, %v", rows, err)
	}
}

func some[T any](t *testing.T) {
	t.Helper()
	seed := 0
	rows := make([]T, 600)
	for i := range rows {
		if i%3 > 0 { // the others are zero
			filled(reflect.ValueOf(&rows[i]).Elem(), &seed)
		}
	}
	roundTrip(t, rows[:1], rows[1:3], []T{}, rows[3:])
}

// Every field of every table arrives as it was, also one that is added later.
func TestEveryField(t *testing.T) {
	some[status.VRF](t)
	some[status.MPLS](t)
	some[status.Flow](t)
	some[status.RIB](t)
}

func TestValues(t *testing.T) {
	type row struct {
		A netip.Addr
		P netip.Prefix
		L []string
		N *uint32
	}
	zero := uint32(0)
	roundTrip(t, []row{
		{A: netip.MustParseAddr("fe80::1%eth1"), P: netip.MustParsePrefix("0.0.0.0/0"), L: []string{}, N: &zero},
		{A: netip.MustParseAddr("::ffff:10.0.0.1"), P: netip.MustParsePrefix("::/0"), L: []string{"", ""}},
		{A: netip.IPv4Unspecified(), P: netip.MustParsePrefix("10.0.0.1/8")},
	})
	var many []row // more texts than get numbers
	for i := range maxTexts + 100 {
		many = append(many, row{L: []string{strings.Repeat("y", i%500), string(rune('a' + i)), "again"}})
	}
	roundTrip(t, many, many)
}

// What was written earlier is found to be different, whatever the difference.
func TestSchema(t *testing.T) {
	type row struct{ A, B string }
	type renamed struct{ A, C string }
	type retyped struct {
		A string
		B []string
	}
	seen := map[string]bool{Schema[row](): true, Schema[renamed](): true, Schema[retyped](): true, Schema[status.VRF](): true}
	if len(seen) != 4 {
		t.Errorf("schemas: %v", seen)
	}
}

func TestRefusal(t *testing.T) {
	var b bytes.Buffer
	w := NewWriter[status.MPLS](&b)
	if err := errors.Join(w.Rows(make([]status.MPLS, 2)), w.Fail(errors.New("VRF red has changed"))); err != nil {
		t.Fatal(err)
	}
	whole := b.Bytes()
	r := NewReader[status.MPLS](bytes.NewReader(whole))
	if rows, err := r.Rows(); err != nil || len(rows) != 2 {
		t.Errorf("%v, %v", rows, err)
	}
	var why Refusal
	if _, err := r.Rows(); !errors.As(err, &why) || why != "VRF red has changed" {
		t.Errorf("refusal %v", err)
	}
	for n := range len(whole) { // wherever the agent dies
		r := NewReader[status.MPLS](bytes.NewReader(whole[:n]))
		_, err := r.Rows()
		if err == nil {
			_, err = r.Rows()
		}
		if !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Fatalf("%d octets of %d: %v", n, len(whole), err)
		}
	}
}

// FuzzReader reads anything, in bounded memory, without an end that nobody wrote.
func FuzzReader(f *testing.F) {
	var b bytes.Buffer
	rows := make([]status.VRF, 2)
	seed := 0
	filled(reflect.ValueOf(&rows[1]).Elem(), &seed)
	w := NewWriter[status.VRF](&b)
	if err := errors.Join(w.Rows(rows), w.End()); err != nil {
		f.Fatal(err)
	}
	f.Add(b.Bytes())
	f.Add([]byte{blockRows, 0, 0, 0, 4, 0xff, 0xff, 0x3f, 1})
	f.Add([]byte{blockError, 0xff, 0xff, 0x3f, 1})
	f.Fuzz(func(t *testing.T, b []byte) {
		r := NewReader[status.VRF](bytes.NewReader(b))
		for {
			rows, err := r.Rows()
			if errors.Is(err, io.EOF) && !bytes.Contains(b, []byte{blockEnd}) {
				t.Error("an end without a block of it")
			}
			if err != nil {
				return
			}
			var again bytes.Buffer
			if err := NewWriter[status.VRF](&again).Rows(rows); err != nil {
				t.Fatal(err)
			}
			if back, err := NewReader[status.VRF](&again).Rows(); err != nil || !reflect.DeepEqual(back, rows) {
				t.Errorf("%v\n got %+v\nwant %+v", err, back, rows)
			}
		}
	})
}

// routes are like those of a VRF with many.
func routes(n int) []status.VRF {
	v := status.VRF{Router: "pe2", VRF: "red", RD: "10.0.0.2:1", Import: []string{"65000:1"}, Export: []string{"65000:1"}}
	label, pref := uint32(1005), uint32(100)
	for i := range n {
		v.Routes = append(v.Routes, status.Route{
			Prefix: netip.PrefixFrom(netip.AddrFrom4([4]byte{20, byte(i >> 8), byte(i), 0}), 30), NextHop: netip.AddrFrom4([4]byte{10, 0, 0, 1}),
			Label: &label, Source: status.SourceBGP, Best: true, Reason: "only path", LocalPref: &pref, ASPath: "65100", Origin: status.OriginIGP,
			ChangedBy: []string{}, SoO: []string{},
		})
	}
	return []status.VRF{v}
}

func BenchmarkWriter(b *testing.B) {
	rows := routes(256)
	w := NewWriter[status.VRF](io.Discard)
	b.ReportAllocs()
	for b.Loop() {
		if err := w.Rows(rows); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/256, "ns/route")
}

func BenchmarkReader(b *testing.B) {
	var block bytes.Buffer
	w := NewWriter[status.VRF](&block)
	if err := w.Rows(routes(256)); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := NewReader[status.VRF](bytes.NewReader(block.Bytes())).Rows(); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/256, "ns/route")
	b.ReportMetric(float64(block.Len())/256, "octets/route")
}
