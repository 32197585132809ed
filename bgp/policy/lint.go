package policy

import (
	"encoding/json"
	"fmt"
	"regexp/syntax"
	"slices"
	"strings"

	"pseudowan/bgp/vpn"
)

// Finding is something about a term that its author cannot have meant.
type Finding struct {
	Term    int // from 1; 0: of the policy as a whole
	Message string
}

// Lint finds terms that take nothing, that no path reaches, or that change what
// they reject.
func (p *Policy) Lint() []Finding {
	var out []Finding
	if len(p.Terms) == 0 {
		return []Finding{{0, "has no terms"}}
	}
	for i := range p.Terms {
		t := &p.Terms[i]
		if before := p.shadow(i); before >= 0 {
			out = append(out, Finding{i + 1, fmt.Sprintf("is never reached: term %d decides on all that it would take", before+1)})
			continue
		}
		if why := t.Match.nothing(nil); why != "" {
			out = append(out, Finding{i + 1, "can match nothing: " + why})
		}
		if t.Then == Reject && !t.Set.empty() {
			out = append(out, Finding{i + 1, "sets what it rejects"})
		}
	}
	return out
}

// Idle says why a policy takes no path of the families; "" if it may.
func (p *Policy) Idle(families []vpn.Family) string {
	why := ""
	for i := range p.Terms {
		nothing := p.Terms[i].Match.nothing(families)
		if nothing == "" {
			return ""
		}
		why = nothing
	}
	return why
}

// Final reports whether a policy decides on every path, so that no policy after
// it is reached.
func (p *Policy) Final() bool {
	return slices.ContainsFunc(p.Terms, func(t Term) bool { return t.decides() && t.Match.Everything() })
}

// Weighs returns the first term that sets a weight of what it lets pass, from 1; 0:
// none does.
func (p *Policy) Weighs() int {
	return 1 + slices.IndexFunc(p.Terms, func(t Term) bool { return t.Set.Weight != nil && t.Then != Reject })
}

// shadow returns the term that decides on all that term i would take; -1: none.
func (p *Policy) shadow(i int) int {
	for j := range p.Terms[:i] {
		t := &p.Terms[j]
		if t.decides() && (t.Match.Everything() || t.Match.equal(&p.Terms[i].Match)) && !p.changes(j, i) {
			return j
		}
	}
	return -1
}

// changes reports whether a term between two may make a path other than the
// first of them saw it.
func (p *Policy) changes(j, i int) bool {
	if p.Terms[j].Match.Everything() {
		return false
	}
	return slices.ContainsFunc(p.Terms[j+1:i], func(t Term) bool { return !t.decides() && !t.Set.empty() })
}

func (m *Match) equal(o *Match) bool {
	a, err1 := json.Marshal(m)
	b, err2 := json.Marshal(o)
	return err1 == nil && err2 == nil && string(a) == string(b)
}

// Equal reports whether two chains do the same with every path.
func (c Chain) Equal(o Chain) bool {
	a, err1 := json.Marshal(c)
	b, err2 := json.Marshal(o)
	return err1 == nil && err2 == nil && string(a) == string(b)
}

func (s *Set) empty() bool {
	return s.MED == nil && s.LocalPref == nil && s.Weight == nil && !s.NextHop.IsValid() && s.Prepend.Times == 0 && len(s.Prepend.AS) == 0 &&
		s.Communities.empty() && s.Large.empty() && s.RTs.empty() && s.SoO.empty()
}

