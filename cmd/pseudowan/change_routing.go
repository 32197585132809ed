package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"go.yaml.in/yaml/v3"

	"pseudowan/labs"
	"pseudowan/labs/look"
	"pseudowan/topology/edit"
)

func newLAN(s streams) *cobra.Command {
	c := &cobra.Command{Use: "lan", GroupID: groupRun, Short: "Add or remove a LAN of hosts of a running lab", Example: `  sudo pseudowan lan add office to=pe1 vrf=red subnets=[10.40.0.0/24]
  sudo pseudowan lan del office`}
	onlySubcommands(c)
	c.AddCommand(
		s.setting(edit.LANAdd, "add", "NAME", "Add a LAN, which is one of segments: in the file", `  sudo pseudowan lan add office to=pe1 vrf=red subnets=[10.40.0.0/24]
  sudo pseudowan host add o1 to=office addresses=10.40.0.9/24`, 1, nil),
		s.naming(edit.LANDel, "del", "NAME", "Remove a LAN without hosts", `  sudo pseudowan lan del office`, nil),
	)
	return c
}

func newPolicy(s streams) *cobra.Command {
	c := &cobra.Command{Use: "policy", GroupID: groupRun, Short: "Add, change or remove a routing policy of a running lab", Example: `  sudo pseudowan policy add prefer '{match: {prefixes: 10.0.0.0/8 le 32}, set: {local-pref: 200}}'
  sudo pseudowan neighbor set pe2 --router pe1 import-policy=prefer`}
	onlySubcommands(c)
	c.AddCommand(
		s.policy(edit.PolicyAdd, "add", "Add a policy", `  sudo pseudowan policy add prefer '{match: {prefixes: 10.0.0.0/8 le 32}, set: {local-pref: 200}}'
  sudo pseudowan policy add none '{match: {communities: "65001:666"}, then: reject}' '{set: {med: 10}}'`),
		s.policy(edit.PolicySet, "set", "Replace the terms of a policy", `  sudo pseudowan policy set prefer '{set: {local-pref: 300}}'`),
		s.naming(edit.PolicyDel, "del", "NAME", "Remove a policy that is not used", `  sudo pseudowan policy del prefer`, nil),
	)
	return c
}

// policy returns a command with the terms of a policy.
func (s streams) policy(op edit.Op, verb, short, example string) *cobra.Command {
	const long = "Each TERM is one as the topology file has it, in one line of YAML.\n\n" + changeHelp
	c, _ := s.change(short, long, example, []string{verb, "NAME", "TERM..."}, func(args []string) (edit.Edit, error) {
		e := edit.Edit{Op: op, Name: args[0]}
		for _, word := range args[1:] {
			term := map[string]any{}
			if err := yaml.Unmarshal([]byte(word), &term); err != nil {
				return e, usagef("policy %s: term %q cannot be read: %v", verb, word, err)
			}
			e.Terms = append(e.Terms, term)
		}
		return e, nil
	})
	c.Args = nameAnd("TERM...")
	return c
}

func newPrefixList(s streams) *cobra.Command {
	c := &cobra.Command{Use: "prefix-list", GroupID: groupRun, Short: "Add, change or remove a prefix list of a running lab", Example: `  sudo pseudowan prefix-list add customers '10.0.0.0/8 le 24' 'except 10.9.0.0/16 le 32'
  sudo pseudowan policy add only '{match: {prefixes: customers}}' '{then: reject}'`}
	onlySubcommands(c)
	c.AddCommand(
		s.prefixList(edit.PrefixListAdd, "add", "Add a prefix list", `  sudo pseudowan prefix-list add customers '10.0.0.0/8 le 24' 'except 10.9.0.0/16 le 32'`),
		s.prefixList(edit.PrefixListSet, "set", "Replace the entries of a prefix list", `  sudo pseudowan prefix-list set customers '10.0.0.0/8 le 32'`),
		s.naming(edit.PrefixListDel, "del", "NAME", "Remove a prefix list that is not used", `  sudo pseudowan prefix-list del customers`, nil),
	)
	return c
}

// prefixList returns a command with the entries of a prefix list.
func (s streams) prefixList(op edit.Op, verb, short, example string) *cobra.Command {
	const long = `Each ENTRY is one as the topology file has it: a prefix, perhaps with ge and le or after
except, or the name of another prefix list.

` + changeHelp
	c, _ := s.change(short, long, example, []string{verb, "NAME", "ENTRY..."}, func(args []string) (edit.Edit, error) {
		return edit.Edit{Op: op, Name: args[0], Entries: args[1:]}, nil
	})
	c.Args = nameAnd("ENTRY...")
	return c
}

