package ovs

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"slices"
	"strconv"
	"strings"

	"pseudowan/ovs/pipeline"
)

// Difference is one flow that is not in the switch as it should be.
type Difference struct {
	Table pipeline.Table
	Match string // as Open vSwitch prints it, with the priority
	Has   string // actions in the switch; "" if the flow is missing
	Wants string // actions that it should have; "" if the flow is foreign

	Cookie pipeline.Cookie // of the wanted flow, else of the foreign one
}

// Compare returns how the switch's flows differ from the given ones, and changes
// nothing.
func (s *Switch) Compare(ctx context.Context, flows []pipeline.Flow) ([]Difference, error) {
	var file bytes.Buffer
	for _, f := range flows {
		fmt.Fprintln(&file, onWire(f))
	}
	out, err := s.flows.ofctl(ctx, file.Bytes(), "diff-flows", s.cfg.Bridge, "/proc/self/fd/0")
	const differ = 2
	var exit *exec.ExitError
	if err != nil && (!errors.As(err, &exit) || exit.ExitCode() != differ) {
		return nil, fmt.Errorf("bridge %s: compare its flows: %w", s.cfg.Bridge, err)
	}
	return parseDiff(string(out)), nil
}

// parseDiff reads the output of ovs-ofctl diff-flows: lines with - are flows that only
// the switch has, lines with + those that it lacks; one that differs has both.
func parseDiff(text string) []Difference {
	var all []Difference
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == "" || line[0] != '-' && line[0] != '+' {
			continue
		}
		d := parseFlow(line[1:])
		actions, missing := d.Has, line[0] == '+'
		i := slices.IndexFunc(all, func(o Difference) bool { return o.Table == d.Table && o.Match == d.Match })
		if i < 0 {
			d.Has = ""
			all, i = append(all, d), len(all)
		}
		if missing {
			all[i].Wants, all[i].Cookie = actions, d.Cookie
		} else {
			all[i].Has = actions
		}
	}
	return all
}

// parseFlow reads a flow; its actions are in Has.
func parseFlow(line string) (d Difference) {
	line, d.Has, _ = strings.Cut(line, " actions=")
	line, cookie, _ := strings.Cut(line, " cookie=")
	digits, _, _ := strings.Cut(strings.TrimPrefix(cookie, "0x"), " ")
	n, _ := strconv.ParseUint(digits, 16, 64)
	d.Cookie = pipeline.Cookie(n)
	if table, rest, ok := strings.Cut(line, " "); ok && strings.HasPrefix(table, "table=") {
		number, _ := strconv.ParseUint(strings.TrimPrefix(table, "table="), 10, 8)
		d.Table, line = pipeline.Table(number), rest
	} else if rest, ok := strings.CutPrefix(line, "table="); ok {
		number, _ := strconv.ParseUint(rest, 10, 8)
		d.Table, line = pipeline.Table(number), ""
	}
	d.Match = line
	return d
}

// PortFault is a port of the bridge that is not as it should be.
type PortFault struct{ Name, Detail string }

// PortFaults compares the bridge's ports with those that were last set, and changes
// nothing.
func (s *Switch) PortFaults(ctx context.Context) ([]PortFault, error) {
	observed, err := s.bridge.observe(ctx)
	if err != nil {
		return nil, fmt.Errorf("bridge %s: %w", s.cfg.Bridge, err)
	}
	return observed.faults(s.bridge.wantedPorts()), nil
}

func (o observation) faults(wanted []Port) (all []PortFault) {
	known := map[string]bool{}
	for _, p := range wanted {
		known[p.Name] = true
		have, there := o.ports[p.Name]
		switch index := o.kernel[p.Name]; {
		case !there:
			all = append(all, PortFault{p.Name, "is missing in the bridge"})
		case have.fault(p) != nil:
			all = append(all, PortFault{p.Name, have.fault(p).Error()})
		case index == 0:
			all = append(all, PortFault{p.Name, "is dead: it has no interface"})
		case have.dead(index):
			all = append(all, PortFault{p.Name, "is dead: its interface was made again, and the switch holds the old one"})
		}
	}
	for _, name := range o.names() {
		if !known[name] {
			all = append(all, PortFault{name, "is in the bridge, and does not belong there"})
		}
	}
	return all
}
