package main

import (
	"github.com/spf13/cobra"

	"pseudowan/labs/look"
	"pseudowan/topology/edit"
)

const maintenanceHelp = `Maintenance on has others use a router as the last resort, while it goes on forwarding:
its peers are told so (graceful shutdown, RFC 8326), and label-switched paths lead around
it. When the command has returned and routes have followed, the router can be stopped
without a loss of packets, as far as there are other ways. Maintenance off takes that back.

` + changeHelp

func newMaintenance(s streams) *cobra.Command {
	c, ch := s.change("Take a router out of service without a loss, or back", maintenanceHelp, `  sudo pseudowan maintenance pe1 on
  sudo pseudowan stop pe1
  sudo pseudowan start pe1
  sudo pseudowan maintenance pe1 off`, []string{"maintenance", "ROUTER", "on|off"}, func(args []string) (edit.Edit, error) {
		if args[1] != "on" && args[1] != "off" {
			return edit.Edit{}, usagef("maintenance: %q is not on or off", args[1])
		}
		return edit.Edit{Op: edit.RouterSet, Name: args[0], Settings: map[string]any{"maintenance": args[1] == "on"}}, nil
	})
	c.GroupID = groupRun
	c.Args = takes("ROUTER", "on|off")
	c.ValidArgsFunction = known(&ch.lab,
		func(k look.Completions, _ []string) []string { return k.Routers },
		func(look.Completions, []string) []string { return []string{"on", "off"} })
	return c
}