// nameAnd wants a name and at least one word more.
func nameAnd(words string) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		if len(args) < 2 {
			return usagef("%s takes NAME %s; see `%[1]s --help`", c.CommandPath(), words)
		}
		return nil
	}
}

func newRedistribute(s streams) *cobra.Command {
	c := &cobra.Command{Use: "redistribute", GroupID: groupRun, Short: "Make routes of a VRF VPN routes, or no longer, in a running lab", Example: `  sudo pseudowan redistribute del red connected
  sudo pseudowan redistribute add red connected hosts`}
	onlySubcommands(c)
	c.AddCommand(
		s.redistribute(edit.RedistributeAdd, "add", "[hosts|subnets]", "Make connected or static routes of a VRF VPN routes", `  sudo pseudowan redistribute add red static
  sudo pseudowan redistribute add red connected hosts`),
		s.redistribute(edit.RedistributeDel, "del", "", "Make connected or static routes of a VRF VPN routes no longer", `  sudo pseudowan redistribute del red static`),
	)
	return c
}

func (s streams) redistribute(op edit.Op, verb, as, short, example string) *cobra.Command {
	words := []string{"VRF", "connected|static"}
	if as != "" {
		words = append(words, as)
	}
	c, ch := s.change(short, changeHelp, example, append([]string{verb}, words...), func(args []string) (edit.Edit, error) {
		e := edit.Edit{Op: op, Name: args[0], Protocol: args[1]}
		if len(args) > 2 {
			if args[1] != "connected" || args[2] != "hosts" && args[2] != "subnets" {
				return e, usagef("redistribute %s: only connected routes can be hosts or subnets, not %s %s", verb, args[1], args[2])
			}
			e.Settings = map[string]any{"connected": args[2]}
		}
		return e, nil
	})
	c.Args = takes(words...)
	complete(c, ch, func(k look.Completions) []string { return k.VRFs("") })
	return c
}

func newBMP(s streams) *cobra.Command {
	c := &cobra.Command{Use: "bmp", GroupID: groupRun, Short: "Add or remove a BMP station of a router of a running lab", Example: `  sudo pseudowan bmp add pe1 to=192.168.0.9:5000
  sudo pseudowan bmp del pe1 to=192.168.0.9:5000`}
	onlySubcommands(c)
	routers := func(k look.Completions) []string { return k.Routers }
	c.AddCommand(
		s.setting(edit.BMPAdd, "add", "ROUTER", "Add a BMP station of a router", `  sudo pseudowan bmp add pe1 to=192.168.0.9:5000
  sudo pseudowan bmp add pe1 to=10.1.0.2 vrf=red routes=adj-rib-in-pre routes=loc-rib`, 1, routers),
		s.setting(edit.BMPDel, "del", "ROUTER", "Remove a BMP station of a router", `  sudo pseudowan bmp del pe1 to=192.168.0.9:5000`, 1, routers),
	)
	return c
}

func newNeighbor(s streams) *cobra.Command {
	c := &cobra.Command{Use: "neighbor", GroupID: groupRun, Short: "Add, change, remove or reset a BGP session of a running lab", Example: `  sudo pseudowan neighbor add h9 as=65109
  sudo pseudowan neighbor set pe2 --router pe1 hold-time=9s
  sudo pseudowan neighbor clear all soft in`}
	onlySubcommands(c)
	c.AddCommand(
		s.neighbor(edit.NeighborAdd, "add", 0, "Add a session with a host or a router", `  sudo pseudowan neighbor add h9 as=65109
  sudo pseudowan neighbor add 192.168.9.2 --router asbr1 as=65009`),
		s.neighbor(edit.NeighborSet, "set", 1, "Change settings of a session, those of the router's end", `  sudo pseudowan neighbor set pe2 --router pe1 import-policy=prefer
  sudo pseudowan neighbor set h9 shutdown=true`),
		s.neighbor(edit.NeighborDel, "del", 0, "Remove a session", `  sudo pseudowan neighbor del h9
  sudo pseudowan neighbor del pe2 --router pe1`),
		newClear(s),
	)
	return c
}

