package policy

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
)

// ASPathPattern is a regular expression (RE2) over an AS path as it is printed:
// numbers with spaces between them, nearest AS first, sets in braces as in
// "65001 65002 {65003,65004}". An underscore stands for what separates numbers:
// the begin or the end of the path, a space, a comma, a brace, bracket or
// parenthesis.
type ASPathPattern struct {
	text string
	re   *regexp.Regexp
}

// maxPattern bounds the text of a pattern.
const maxPattern = 512

const boundary = `(?:^|$|[ ,{}()\[\]])`

// ParseASPathPattern reads a regular expression.
func ParseASPathPattern(s string) (ASPathPattern, error) {
	fail := func(why string) (ASPathPattern, error) {
		return ASPathPattern{}, fmt.Errorf("AS path pattern %q: %s", s, why)
	}
	if s == "" || len(s) > maxPattern {
		return fail(fmt.Sprintf("want a regular expression of 1 to %d characters; the empty path is ^$", maxPattern))
	}
	text, err := expand(s)
	if err != nil {
		return fail(err.Error())
	}
	re, err := regexp.Compile(text)
	if err != nil {
		// The error quotes the expanded text.
		_, why, _ := strings.Cut(err.Error(), ": ")
		why, _, _ = strings.Cut(why, ": `")
		return fail(why)
	}
	return ASPathPattern{s, re}, nil
}

// expand replaces the underscores.
func expand(s string) (string, error) {
	var b strings.Builder
	class := false
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '\\' && i+1 < len(s):
			b.WriteByte(c)
			i++
			b.WriteByte(s[i])
			continue
		case c == '[' && !class:
			class = true
			if rest := s[i+1:]; strings.HasPrefix(rest, "]") || strings.HasPrefix(rest, "^]") { // a literal ]
				n := strings.IndexByte(rest, ']') + 1
				b.WriteString(s[i : i+1+n])
				i += n
				continue
			}
		case c == ']':
			class = false
		case c == '_' && class:
			return "", errors.New("_ inside brackets stands for nothing; take it out of them")
		case c == '_':
			b.WriteString(boundary)
			continue
		}
		b.WriteByte(s[i])
	}
	return b.String(), nil
}

// Takes reports whether the pattern fits the printed path.
func (a ASPathPattern) Takes(printed string) bool { return a.re != nil && a.re.MatchString(printed) }

// String returns the pattern as it was read.
func (a ASPathPattern) String() string { return a.text }

// MarshalText implements encoding.TextMarshaler.
func (a ASPathPattern) MarshalText() ([]byte, error) { return []byte(a.text), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (a *ASPathPattern) UnmarshalText(b []byte) (err error) {
	*a, err = ParseASPathPattern(string(b))
	return err
}
