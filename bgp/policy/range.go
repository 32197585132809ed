package policy

import (
	"fmt"
	"strconv"
	"strings"
)

// Range is a range of numbers.
type Range struct{ First, Last uint32 }

// ParseRange reads "50" or "50-100".
func ParseRange(s string) (Range, error) {
	first, last, ok := strings.Cut(s, "-")
	if !ok {
		last = first
	}
	a, err1 := strconv.ParseUint(first, 10, 32)
	b, err2 := strconv.ParseUint(last, 10, 32)
	if err1 != nil || err2 != nil || a > b {
		return Range{}, fmt.Errorf("%q is neither a number nor a range of numbers up to 4294967295, as in 50 or 50-100", s)
	}
	return Range{uint32(a), uint32(b)}, nil
}

func (r Range) contains(n *uint32) bool {
	if n == nil {
		return r.First == 0
	}
	return r.First <= *n && *n <= r.Last
}

// String prints the range in the form that ParseRange reads.
func (r Range) String() string {
	if r.First == r.Last {
		return strconv.FormatUint(uint64(r.First), 10)
	}
	return fmt.Sprintf("%d-%d", r.First, r.Last)
}

// MarshalText implements encoding.TextMarshaler.
func (r Range) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (r *Range) UnmarshalText(b []byte) (err error) {
	*r, err = ParseRange(string(b))
	return err
}