// neighbor returns a command about a session.
func (s streams) neighbor(op edit.Op, verb string, least int, short, example string) *cobra.Command {
	const long = `PEER is a host, a router, or an address: of a peer, or for a new one behind a NIC also
a prefix. Settings are those of bgp: in the topology file.

` + settingsHelp
	router, iface := "", ""
	use := []string{verb, "PEER"}
	if op != edit.NeighborDel {
		use = append(use, "[KEY=VALUE...]")
	}
	var read func([]string) (edit.Edit, error)
	c, ch := s.change(short, long, example, use, func(args []string) (edit.Edit, error) {
		e, err := read(args)
		e.Router, e.Interface = router, iface
		return e, err
	})
	read = settings(c, op, least)
	if op == edit.NeighborDel {
		c.Args = takes("PEER")
	}
	c.Flags().StringVar(&router, "router", "", "the router whose peer it is, if it is not the only one")
	c.Flags().StringVar(&iface, "interface", "", "the interface of the host or of the router, if there are several")
	complete(c, ch, func(k look.Completions) []string { return k.Nodes })
	completeFlag(c, "router", func(ctx context.Context) []string { return look.Complete(ctx, ch.lab).Routers })
	return c
}

func newClear(s streams) *cobra.Command {
	o := labs.ClearOptions{}
	c := &cobra.Command{
		Use:   "clear PEER|all [soft [in|out]]",
		Short: "Reset BGP sessions",
		Long: `Clear resets the established BGP sessions with PEER, which is an address or the name of
a node, or all of them. The session ends with the NOTIFICATION cease, administrative
reset (RFC 4486), and begins anew. With soft it stays: in asks the peer for all its
routes (ROUTE-REFRESH, RFC 2918), or, if it does not answer that, has the import policy
decide again on what it has announced; out tells it all again; without either, both.
Nothing of the lab changes.`,
		Example: `  sudo pseudowan neighbor clear pe2 --router pe1
  sudo pseudowan neighbor clear 192.168.0.2 soft in
  sudo pseudowan neighbor clear all soft`,
		Args: func(_ *cobra.Command, args []string) error {
			ok := len(args) == 1 || len(args) == 2 && args[1] == "soft" || len(args) == 3 && args[1] == "soft" && (args[2] == "in" || args[2] == "out")
			if !ok {
				return usagef("neighbor clear takes PEER or all, and perhaps soft, soft in or soft out; see `pseudowan neighbor clear --help`")
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error {
			if args[0] != "all" {
				o.Peer = args[0]
			}
			switch len(args) {
			case 2:
				o.Soft = "both"
			case 3:
				o.Soft = args[2]
			}
			r, err := labs.Clear(c.Context(), o)
			for _, line := range r.Cleared {
				fmt.Fprintln(s.out, line)
			}
			if err == nil && len(r.Cleared) == 0 {
				fmt.Fprintln(s.out, "no session is established")
			}
			return err
		},
	}
	addLab(c, &o.Lab, "the lab; needed if several run")
	c.Flags().StringVar(&o.Router, "router", "", "only of this router")
	c.Flags().StringVar(&o.VRF, "vrf", "", "only in this VRF")
	completeFlag(c, "router", func(ctx context.Context) []string { return look.Complete(ctx, o.Lab).Routers })
	completeFlag(c, "vrf", func(ctx context.Context) []string { return look.Complete(ctx, o.Lab).VRFs("") })
	c.ValidArgsFunction = known(&o.Lab,
		func(k look.Completions, _ []string) []string { return append(slices.Clone(k.Nodes), "all") },
		func(look.Completions, []string) []string { return []string{"soft"} },
		func(look.Completions, []string) []string { return []string{"in", "out"} })
	return c
}

func newChange(s streams) *cobra.Command {
	c, ch := s.change("Make many changes of a running lab at once, all or nothing", `FILE is a list of changes, as YAML or JSON, with the keys of the API's POST /v1/changes;
"-" reads standard input. They are made in their order, as one change: all of them or
none, and much faster than one by one.

`+changeHelp, `  sudo pseudowan change provision.yaml
  echo '[{op: vrf-add, name: red, settings: {rts: "65000:1", on: pe1}}]' | sudo pseudowan change -`,
		[]string{"change", "FILE"}, nil)
	c.GroupID = groupRun
	c.Args = takes("FILE")
	c.RunE = func(c *cobra.Command, args []string) error {
		edits, err := s.readEdits(args[0])
		if err != nil {
			return err
		}
		return ch.make(c.Context(), edits...)
	}
	return c
}

// describe names what was made.
func describe(edits []edit.Edit) string {
	if len(edits) == 1 {
		return edits[0].String()
	}
	return fmt.Sprintf("%d changes", len(edits))
}

// readEdits reads a list of changes.
func (s streams) readEdits(file string) ([]edit.Edit, error) {
	read := func() ([]byte, error) { return os.ReadFile(file) }
	if file == "-" {
		read = func() ([]byte, error) { return io.ReadAll(s.in) }
	}
	text, err := read()
	if err != nil {
		return nil, err
	}
	edits, err := edit.ParseEdits(text)
	if err != nil {
		return nil, usagef("change: %s: %v", strings.TrimPrefix(file, "./"), err)
	}
	return edits, nil
}
