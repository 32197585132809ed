package doctor

import (
	"fmt"
	"strings"

	"pseudowan/status"
)

func labs(o Observed, n Need) []status.Finding {
	var found []status.Finding
	for _, l := range o.Labs {
		found = append(found, l.judge(n))
	}
	return found
}

func (l Lab) judge(n Need) status.Finding {
	check := "lab " + l.Name
	size := fmt.Sprintf("%s, %s", count(l.Routers, "router"), count(l.Hosts, "host"))
	switch {
	case l.Changing:
		return ok(check, "another command is changing it")
	case l.leftover():
		return warn(check, "only files remain: "+strings.Join(l.Files, ", "),
			"none; `up` replaces them", "rm -r "+strings.Join(l.Files, " "))
	case len(l.Wrong) > 0:
		return warn(check, size+"; "+few(l.Wrong),
			"it works only in part", fmt.Sprintf("`pseudowan up` with its file again, or `pseudowan down %s`", l.Name))
	case l.Name == n.Lab:
		return ok(check, "running: %s; `up` applies only the differences in its file", size)
	}
	return ok(check, "running: %s", size)
}

func count(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

// few keeps the line of a large broken lab readable.
func few(phrases []string) string {
	const shown = 3
	if len(phrases) <= shown {
		return strings.Join(phrases, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(phrases[:shown], ", "), len(phrases)-shown)
}
