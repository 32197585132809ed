package policy

import (
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

// PrefixList is a set of prefixes. An entry covers the prefixes within its own
// whose length is between its bounds. Of the entries that cover a prefix, the one
// with the longest prefix decides, wherever it stands; of two with the same, the
// exception.
type PrefixList []PrefixRange

// Takes reports whether the prefix is in the set.
func (l PrefixList) Takes(p netip.Prefix) bool {
	longest, taken := -1, false
	for i := range l {
		r := &l[i]
		switch bits := r.Prefix.Bits(); {
		case bits < longest || !r.covers(p):
		case bits > longest:
			longest, taken = bits, !r.Except
		case r.Except:
			taken = false
		}
	}
	return taken
}

// PrefixRange is an entry of a prefix list.
type PrefixRange struct {
	Prefix netip.Prefix
	Ge, Le int  // least and greatest length of the prefixes that it covers
	Except bool // these are not in the set
}

func (r *PrefixRange) covers(p netip.Prefix) bool {
	return r.Ge <= p.Bits() && p.Bits() <= r.Le && r.Prefix.Contains(p.Addr())
}

// ParsePrefixRange reads "10.0.0.0/8", which covers this prefix alone, and
// "10.0.0.0/8 ge 12 le 24". Without "le", all lengths from "ge" on are covered;
// without "ge", all from that of the prefix. "except" in front makes it an
// exception.
func ParsePrefixRange(s string) (PrefixRange, error) {
	r, err := parsePrefixRange(strings.Fields(s))
	if err != nil {
		return PrefixRange{}, fmt.Errorf("prefix list entry %q: %w", s, err)
	}
	return r, nil
}

const entryForm = "want a prefix, as 10.0.0.0/8, 10.0.0.0/8 le 24, 10.0.0.0/8 ge 16 le 24 or except 10.1.0.0/16"

func parsePrefixRange(words []string) (r PrefixRange, err error) {
	if len(words) > 0 && words[0] == "except" {
		r.Except, words = true, words[1:]
	}
	if len(words) == 0 || len(words)%2 == 0 {
		return r, errors.New(entryForm)
	}
	if r.Prefix, err = netip.ParsePrefix(words[0]); err != nil {
		return r, errors.New(entryForm)
	}
	if r.Prefix != r.Prefix.Masked() {
		return r, fmt.Errorf("bits are set behind the prefix length; want %s", r.Prefix.Masked())
	}
	if r.Prefix.Addr().Is4In6() {
		return r, errors.New("no route has an IPv4-mapped IPv6 prefix; write it as IPv4")
	}
	r.Ge, r.Le = r.Prefix.Bits(), r.Prefix.Bits()
	return r, r.bounds(words[1:])
}

func (r *PrefixRange) bounds(words []string) error {
	most := r.Prefix.Addr().BitLen()
	given := make(map[string]bool)
	for ; len(words) > 0; words = words[2:] {
		n, err := strconv.ParseUint(words[1], 10, 8)
		switch {
		case words[0] != "ge" && words[0] != "le":
			return fmt.Errorf("unknown word %q; %s", words[0], entryForm)
		case given[words[0]]:
			return fmt.Errorf("%s stands twice", words[0])
		case err != nil || int(n) > most:
			return fmt.Errorf("%s %s is not a prefix length up to %d", words[0], words[1], most)
		case int(n) < r.Prefix.Bits():
			return fmt.Errorf("%s %d is less than the length of the prefix, %d", words[0], n, r.Prefix.Bits())
		case words[0] == "ge":
			r.Ge = int(n)
		default:
			r.Le = int(n)
		}
		given[words[0]] = true
	}
	if given["ge"] && !given["le"] {
		r.Le = most
	}
	if r.Ge > r.Le {
		return fmt.Errorf("ge %d is greater than le %d", r.Ge, r.Le)
	}
	return nil
}

// String prints the entry in the form that ParsePrefixRange reads.
func (r PrefixRange) String() string {
	s := r.Prefix.String()
	if r.Except {
		s = "except " + s
	}
	if r.Ge != r.Prefix.Bits() {
		s += fmt.Sprintf(" ge %d", r.Ge)
	}
	if r.Le != r.Prefix.Bits() && (r.Ge == r.Prefix.Bits() || r.Le != r.Prefix.Addr().BitLen()) {
		s += fmt.Sprintf(" le %d", r.Le)
	}
	return s
}

// MarshalText implements encoding.TextMarshaler.
func (r PrefixRange) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (r *PrefixRange) UnmarshalText(b []byte) (err error) {
	*r, err = ParsePrefixRange(string(b))
	return err
}
