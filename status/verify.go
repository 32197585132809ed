package status

import "net/netip"

// HostPair is what `pseudowan verify` found between two hosts, in one
// direction.
type HostPair struct {
	From        string       `json:"from"`
	To          string       `json:"to"`
	Rule        string       `json:"rule"`     // the checked `expect:` line; "" for what follows from the route targets
	Expected    string       `json:"expected"` // reach, isolated, or both if only some addresses must be reached; address, if it is one of a host; unknown, if a host that rewrites packets decides
	Result      Verdict      `json:"result"`
	Tested      int          `json:"tested"`   // addresses that packets were sent to
	Inferred    int          `json:"inferred"` // more addresses that must not answer, to which hosts and routers treat packets like those that were sent elsewhere
	Open        int          `json:"open"`     // addresses of which only hosts that rewrite packets decide whether they answer, so that only expect: lines speak of them
	Via         []string     `json:"via"`      // hosts that must forward
	Differences []Difference `json:"differences"`
	CannotTell  []string     `json:"cannot_tell"` // what the test could not find out, with the reason; not a difference
}

// Verdict is the result of a check.
type Verdict string

// The verdicts. Untested means that the test itself was not possible.
const (
	AsIntended Verdict = "ok"
	Different  Verdict = "different"
	Untested   Verdict = "untested"
	Open       Verdict = "open" // only expect: lines speak of the pair
)

// What is expected between two hosts.
const (
	ExpectReach    = "reach"
	ExpectIsolated = "isolated"
	ExpectBoth     = "reach+isolated"
	ExpectAddress  = "address" // the rule is that a host has one
	ExpectUnknown  = "unknown" // a host that rewrites packets decides
)

// Difference is one address that did not behave as intended.
type Difference struct {
	Source      netip.Addr `json:"source"` // zero if the host chose it
	Destination netip.Addr `json:"destination"`
	Seen        string     `json:"seen"`  // what happened instead
	Cause       string     `json:"cause"` // which router lacks what; "" if unknown
}
