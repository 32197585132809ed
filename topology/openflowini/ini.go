package openflowini

import (
	"fmt"
	"strings"
)

// value is a value of the file, without its quotes.
type value struct {
	text string
	line int
}

// given reports whether the file has a value that is not empty.
func (v value) given() bool { return v.text != "" }

// section is a section of the file.
type section struct {
	name string // as the file spells it
	line int
	keys []string // in lower case, in the order of the file
	at   map[string]value
	used map[string]bool
}

// get returns the value of a key, and notes that it is understood.
func (s *section) get(key string) value {
	if s == nil {
		return value{}
	}
	s.used[key] = true
	return s.at[key]
}

// file is a file as Python's ConfigParser and oslo.config read it.
type file struct {
	*report
	sections []*section
	current  *section
	last     string // the key that an indented line goes on with
}

// parse reads the dialect that both programs share: sections in brackets, keys of
// any case with = or :, comments with # or ; at the beginning of a line or, after a
// blank, with ;. A section or a key that comes again adds to the first, or replaces
// it. Values may be quoted.
func parse(r *report, data []byte) *file {
	f := &file{report: r}
	n := 0
	for line := range strings.Lines(strings.TrimPrefix(string(data), "\ufeff")) {
		n++
		f.readLine(strings.TrimRight(line, "\r\n"), n)
	}
	f.defaults()
	return f
}

// isRemark reports whether a line is a comment as ConfigParser knows one more.
func isRemark(text string) bool {
	word, _, _ := strings.Cut(text, " ")
	return strings.EqualFold(word, "rem")
}

// defaults gives every section what [DEFAULT] has and the section has not.
func (f *file) defaults() {
	d := f.find("DEFAULT")
	if d == nil {
		return
	}
	for _, key := range d.keys {
		d.used[key] = true
		for _, s := range f.sections {
			if _, has := s.at[key]; !has {
				s.at[key] = d.at[key]
			}
		}
	}
}

func (f *file) readLine(line string, n int) {
	text := strings.TrimSpace(line)
	switch {
	case text == "" || text[0] == '#' || text[0] == ';' || isRemark(text):
	case line[0] == ' ' || line[0] == '\t':
		f.goOn(text, n)
	case text[0] == '[':
		f.open(text, n)
	default:
		f.set(text, n)
	}
}

// goOn reads an indented line: it belongs to the value above.
func (f *file) goOn(text string, n int) {
	if f.current == nil || f.last == "" {
		f.refuse(n, "file", fmt.Sprintf("%q is indented, and no key is above it", text), "remove the blanks before it")
		return
	}
	f.refuse(n, f.current.name, fmt.Sprintf("the value of %s goes on here", f.last), "write it in one line")
}

func (f *file) open(text string, n int) {
	name, rest, closed := strings.Cut(text[1:], "]")
	if rest = strings.TrimSpace(rest); !closed || name == "" || rest != "" && rest[0] != '#' && rest[0] != ';' {
		f.refuse(n, "file", fmt.Sprintf("%q is not a section", text), "write [Bgp], [Port], [Port1], [Vrf], [Gateway], [Bmp] or [Neighbor]")
		return
	}
	f.last = ""
	for _, s := range f.sections {
		if strings.EqualFold(s.name, name) {
			f.current = s
			return
		}
	}
	f.current = &section{name: name, line: n, at: map[string]value{}, used: map[string]bool{}}
	f.sections = append(f.sections, f.current)
}

func (f *file) set(text string, n int) {
	i := strings.IndexAny(text, "=:")
	if i < 0 {
		f.refuse(n, "file", fmt.Sprintf("%q is neither a section nor a key", text), `write key = "value"`)
		return
	}
	key := strings.ToLower(strings.TrimSpace(text[:i]))
	switch {
	case key == "":
		f.refuse(n, "file", fmt.Sprintf("%q has no key", text), `write key = "value"`)
		return
	case f.current == nil:
		f.refuse(n, key, "stands before the first section", "write [Bgp] above it")
		return
	}
	s := f.current
	if _, again := s.at[key]; !again {
		s.keys = append(s.keys, key)
	}
	s.at[key], f.last = value{f.unquote(key, text[i+1:], n), n}, key
}

// unquote returns a value without a comment behind it and without quotes.
func (f *file) unquote(key, text string, n int) string {
	text = strings.TrimSpace(text)
	if text != "" && (text[0] == '"' || text[0] == '\'') {
		inside, rest, closed := strings.Cut(text[1:], text[:1])
		rest = strings.TrimSpace(rest)
		if !closed || rest != "" && rest[0] != ';' && rest[0] != '#' {
			f.refuse(n, key, fmt.Sprintf("%s is not quoted well", text), `write key = "value"`)
			return ""
		}
		return strings.TrimSpace(inside)
	}
	for _, mark := range []string{" ;", "\t;"} {
		text, _, _ = strings.Cut(text, mark)
	}
	return strings.TrimSpace(text)
}

// find returns the section of a name; nil where there is none.
func (f *file) find(name string) *section {
	for _, s := range f.sections {
		if strings.EqualFold(s.name, name) {
			return s
		}
	}
	return nil
}

// like returns the sections whose name is a word, alone or with a number.
func (f *file) like(word string) (list []*section) {
	for _, s := range f.sections {
		number, ok := strings.CutPrefix(strings.ToLower(s.name), strings.ToLower(word))
		if ok && strings.Trim(number, "0123456789") == "" {
			list = append(list, s)
		}
	}
	return list
}
