package vpn

import "testing"

// FuzzParse checks that valid values have one spelling and one encoding, both as
// route distinguishers and as route targets.
func FuzzParse(f *testing.F) {
	for _, tt := range spellings {
		f.Add(tt.text)
	}
	f.Add("1.2.3.4L:65536")
	f.Fuzz(func(t *testing.T, text string) {
		rd, errRD := ParseRD(text)
		target, errTarget := ParseRouteTarget(text)
		if (errRD == nil) != (errTarget == nil) {
			t.Fatalf("%q: RD %v, route target %v", text, errRD, errTarget)
		}
		if errRD != nil {
			return
		}
		if back, err := RDFromBytes(rd.Bytes()); err != nil || back != rd {
			t.Errorf("%q: %v from octets of %v, %v", text, back, rd, err)
		}
		if back, ok := RouteTargetFromBytes(target.Bytes()); !ok || back != target {
			t.Errorf("%q: %v from octets of %v", text, back, target)
		}
		if again, err := ParseRD(rd.String()); err != nil || again != rd || rd.String() != target.String() {
			t.Errorf("%q prints as %q and %q, which is read as %v, %v", text, rd, target, again, err)
		}
	})
}

// FuzzBytes checks that octets are read or refused, and that what is read is
// written back unchanged.
func FuzzBytes(f *testing.F) {
	for _, tt := range spellings {
		rd, _ := ParseRD(tt.text)
		target, _ := ParseRouteTarget(tt.text)
		a, b := rd.Bytes(), target.Bytes()
		f.Add(a[:])
		f.Add(b[:])
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) < 8 {
			return
		}
		b := [8]byte(data)
		if rd, err := RDFromBytes(b); err == nil {
			if again, err := ParseRD(rd.String()); rd.Bytes() != b || err != nil || again != rd {
				t.Errorf("%x is the RD %v, which is read as %v, %v", b, rd, again, err)
			}
		}
		if target, ok := RouteTargetFromBytes(b); ok {
			if again, err := ParseRouteTarget(target.String()); target.Bytes() != b || err != nil || again != target {
				t.Errorf("%x is the route target %v, which is read as %v, %v", b, target, again, err)
			}
		}
	})
}

func FuzzParseLabelRange(f *testing.F) {
	f.Add("1000-1999")
	f.Add(" 16 - 1048575 ")
	f.Add("15-16")
	f.Fuzz(func(t *testing.T, text string) {
		r, err := ParseLabelRange(text)
		if err != nil {
			return
		}
		if r.First < LabelFirstUnreserved || r.Last > LabelMax || r.Size() < 1 || !r.Contains(r.First) || !r.Contains(r.Last) {
			t.Errorf("%q is the range %v", text, r)
		}
		if again, err := ParseLabelRange(r.String()); err != nil || again != r {
			t.Errorf("%q prints as %q, which is read as %v, %v", text, r, again, err)
		}
	})
}
