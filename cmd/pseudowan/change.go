package main

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"pseudowan/labs"
	"pseudowan/labs/look"
	"pseudowan/topology/edit"
)

// changeTimeout is how long a run-time change waits for routers by default.
const changeTimeout = 30 * time.Second

const changeHelp = `The change is one of the lab's topology, as if its file had been edited and brought up,
but touches only what it concerns: it survives restarts, and ` + "`pseudowan export`" + ` has it.
The command returns when the routers forward accordingly. What it refuses, it refuses
before anything is touched. If it is killed half-way, the next command completes or
undoes the change, and says which.`

const settingsHelp = `Settings are keys of the topology file with their values, as KEY=VALUE; a key that is
given again gets a list.

` + changeHelp

// changer is what the commands that change a running lab have in common.
type changer struct {
	streams
	lab     string
	timeout time.Duration
}

// change returns a command that makes one edit of its arguments.
func (s streams) change(short, long, example string, use []string, read func(args []string) (edit.Edit, error)) (*cobra.Command, *changer) {
	ch := &changer{streams: s}
	c := &cobra.Command{Use: strings.Join(use, " "), Short: short, Long: long, Example: example, RunE: func(c *cobra.Command, args []string) error {
		e, err := read(args)
		if err != nil {
			return err
		}
		return ch.make(c.Context(), e)
	}}
	addLab(c, &ch.lab, "the lab; needed if several run")
	c.Flags().DurationVar(&ch.timeout, "timeout", changeTimeout, "how long to wait for the routers")
	return c, ch
}

// make changes the lab and prints what has changed.
func (ch *changer) make(ctx context.Context, edits ...edit.Edit) error {
	if err := needTime(ch.timeout); err != nil {
		return err
	}
	begin := time.Now()
	r, err := labs.Change(ctx, labs.ChangeOptions{Lab: ch.lab, Edits: edits, Timeout: ch.timeout})
	ch.tellBefore(r.Before)
	for _, line := range r.Changed {
		fmt.Fprintln(ch.out, line)
	}
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(ch.out, "lab %s: %s, %d ms\n", r.Lab, describe(edits), time.Since(begin).Milliseconds())
	return err
}

// tellBefore says what became of what was interrupted before a command, if anything was.
func (s streams) tellBefore(what string) {
	if what != "" {
		fmt.Fprintln(s.err, "pseudowan: "+what)
	}
}

// settings takes NAME and settings, at least some of them.
func settings(c *cobra.Command, op edit.Op, least int) func([]string) (edit.Edit, error) {
	c.Args = func(c *cobra.Command, args []string) error {
		if len(args) < 1+least {
			return usagef("%s takes %s; see `%s --help`", c.CommandPath(), "a name and KEY=VALUE", c.CommandPath())
		}
		return nil
	}
	return func(args []string) (edit.Edit, error) {
		set, err := edit.ParseSettings(args[1:])
		if err != nil {
			return edit.Edit{}, usagef("%v", err)
		}
		return edit.Edit{Op: op, Name: args[0], Settings: set}, nil
	}
}

// setting returns a command with settings.
func (s streams) setting(op edit.Op, verb, name, short, example string, least int, words func(look.Completions) []string) *cobra.Command {
	var read func([]string) (edit.Edit, error)
	c, ch := s.change(short, settingsHelp, example, []string{verb, name, "[KEY=VALUE...]"}, func(args []string) (edit.Edit, error) { return read(args) })
	read = settings(c, op, least)
	complete(c, ch, words)
	return c
}

// naming returns a command with a name alone.
func (s streams) naming(op edit.Op, verb, name, short, example string, words func(look.Completions) []string) *cobra.Command {
	c, ch := s.change(short, changeHelp, example, []string{verb, name}, func(args []string) (edit.Edit, error) {
		return edit.Edit{Op: op, Name: args[0]}, nil
	})
	c.Args = takes(name)
	complete(c, ch, words)
	return c
}

func complete(c *cobra.Command, ch *changer, words func(look.Completions) []string) {
	if words != nil {
		c.ValidArgsFunction = known(&ch.lab, func(k look.Completions, _ []string) []string { return words(k) })
	}
}

func newVRF(s streams) *cobra.Command {
	c := &cobra.Command{Use: "vrf", GroupID: groupRun, Short: "Add, change or remove a VRF of a running lab", Example: `  sudo pseudowan vrf add red rts=65000:1 on=pe1
  sudo pseudowan vrf del red`}
	onlySubcommands(c)
	vrfs := func(k look.Completions) []string { return k.VRFs("") }
	c.AddCommand(
		s.setting(edit.VRFAdd, "add", "NAME", "Add a VRF", `  sudo pseudowan vrf add red rts=65000:1
  sudo pseudowan vrf add blue import=65000:2 import=65000:3 export=65000:2 on=pe1`, 1, nil),
		s.setting(edit.VRFSet, "set", "NAME", "Change settings of a VRF", `  sudo pseudowan vrf set red max-routes=100 label-mode=per-vrf
  sudo pseudowan vrf set red max-routes=`, 1, vrfs),
		s.naming(edit.VRFDel, "del", "NAME", "Remove a VRF without hosts", `  sudo pseudowan vrf del red`, vrfs),
	)
	return c
}

