package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"time"

	"github.com/spf13/cobra"

	"pseudowan/capture"
	"pseudowan/labs/look"
)

const captureHelp = `Capture shows the packets at interfaces of a running lab: on the wires between routers
with their MPLS labels, at the ports of VRFs, and in hosts. A POINT is NODE:INTERFACE, a
node, for all its interfaces, or a segment. Without one, it is every link between
routers, and every port of the VRF of --vrf, or of all VRFs.

Several points go into one pcapng file, by one clock, in the order of time. Each point
is an interface there, with a description; each packet has a comment: what its label
stands for, the VRF, and the hosts. With -o - the file goes to standard output; without
-o the packets are printed, a line each.

Between routers, --vrf selects the packets whose label the next router has assigned for
that VRF. A capture changes nothing in the lab, and however it ends, nothing is left of
it. It ends when the lab goes down.`

func newCapture(s streams) *cobra.Command {
	var o look.CaptureOptions
	var prefix, file string
	var label uint32
	c := &cobra.Command{
		Use:     "capture [POINT...]",
		GroupID: groupLook,
		Short:   "Capture packets on wires and ports, with labels, VRFs and hosts",
		Long:    captureHelp,
		Example: `  sudo pseudowan capture pe1:eth1
  sudo pseudowan capture --vrf red --prefix 10.1.0.0/24
  sudo pseudowan capture pe1 pe2:eth1 -o both.pcapng --for 10s
  sudo pseudowan capture pe1:eth1 -o - | wireshark -k -i -`,
	}
	c.Args = cobra.ArbitraryArgs
	c.ValidArgsFunction = func(c *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
		k := look.Complete(c.Context(), o.Lab)
		return append(k.Links, k.Nodes...), cobra.ShellCompDirectiveNoFileComp
	}
	addLab(c, &o.Lab, "the lab; needed if several run")
	kube := addKube(c)
	c.Flags().StringVar(&o.Filter.VRF, "vrf", "", "only packets of this VRF, by name or route distinguisher")
	c.Flags().StringVar(&prefix, "prefix", "", "only packets from or to addresses in this prefix")
	c.Flags().Uint32Var(&label, "label", 0, "only packets with this label")
	c.Flags().StringVarP(&file, "file", "o", "", "pcapng file to write; - for standard output")
	c.Flags().IntVarP(&o.Count, "count", "c", 0, "end after this many packets")
	c.Flags().DurationVar(&o.For, "for", 0, "end after this time, such as 10s")
	completeFlag(c, "vrf", func(ctx context.Context) []string { return look.Complete(ctx, o.Lab).VRFs("") })
	completeFlag(c, "prefix", func(ctx context.Context) []string { return look.Complete(ctx, o.Lab).Prefixes })
	c.RunE = func(c *cobra.Command, args []string) (err error) {
		o.Points = args
		if c.Flags().Changed("label") {
			o.Filter.Label = &label
		}
		if err := checkCapture(&o, prefix); err != nil {
			return err
		}
		out, err := captureTo(s, file)
		if err != nil {
			return err
		}
		o.Begin = out.begin
		begin := func() (look.Captured, error) { return look.Capture(c.Context(), o) }
		if kube.given {
			begin = func() (look.Captured, error) {
				return withSites(c.Context(), kube, func(all *look.Sites) (look.Captured, error) { return all.Capture(c.Context(), o) })
			}
		}
		done, err := begin()
		err = errors.Join(err, out.close())
		if out.begun {
			fmt.Fprintf(s.err, "%d packets captured", done.Packets)
			if done.Lost > 0 {
				fmt.Fprintf(s.err, ", %d lost, because they came faster than they could be read", done.Lost)
			}
			fmt.Fprintln(s.err)
		}
		return err
	}
	return c
}

// checkCapture refuses values that mean nothing.
func checkCapture(o *look.CaptureOptions, prefix string) (err error) {
	const labels = 1 << 20
	switch {
	case o.Filter.Label != nil && *o.Filter.Label >= labels:
		return usagef("capture: --label %d is more than 20 bits have room for", *o.Filter.Label)
	case o.Count < 0:
		return usagef("capture: --count %d is not a number of packets", o.Count)
	case o.For < 0:
		return usagef("capture: --for %s is not a time to come", o.For)
	case prefix == "":
		return nil
	}
	if a, err := netip.ParseAddr(prefix); err == nil {
		o.Filter.Prefix = netip.PrefixFrom(a, a.BitLen())
		return nil
	}
	if o.Filter.Prefix, err = netip.ParsePrefix(prefix); err != nil {
		return usagef("capture: --prefix %s: give a prefix with its length, as 10.1.0.0/24, or an address", prefix)
	}
	o.Filter.Prefix = o.Filter.Prefix.Masked()
	return nil
}

// captureOutput is where packets go: lines for a terminal, or a pcapng file.
type captureOutput struct {
	streams
	name  string // of the file; "" for lines
	file  *os.File
	w     *bufio.Writer
	begun bool
}

func captureTo(s streams, name string) (*captureOutput, error) {
	if name == "-" && isTerminal(s.out) {
		return nil, usagef("capture: -o - writes a binary file; pipe it to a program, as in: pseudowan capture -o - | wireshark -k -i -")
	}
	return &captureOutput{streams: s, name: name, w: bufio.NewWriter(s.out)}, nil
}

// open empties the file, or makes it. An earlier capture stays if this one cannot begin.
func (o *captureOutput) open() (err error) {
	if o.name == "" || o.name == "-" {
		return nil
	}
	if o.file, err = os.OpenFile(o.name, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600); err == nil {
		o.w.Reset(o.file)
	}
	return err
}

// begin writes the head of the file, and returns what writes packets.
func (o *captureOutput) begin(lab string, points []capture.Point) (func([]capture.Packet) error, error) {
	if err := o.open(); err != nil {
		return nil, err
	}
	o.begun = true
	where := fmt.Sprintf("%d points", len(points))
	if len(points) == 1 {
		where = "1 point"
	}
	fmt.Fprintf(o.err, "capturing at %s of lab %s; Ctrl-C ends it\n", where, lab)
	if o.name == "" {
		return func(packets []capture.Packet) error {
			for _, p := range packets {
				fmt.Fprintln(o.w, p.Line(points[p.Point]))
			}
			return o.w.Flush()
		}, nil
	}
	f, err := capture.NewFile(o.w, "lab "+lab+", "+time.Now().Format(time.RFC3339), points)
	if err == nil {
		err = o.w.Flush()
	}
	return func(packets []capture.Packet) error {
		for _, p := range packets {
			if err := f.Write(p); err != nil {
				return err
			}
		}
		return o.w.Flush()
	}, err
}

func (o *captureOutput) close() error {
	if o.file == nil {
		return nil
	}
	return o.file.Close()
}
