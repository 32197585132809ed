package show

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"time"

	"pseudowan/status"
)

// slowest is the number of routers that Phases prints.
const slowest = 10

// Phases prints where the time of a command went: the phases of the whole lab, and
// those of the routers that were ready last.
func Phases(w io.Writer, phases []status.Phase) error {
	all := grid{columns: []column{text("phase"), number("from"), number("took")}}
	byRouter := map[string]map[string]status.Phase{}
	var names []string
	for _, p := range inOrder(phases) {
		if p.Router == "" {
			all.add(p.Name, milliseconds(p.Begin), milliseconds(p.Took))
			continue
		}
		if byRouter[p.Router] == nil {
			byRouter[p.Router] = map[string]status.Phase{}
		}
		byRouter[p.Router][p.Name] = p
		if !slices.Contains(names, p.Name) {
			names = append(names, p.Name)
		}
	}
	if _, err := io.WriteString(w, all.String()); err != nil || len(byRouter) == 0 {
		return err
	}
	_, err := io.WriteString(w, "\n"+routerPhases(byRouter, names))
	return err
}

func routerPhases(byRouter map[string]map[string]status.Phase, names []string) string {
	g := grid{columns: []column{text("router")}}
	for _, name := range names {
		g.columns = append(g.columns, number(name))
	}
	g.columns = append(g.columns, number("ready after"))
	ready := func(router string) (last time.Duration) {
		for _, p := range byRouter[router] {
			last = max(last, p.Begin+p.Took)
		}
		return last
	}
	var routers []string
	for r := range byRouter {
		routers = append(routers, r)
	}
	slices.SortFunc(routers, func(a, b string) int { return cmp.Or(cmp.Compare(ready(b), ready(a)), cmp.Compare(a, b)) })
	for _, r := range routers[:min(slowest, len(routers))] {
		cells := []string{r}
		for _, name := range names {
			cell := ""
			if p, ok := byRouter[r][name]; ok {
				cell = milliseconds(p.Took)
			}
			cells = append(cells, cell)
		}
		g.add(append(cells, milliseconds(ready(r)))...)
	}
	if more := len(routers) - slowest; more > 0 {
		return g.String() + fmt.Sprintf("and %d routers that were ready earlier\n", more)
	}
	return g.String()
}

func milliseconds(d time.Duration) string { return fmt.Sprintf("%d ms", d.Milliseconds()) }

func inOrder(phases []status.Phase) []status.Phase {
	return slices.SortedStableFunc(slices.Values(phases), func(a, b status.Phase) int { return cmp.Compare(a.Begin, b.Begin) })
}

// traceEvent is an event of the format that the trace viewers of browsers open.
type traceEvent struct {
	Name  string            `json:"name"`
	Kind  string            `json:"ph"`
	Begin int64             `json:"ts"`  // microseconds
	Took  int64             `json:"dur"` // microseconds
	Lab   int               `json:"pid"`
	Lane  int               `json:"tid"`
	Args  map[string]string `json:"args,omitempty"`
}

// PhaseTrace writes phases as a trace for a trace viewer, with a lane for each router.
func PhaseTrace(w io.Writer, phases []status.Phase) error {
	events := []traceEvent{}
	lanes := map[string]int{}
	for _, p := range inOrder(phases) {
		lane, known := lanes[p.Router]
		if !known {
			lane = len(lanes) + 1
			lanes[p.Router] = lane
			name := "lab"
			if p.Router != "" {
				name = "router " + p.Router
			}
			events = append(events, traceEvent{Name: "thread_name", Kind: "M", Lab: 1, Lane: lane, Args: map[string]string{"name": name}})
		}
		events = append(events, traceEvent{
			Name: p.Name, Kind: "X", Begin: p.Begin.Microseconds(), Took: p.Took.Microseconds(), Lab: 1, Lane: lane,
		})
	}
	return writeJSON(w, map[string]any{"traceEvents": events, "displayTimeUnit": "ms"})
}
