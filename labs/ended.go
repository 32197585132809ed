package labs

import (
	"bytes"
	"fmt"

	"pseudowan/logfile"
)

// endedCommands tells which hosts' own commands have ended, with their last
// words: a customer's BGP daemon that refuses its configuration, say.
func (a *applier) endedCommands() []string {
	var out []string
	for _, h := range a.plan.Hosts {
		if h.Runtime != "netns" || len(h.Host.Command) == 0 || a.before.netns.CommandRuns(a.plan.Lab, h.Name) {
			continue
		}
		line := fmt.Sprintf("host %s: its command %s has ended", h.Name, h.Host.Command[0])
		if last := lastLine(a.before.netns.CommandLog(a.plan.Lab, h.Name)); last != "" {
			line += ": " + last
		}
		out = append(out, line)
	}
	return out
}

// lastLine is the last line of a log that says something; "" where none does.
func lastLine(file string) string {
	const end = 4096 // octets: enough for a line that can be read
	data, err := logfile.Tail(file, end)
	if err != nil {
		return ""
	}
	data = bytes.TrimSpace(data)
	return string(data[bytes.LastIndexByte(data, '\n')+1:])
}
