package show

import (
	"fmt"
	"slices"
	"strings"

	"pseudowan/status"
)

// HostPairs prints the results of verify: a row for each pair that is not as
// intended, with the differences below it, and the totals. With all set, it
// lists every pair.
func HostPairs(o Output, rows []status.HostPair, all bool) error {
	rows = slices.Clone(rows)
	for i := range rows {
		rows[i].Via, rows[i].Differences, rows[i].CannotTell = present(rows[i].Via), present(rows[i].Differences), present(rows[i].CannotTell)
	}
	return emit(o, rows, func() string {
		g := grid{colour: o.Colour, columns: []column{
			text("from"), text("to"), text("expected"), text("via"), number("tested"),
			state("result", string(status.AsIntended), string(status.Untested), string(status.Open)), optional("rule"),
		}}
		shown := 0
		for _, r := range rows {
			if (r.Result == status.AsIntended || r.Result == status.Open) && !all {
				continue
			}
			shown++
			g.add(r.From, r.To, r.Expected, list(r.Via), decimal(r.Tested), string(r.Result), r.Rule)
			for _, line := range differenceLines(r.Differences) {
				g.section("    " + line)
			}
		}
		if shown == 0 {
			return undecided(rows) + summary(rows)
		}
		return g.String() + undecided(rows) + summary(rows)
	})
}

// undecided lists what could not be judged.
func undecided(rows []status.HostPair) string {
	var b strings.Builder
	for _, r := range rows {
		for _, what := range r.CannotTell {
			fmt.Fprintf(&b, "cannot tell: %s to %s: %s\n", r.From, r.To, what)
		}
	}
	return b.String()
}

// differenceLines prints each difference once for all addresses that share it.
func differenceLines(differences []status.Difference) []string {
	var lines []string
	for i := 0; i < len(differences); {
		d, n := differences[i], 1
		for i+n < len(differences) && differences[i+n].Seen == d.Seen && differences[i+n].Cause == d.Cause {
			n++
		}
		i += n
		at := ""
		if d.Destination.IsValid() {
			at = d.Destination.String()
			if n > 1 {
				at += fmt.Sprintf(" and %d more", n-1)
			}
			at += ": "
		}
		lines = append(lines, at+d.Seen)
		if d.Cause != "" {
			lines = append(lines, "  cause: "+d.Cause)
		}
	}
	return lines
}

// summary counts the pairs in one line.
func summary(rows []status.HostPair) string {
	counts := map[status.Verdict]int{}
	pairs, rules, tested, inferred, open := 0, 0, 0, 0, 0
	for _, r := range rows {
		counts[r.Result]++
		if r.Rule != "" {
			rules++
			continue
		}
		pairs++
		tested += r.Tested
		inferred += r.Inferred
		if r.Open > 0 {
			open++
		}
	}
	parts := []string{fmt.Sprintf("%d as intended", counts[status.AsIntended])}
	for _, v := range []status.Verdict{status.Different, status.Untested} {
		if counts[v] > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", counts[v], v))
		}
	}
	what := count(pairs, "host pair") + ", " + count(tested, "address")
	if inferred > 0 {
		what += fmt.Sprintf(" and %d more by routes and flows", inferred)
	}
	if rules > 0 {
		what += ", " + count(rules, "expect line")
	}
	left := ""
	if open > 0 {
		left = "; " + count(open, "pair") + " left to expect lines, because of hosts that rewrite packets, or form addresses that are not known before"
	}
	return what + ": " + strings.Join(parts, ", ") + left + "\n"
}

func count(n int, thing string) string {
	switch {
	case n == 1:
		return "1 " + thing
	case strings.HasSuffix(thing, "s"):
		return fmt.Sprintf("%d %ses", n, thing)
	}
	return fmt.Sprintf("%d %ss", n, thing)
}
