package impair

import (
	"math"
	"strings"
	"testing"
	"time"
)

func TestParse(t *testing.T) {
	for _, c := range []struct {
		loss, delay, rate string
		want              Impairment
		refusal           string
	}{
		{"", "", "", Impairment{}, ""},
		{"0.5%", "20ms", "10m", Impairment{0.005, 20 * time.Millisecond, 10e6}, ""},
		{"100%", "1m", "100G", Impairment{1, time.Minute, 100e9}, ""},
		{"", "", "8000", Impairment{Rate: 8000}, ""},
		{"5", "", "", Impairment{}, "not a percentage"},
		{"0%", "", "", Impairment{}, "not a percentage"},
		{"NaN%", "", "", Impairment{}, "not a percentage"},
		{"-1%", "", "", Impairment{}, "not a percentage"},
		{"", "0s", "", Impairment{}, "not a duration"},
		{"", "20", "", Impairment{}, "not a duration"},
		{"", "-1s", "", Impairment{}, "not between 0 and 1m"},
		{"", "61s", "", Impairment{}, "not between 0 and 1m"},
		{"", "", "10", Impairment{}, "not between 8K and 100G"},
		{"", "", "99999999999999999999G", Impairment{}, "not between 8K and 100G"},
		{"", "", "10MM", Impairment{}, "not between 8K and 100G"},
	} {
		got, err := Parse(c.loss, c.delay, c.rate)
		switch {
		case c.refusal == "" && (err != nil || got != c.want):
			t.Errorf("%q %q %q: %+v, %v", c.loss, c.delay, c.rate, got, err)
		case c.refusal != "" && (err == nil || !strings.Contains(err.Error(), c.refusal)):
			t.Errorf("%q %q %q: %v; want %q", c.loss, c.delay, c.rate, err, c.refusal)
		}
	}
}

func TestCheck(t *testing.T) {
	for _, m := range []Impairment{{Loss: math.NaN()}, {Loss: 1.1}, {Loss: -0.1}, {Delay: -1}, {Rate: 1}} {
		if m.Check() == nil {
			t.Errorf("%+v is taken", m)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add("5%", "20ms", "10M")
	f.Fuzz(func(t *testing.T, loss, delay, rate string) {
		m, err := Parse(loss, delay, rate)
		if err == nil && m.Check() != nil {
			t.Errorf("%q %q %q is taken for %+v", loss, delay, rate, m)
		}
	})
}