func newHost(s streams) *cobra.Command {
	c := &cobra.Command{Use: "host", GroupID: groupRun, Short: "Add, attach, detach, move or remove a host of a running lab", Example: `  sudo pseudowan host add h9 to=pe1 vrf=red addresses=10.9.0.2/24
  sudo pseudowan host del h9`}
	onlySubcommands(c)
	hosts := func(k look.Completions) []string { return k.Hosts }
	detach, ch := s.change("Remove an interface of a host", changeHelp, `  sudo pseudowan host detach h9 eth1`, []string{"detach", "NAME", "INTERFACE"}, func(args []string) (edit.Edit, error) {
		return edit.Edit{Op: edit.HostDetach, Name: args[0], Interface: args[1]}, nil
	})
	detach.Args = takes("NAME", "INTERFACE")
	complete(detach, ch, hosts)
	c.AddCommand(
		s.setting(edit.HostAdd, "add", "NAME", "Add a host", `  sudo pseudowan host add h9 to=pe1 vrf=red addresses=10.9.0.2/24
  sudo pseudowan host add web image=nginx runtime=docker to=pe1 vrf=red addresses=10.8.0.2/24`, 1, nil),
		s.naming(edit.HostDel, "del", "NAME", "Remove a host", `  sudo pseudowan host del h9`, hosts),
		s.setting(edit.HostAttach, "attach", "NAME", "Give a host another interface", `  sudo pseudowan host attach h9 to=pe2 vrf=red addresses=10.10.0.2/24`, 1, hosts),
		detach, s.hostMove(hosts),
	)
	return c
}

func (s streams) hostMove(hosts func(look.Completions) []string) *cobra.Command {
	iface := ""
	var read func([]string) (edit.Edit, error)
	c, ch := s.change("Move an interface of a host to another router, VRF or LAN", settingsHelp, `  sudo pseudowan host move h9 to=pe2
  sudo pseudowan host move h9 to=office addresses=10.40.0.9/24 --interface eth1`, []string{"move", "NAME", "KEY=VALUE..."}, func(args []string) (edit.Edit, error) {
		e, err := read(args)
		e.Interface = iface
		return e, err
	})
	read = settings(c, edit.HostMove, 1)
	c.Flags().StringVar(&iface, "interface", "", "the interface, if the host has several")
	complete(c, ch, hosts)
	return c
}

func newRoute(s streams) *cobra.Command {
	c := &cobra.Command{Use: "route", GroupID: groupRun, Short: "Add or remove a static route of a VRF of a running lab", Example: `  sudo pseudowan route add red 172.16.0.0/16 10.9.0.2
  sudo pseudowan route del red 172.16.0.0/16`}
	onlySubcommands(c)
	c.AddCommand(
		s.route(edit.RouteAdd, "add", "NEXTHOP", "Add a static route; the host on whose subnet the next hop is announces it", `  sudo pseudowan route add red 172.16.0.0/16 10.9.0.2`),
		s.route(edit.RouteDel, "del", "[NEXTHOP]", "Remove a static route", `  sudo pseudowan route del red 172.16.0.0/16`),
	)
	return c
}

func (s streams) route(op edit.Op, verb, hop, short, example string) *cobra.Command {
	router := ""
	c, ch := s.change(short, changeHelp, example, []string{verb, "VRF", "PREFIX", hop}, func(args []string) (edit.Edit, error) {
		e := edit.Edit{Op: op, Name: args[0], Router: router}
		var err1, err2 error
		if e.Prefix, err1 = netip.ParsePrefix(args[1]); err1 == nil && e.Prefix != e.Prefix.Masked() {
			err1 = fmt.Errorf("%s has bits beyond its length: did you mean %s?", args[1], e.Prefix.Masked())
		}
		if len(args) > 2 {
			e.NextHop, err2 = netip.ParseAddr(args[2])
		}
		if err := errors.Join(err1, err2); err != nil {
			return e, usagef("route %s: %v", verb, err)
		}
		return e, nil
	})
	c.Args = takes("VRF", "PREFIX", hop)
	c.Flags().StringVar(&router, "router", "", "the router, if the next hop is on a subnet of several")
	complete(c, ch, func(k look.Completions) []string { return k.VRFs("") })
	return c
}
