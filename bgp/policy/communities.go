package policy

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"pseudowan/bgp/vpn"
)

// CommunityPattern stands for the communities, or the large ones, that agree with
// it in every number that it gives.
type CommunityPattern struct {
	text string // as it was read
	n    [3]uint32
	free [3]bool // any number will do

	large bool
}

// ParseCommunityPattern reads a community, whose numbers may be *.
func ParseCommunityPattern(s string) (CommunityPattern, error) {
	if c, err := vpn.ParseCommunity(s); err == nil {
		return CommunityPattern{text: s, n: [3]uint32{uint32(c) >> 16, uint32(c) & 0xffff}}, nil
	}
	return parsePattern(s, 2, 16, "community", "want 65001:100, 65001:* or a name, as no-export")
}

// ParseLargeCommunityPattern reads a large community, whose numbers may be *.
func ParseLargeCommunityPattern(s string) (CommunityPattern, error) {
	p, err := parsePattern(s, 3, 32, "large community", "want 65001:1:2 or 65001:*:*")
	p.large = err == nil
	return p, err
}

func parsePattern(s string, parts, bits int, kind, remedy string) (CommunityPattern, error) {
	p := CommunityPattern{text: s}
	words := strings.Split(s, ":")
	if len(words) != parts {
		return CommunityPattern{}, fmt.Errorf("%s %q: %s", kind, s, remedy)
	}
	for i, w := range words {
		if p.free[i] = w == "*"; p.free[i] {
			continue
		}
		n, err := strconv.ParseUint(w, 10, bits)
		if err != nil || strconv.FormatUint(n, 10) != w {
			return CommunityPattern{}, fmt.Errorf("%s %q: %s", kind, s, remedy)
		}
		p.n[i] = uint32(n)
	}
	return p, nil
}

func (p CommunityPattern) takes(c vpn.Community) bool {
	return (p.free[0] || p.n[0] == uint32(c)>>16) && (p.free[1] || p.n[1] == uint32(c)&0xffff)
}

func (p CommunityPattern) takesLarge(c vpn.LargeCommunity) bool {
	for i := range c {
		if !p.free[i] && p.n[i] != c[i] {
			return false
		}
	}
	return true
}

// Large reports whether the pattern stands for large communities.
func (p CommunityPattern) Large() bool { return p.large }

// String returns the pattern as it was read.
func (p CommunityPattern) String() string { return p.text }

// MarshalText implements encoding.TextMarshaler.
func (p CommunityPattern) MarshalText() ([]byte, error) { return []byte(p.text), nil }

// UnmarshalText implements encoding.TextUnmarshaler. It reads a pattern of either
// kind.
func (p *CommunityPattern) UnmarshalText(b []byte) (err error) {
	if strings.Count(string(b), ":") == 2 {
		*p, err = ParseLargeCommunityPattern(string(b))
	} else {
		*p, err = ParseCommunityPattern(string(b))
	}
	return err
}

// Communities are patterns for which a path has to carry a community each.
type Communities []CommunityPattern

// ParseCommunities reads patterns with spaces between them.
func ParseCommunities(s string) (Communities, error) { return parseAll(s, ParseCommunityPattern) }

func (c Communities) takes(list []vpn.Community) bool {
	for _, p := range c {
		if !slices.ContainsFunc(list, p.takes) {
			return false
		}
	}
	return true
}

// String prints the patterns in the form that ParseCommunities reads.
func (c Communities) String() string { return joined(c) }

// MarshalText implements encoding.TextMarshaler.
func (c Communities) MarshalText() ([]byte, error) { return []byte(joined(c)), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (c *Communities) UnmarshalText(b []byte) (err error) {
	*c, err = ParseCommunities(string(b))
	return err
}

// LargeCommunities are the same of large communities.
type LargeCommunities []CommunityPattern

// ParseLargeCommunities reads patterns with spaces between them.
func ParseLargeCommunities(s string) (LargeCommunities, error) {
	list, err := parseAll(s, ParseLargeCommunityPattern)
	return LargeCommunities(list), err
}

func (c LargeCommunities) takes(list []vpn.LargeCommunity) bool {
	for _, p := range c {
		if !slices.ContainsFunc(list, p.takesLarge) {
			return false
		}
	}
	return true
}

// String prints the patterns in the form that ParseLargeCommunities reads.
func (c LargeCommunities) String() string { return joined(c) }

// MarshalText implements encoding.TextMarshaler.
func (c LargeCommunities) MarshalText() ([]byte, error) { return []byte(joined(c)), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (c *LargeCommunities) UnmarshalText(b []byte) (err error) {
	*c, err = ParseLargeCommunities(string(b))
	return err
}

func parseAll(s string, parse func(string) (CommunityPattern, error)) (Communities, error) {
	words := strings.Fields(s)
	if len(words) == 0 {
		words = []string{""}
	}
	var out Communities
	for _, w := range words {
		p, err := parse(w)
		if err != nil {
			return nil, err
		}
		out = append(out, p)
	}
	return out, nil
}

func joined(list []CommunityPattern) string {
	words := make([]string, len(list))
	for i, p := range list {
		words[i] = p.text
	}
	return strings.Join(words, " ")
}
