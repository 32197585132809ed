package original

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// The original evaluates the bodies of requests as Python, and its client sends what
// Python prints of a dictionary. What it needs of that is read here, and of JSON: strings
// in either quotes, numbers, and dictionaries of them.

// maxDepth is how deep dictionaries may be in each other; the original's are two deep.
const maxDepth = 4

// object is a dictionary, whose values are strings or objects. A number is its digits,
// and None or null the empty string.
type object map[string]any

// parseObject reads the body of a request.
func parseObject(text string) (object, error) {
	if !utf8.ValidString(text) {
		return nil, errors.New("the body is not UTF-8")
	}
	p := &literal{text: text}
	p.space()
	o, err := p.object(0)
	if err == nil {
		if p.space(); p.at < len(text) {
			err = errors.New("something follows the object")
		}
	}
	if err != nil {
		return nil, fmt.Errorf("octet %d of the body: %w", p.at, err)
	}
	return o, nil
}

// literal is a text that is being read.
type literal struct {
	text string
	at   int
}

func (p *literal) space() {
	for p.at < len(p.text) && strings.IndexByte(" \t\r\n", p.text[p.at]) >= 0 {
		p.at++
	}
}

// take reads an octet if it is the next.
func (p *literal) take(c byte) bool {
	if p.at < len(p.text) && p.text[p.at] == c {
		p.at++
		return true
	}
	return false
}

func (p *literal) object(depth int) (object, error) {
	switch {
	case depth == maxDepth:
		return nil, fmt.Errorf("objects are more than %d deep", maxDepth)
	case !p.take('{'):
		return nil, errors.New("no object begins here")
	}
	o := object{}
	for p.space(); !p.take('}'); p.space() {
		if len(o) > 0 {
			if !p.take(',') {
				return nil, errors.New("a comma or } is missing")
			}
			if p.space(); p.take('}') { // Python takes a comma at the end
				break
			}
		}
		if err := p.pair(o, depth); err != nil {
			return nil, err
		}
	}
	return o, nil
}

func (p *literal) pair(o object, depth int) error {
	key, err := p.string()
	if err != nil {
		return err
	}
	if _, twice := o[key]; twice {
		return fmt.Errorf("the key %q is there twice", key)
	}
	if p.space(); !p.take(':') {
		return fmt.Errorf("a colon after the key %q is missing", key)
	}
	p.space()
	o[key], err = p.value(depth)
	return err
}

func (p *literal) value(depth int) (any, error) {
	rest := p.text[p.at:]
	switch {
	case strings.HasPrefix(rest, "{"):
		return p.object(depth + 1)
	case strings.HasPrefix(rest, "None"), strings.HasPrefix(rest, "null"):
		p.at += len("null")
		return "", nil
	case rest != "" && (rest[0] == '-' || rest[0] >= '0' && rest[0] <= '9'):
		return p.number()
	}
	return p.string()
}

// number reads a whole number.
func (p *literal) number() (string, error) {
	begin := p.at
	p.take('-')
	for p.at < len(p.text) && p.text[p.at] >= '0' && p.text[p.at] <= '9' {
		p.at++
	}
	n, err := strconv.ParseInt(p.text[begin:p.at], 10, 64)
	if err != nil || strconv.FormatInt(n, 10) != p.text[begin:p.at] {
		return "", fmt.Errorf("%s is not a whole number", p.text[begin:p.at])
	}
	return p.text[begin:p.at], nil
}

// string reads a string in either quotes, perhaps with the u of Python 2 before it.
func (p *literal) string() (string, error) {
	if strings.HasPrefix(p.text[p.at:], "u'") || strings.HasPrefix(p.text[p.at:], `u"`) {
		p.at++
	}
	if p.at == len(p.text) || p.text[p.at] != '\'' && p.text[p.at] != '"' {
		return "", errors.New("a string is missing")
	}
	quote := p.text[p.at]
	p.at++
	var b strings.Builder
	for p.at < len(p.text) {
		c := p.text[p.at]
		p.at++
		switch {
		case c == quote:
			return b.String(), nil
		case c < ' ':
			return "", errors.New("a string has a control character")
		case c != '\\':
			b.WriteByte(c)
		default:
			r, err := p.escaped()
			if err != nil {
				return "", err
			}
			b.WriteRune(r)
		}
	}
	return "", errors.New("a string does not end")
}

// escapes are what stands after a backslash for one character, in JSON or in Python.
var escapes = map[byte]rune{'"': '"', '\'': '\'', '\\': '\\', '/': '/', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t'}

// escaped reads what follows a backslash.
func (p *literal) escaped() (rune, error) {
	if p.at == len(p.text) {
		return 0, errors.New("a string does not end")
	}
	c := p.text[p.at]
	p.at++
	if c != 'u' && c != 'x' {
		r, known := escapes[c]
		if !known {
			return 0, fmt.Errorf(`\%c is not known in strings`, c)
		}
		return r, nil
	}
	digits := map[byte]int{'u': 4, 'x': 2}[c]
	r, err := p.hex(digits)
	if err != nil || !utf16.IsSurrogate(r) {
		return r, err
	}
	after := p.at
	if p.take('\\') && p.take('u') {
		low, err := p.hex(digits)
		if pair := utf16.DecodeRune(r, low); err == nil && pair != utf8.RuneError {
			return pair, nil
		}
	}
	p.at = after
	return utf8.RuneError, nil
}

func (p *literal) hex(digits int) (rune, error) {
	if len(p.text)-p.at < digits {
		return 0, errors.New("a string does not end")
	}
	n, err := strconv.ParseUint(p.text[p.at:p.at+digits], 16, 16)
	if err != nil {
		return 0, fmt.Errorf("%q is not hexadecimal", p.text[p.at:p.at+digits])
	}
	p.at += digits
	return rune(n), nil
}
