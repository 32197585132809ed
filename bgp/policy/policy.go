package policy

import (
	"fmt"
	"net/netip"

	"pseudowan/bgp/vpn"
)

// Policy is a named list of terms.
type Policy struct {
	Name  string `json:"name"`
	Terms []Term `json:"terms,omitempty"`
}

// Term is what happens to the paths that it takes.
type Term struct {
	Match Match  `json:"match,omitzero"`
	Set   Set    `json:"set,omitzero"`
	Then  Action `json:"then,omitempty"`
}

// Action is what becomes of a path that a term has taken.
type Action string

// The actions. The zero one is Accept.
const (
	Accept Action = "accept"
	Reject Action = "reject"
	Next   Action = "next" // the next term sees the path, and at the end of a policy the next policy
)

// decides reports whether no later term sees a path that the term takes.
func (t *Term) decides() bool { return t.Then != Next }

// Path is what a policy sees of a route. What its slices and pointers refer to
// is never changed.
type Path struct {
	Family      vpn.Family
	RD          vpn.RD // zero in a plain family
	Prefix      netip.Prefix
	NextHop     netip.Addr
	Origin      vpn.Origin
	ASPath      vpn.ASPath
	MED         *uint32 // nil: attribute absent
	LocalPref   *uint32 // nil: attribute absent
	Communities []vpn.Community
	Large       []vpn.LargeCommunity
	Extended    []vpn.ExtendedCommunity // route targets and sites of origin among them, in their order
	Weight      uint32                  // of this router alone; it is never sent
}

// Chain is the policies of one direction of a session, or of a VRF, in the order
// in which they see a path. The zero chain accepts everything as it is.
type Chain struct {
	AS       uint32   `json:"as,omitempty"` // the AS that Prepend repeats; 0: the first of the path
	Policies []Policy `json:"policies,omitempty"`
}

// Named returns the policies with the given names, in that order.
func Named(all []Policy, names []string) []Policy {
	var out []Policy
	for _, name := range names {
		for _, p := range all {
			if p.Name == name {
				out = append(out, p)
			}
		}
	}
	return out
}

// Step is a term of a chain; the zero value is none.
type Step struct {
	Policy string `json:"policy"`
	Term   int    `json:"term"` // from 1
}

// String prints "policy from-transit, term 2".
func (s Step) String() string { return fmt.Sprintf("policy %s, term %d", s.Policy, s.Term) }

// Verdict is what a chain thinks of a path.
type Verdict struct {
	Rejected bool
	By       Step   // the term that decided; zero: none did, and the path is accepted
	Changed  []Step // the terms that changed the path, in their order
}

// Evaluate returns the path as the chain makes it. A rejected path is returned
// as it came.
func (c *Chain) Evaluate(p Path) (Path, Verdict) {
	var v Verdict
	e := candidate{Path: p}
	for i := range c.Policies {
		policy := &c.Policies[i]
		for j := range policy.Terms {
			term := &policy.Terms[j]
			if !term.Match.takes(&e) {
				continue
			}
			step := Step{policy.Name, j + 1}
			if term.Then == Reject {
				return p, Verdict{Rejected: true, By: step}
			}
			if term.Set.apply(&e, c.AS) {
				v.Changed = append(v.Changed, step)
			}
			if term.decides() {
				v.By = step
				return e.Path, v
			}
		}
	}
	return e.Path, v
}

// Empty reports whether the chain accepts everything as it is.
func (c *Chain) Empty() bool { return len(c.Policies) == 0 }

// candidate is a path under evaluation.
type candidate struct {
	Path
	printed *string // the AS path; nil: not printed yet, or changed since
}

// asPath returns the AS path as it is printed.
func (e *candidate) asPath() string {
	if e.printed == nil {
		text := e.ASPath.String()
		e.printed = &text
	}
	return *e.printed
}