// nothing says why the match takes no path of the families, nil for any; "" if it
// may.
func (m *Match) nothing(families []vpn.Family) string {
	if m.Families != nil {
		if families == nil {
			families = m.Families
		}
		both := slices.DeleteFunc(slices.Clone(families), func(f vpn.Family) bool { return !slices.Contains(m.Families, f) })
		if len(both) == 0 {
			return fmt.Sprintf("it wants %s, and the routes are of %s", list(m.Families), list(families))
		}
		families = both
	}
	if why := m.noPrefix(families); why != "" {
		return why
	}
	plain := families != nil && !slices.ContainsFunc(families, func(f vpn.Family) bool { return f != f.Plain() })
	switch {
	case plain && (m.RD != nil || m.RTs != nil):
		return "routes of " + list(families) + " have neither RD nor route targets"
	case m.ASPath != nil && !slices.ContainsFunc(m.ASPath, ASPathPattern.possible):
		return "no AS path is printed as the pattern demands"
	case m.demandsNoItem():
		return "one of its lists is empty"
	}
	return ""
}

// Contradiction says why two demands exclude each other; "" if they do not.
func (m *Match) Contradiction() string {
	if m.Families == nil {
		return ""
	}
	named := *m
	named.ASPath = nil
	if m.Prefixes != nil && !slices.ContainsFunc(m.Prefixes, func(r PrefixRange) bool { return !r.Except }) {
		named.Prefixes = nil // a fault of the list
	}
	if named.demandsNoItem() || len(m.Families) == 0 {
		return ""
	}
	return named.nothing(nil)
}

func (m *Match) demandsNoItem() bool {
	return slices.Contains([]bool{
		m.Communities != nil && len(m.Communities) == 0, m.Large != nil && len(m.Large) == 0, m.RTs != nil && len(m.RTs) == 0,
		m.SoO != nil && len(m.SoO) == 0, m.Extended != nil && len(m.Extended) == 0, m.NextHop != nil && len(m.NextHop) == 0,
		m.RD != nil && len(m.RD) == 0, m.MED != nil && len(m.MED) == 0,
	}, true)
}

// noPrefix says why no route of the families has a prefix of the list.
func (m *Match) noPrefix(families []vpn.Family) string {
	if m.Prefixes == nil {
		return ""
	}
	taken := slices.DeleteFunc(slices.Clone(m.Prefixes), func(r PrefixRange) bool { return r.Except })
	if len(taken) == 0 {
		return "its prefix list takes no prefix"
	}
	carried := func(r PrefixRange) bool {
		f := vpn.FamilyOf(r.Prefix)
		return families == nil || slices.Contains(families, f) || slices.Contains(families, f.Plain())
	}
	if !slices.ContainsFunc(taken, carried) {
		return "no prefix of its list is of " + list(families)
	}
	return ""
}

func list(families []vpn.Family) string {
	words := make([]string, len(families))
	for i, f := range families {
		words[i] = string(f)
	}
	if len(words) == 0 {
		return "no family"
	}
	return strings.Join(words, " and ")
}

// possible reports whether the pattern is not one that fits no printed path, as
// one with letters.
func (a ASPathPattern) possible() bool {
	if a.re == nil {
		return false
	}
	re, err := syntax.Parse(a.re.String(), syntax.Perl)
	return err == nil && printable(re)
}

// alphabet is what AS paths are printed with.
const alphabet = "0123456789 ,{}()[]"

func printable(re *syntax.Regexp) bool {
	all := func(yes func(*syntax.Regexp) bool) bool {
		return !slices.ContainsFunc(re.Sub, func(s *syntax.Regexp) bool { return !yes(s) })
	}
	switch re.Op {
	case syntax.OpNoMatch:
		return false
	case syntax.OpLiteral:
		return !slices.ContainsFunc(re.Rune, func(r rune) bool { return !strings.ContainsRune(alphabet, r) })
	case syntax.OpCharClass:
		return strings.ContainsFunc(alphabet, func(r rune) bool {
			for i := 0; i+1 < len(re.Rune); i += 2 {
				if re.Rune[i] <= r && r <= re.Rune[i+1] {
					return true
				}
			}
			return false
		})
	case syntax.OpAlternate:
		return slices.ContainsFunc(re.Sub, printable)
	case syntax.OpStar, syntax.OpQuest:
		return true
	case syntax.OpRepeat:
		return re.Min == 0 || all(printable)
	}
	return all(printable)
}
