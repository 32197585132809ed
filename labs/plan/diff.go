package plan

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
)

// Changes says in a line each what applying now changes in a lab that
// was applied as before.
func Changes(before, now *Plan) []string {
	var out []string
	old := map[string]any{}
	for _, r := range before.Routers {
		old["router "+r.Name] = r
	}
	for _, h := range before.Hosts {
		old["host "+h.Name] = h
	}
	note := func(name string, thing any) {
		was, ok := old[name]
		delete(old, name)
		switch {
		case !ok:
			out = append(out, "added "+name)
		case !sameJSON(was, thing):
			out = append(out, "changed "+name)
		}
	}
	for _, r := range now.Routers {
		note("router "+r.Name, r)
	}
	for _, h := range now.Hosts {
		note("host "+h.Name, h)
	}
	for _, r := range before.Routers {
		if _, gone := old["router "+r.Name]; gone {
			out = append(out, "removed router "+r.Name)
		}
	}
	for _, h := range before.Hosts {
		if _, gone := old["host "+h.Name]; gone {
			out = append(out, "removed host "+h.Name)
		}
	}
	return out
}

// Leftovers says in a line each, where told does not yet, what a change that was
// cut short may have done that applying now undoes.
func Leftovers(cut, now *Plan, told []string) []string {
	return slices.DeleteFunc(Changes(cut, now), func(line string) bool {
		// What it was about to remove is there, or is among the restored.
		return strings.HasPrefix(line, "added ") || slices.Contains(told, line)
	})
}

func sameJSON(a, b any) bool {
	x, err1 := json.Marshal(a)
	y, err2 := json.Marshal(b)
	return err1 == nil && err2 == nil && bytes.Equal(x, y)
}
