package guard

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"
)

// table is ours in the namespace of the ports.
const table = "pw-guard"

// chain makes the chain of a port with its rules, whether it exists or not. Its first
// rule counts all, and carries the sum of the rules.
func (p Port) chain() string {
	var b strings.Builder
	fmt.Fprintf(&b, "add table netdev %s\n", table)
	fmt.Fprintf(&b, "add chain netdev %s %s { type filter hook ingress device %q priority -300; policy accept; }\n", table, p.Name, p.Name)
	fmt.Fprintf(&b, "flush chain netdev %s %s\n", table, p.Name)
	fmt.Fprintf(&b, "add rule netdev %s %s counter comment %q\n", table, p.Name, p.sum())
	for _, r := range p.rules() {
		fmt.Fprintf(&b, "add rule netdev %s %s %s\n", table, p.Name, r)
	}
	return b.String()
}

// sum tells by the first rule of a chain whether the others were made for a port.
func (p Port) sum() string {
	h := sha256.New()
	for _, r := range p.rules() {
		fmt.Fprintln(h, r)
	}
	return fmt.Sprintf("pw:%x", h.Sum(nil)[:8])
}

// Active reports whether a port has all of its rules and no others.
func (p Port) Active(have map[string]Count) bool {
	comments := []string{p.sum()}
	for _, r := range p.rules() {
		comments = append(comments, string(r.kind))
	}
	c, is := have[p.Name]
	return is && c.device == p.Name && slices.Equal(c.comments, comments)
}

// script makes the chains of guarded ports that are not as they should be, and, if
// these are all ports, removes those of others; "" if all are right. Chains that stay
// keep their counters.
func script(have map[string]Count, ports []Port, areAll bool) string {
	var b strings.Builder
	var guarded []string
	for _, p := range ports {
		if !p.Guarded() {
			continue
		}
		guarded = append(guarded, p.Name)
		if p.Active(have) {
			continue
		}
		if was, is := have[p.Name]; is && was.device != p.Name {
			// Kernels from 6.4 to 6.15 keep the chain of a port that has gone, and it is
			// not that of one which gets the name.
			fmt.Fprintf(&b, "delete chain netdev %s %s\n", table, p.Name)
		}
		b.WriteString(p.chain())
	}
	var gone []string
	for name := range have {
		if areAll && !slices.Contains(guarded, name) {
			gone = append(gone, name)
		}
	}
	slices.Sort(gone)
	for _, name := range gone {
		fmt.Fprintf(&b, "delete chain netdev %s %s\n", table, name)
	}
	return b.String()
}
