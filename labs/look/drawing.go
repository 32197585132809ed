package look

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/netip"
	"os"
	"slices"
	"strings"

	"pseudowan/labs/catalog"
	"pseudowan/labs/inventory"
	"pseudowan/labs/plan"
	"pseudowan/labs/store"
	"pseudowan/status"
	"pseudowan/topology"
	"pseudowan/trace"
)

// Drawing is what a picture of a lab shows.
type Drawing struct {
	Topology *topology.Topology
	Labels   []VRFLabels
}

// VRFLabels are the labels that a router assigns in a VRF, sorted.
type VRFLabels struct {
	Router, VRF string
	Labels      []uint32
}

// Draw reads a running lab as applied, with its labels, and any other like
// catalog.Load, with the labels that it would get. Only root sees running labs.
func Draw(lab string, stdin io.Reader) (Drawing, error) {
	if t := store.Topology(lab); t != nil {
		before, err := store.Applied(t.Name)
		if err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, os.ErrPermission) {
			return Drawing{}, err
		}
		return drawn(t, before.Allocations)
	}
	t, _, err := catalog.Load(lab, stdin, inventory.Known()...)
	if errors.Is(err, status.ErrNotFound) && inventory.NeedRoot() != nil && !strings.ContainsAny(lab, "./") {
		return Drawing{}, fmt.Errorf("%w; only root can see running labs: use sudo", err)
	}
	if err != nil {
		return Drawing{}, err
	}
	return drawn(t, plan.Allocations{})
}

func drawn(t *topology.Topology, kept plan.Allocations) (Drawing, error) {
	plan, err := plan.New(t, kept, t.Runtime)
	if err != nil {
		return Drawing{}, err
	}
	d := Drawing{Topology: t}
	for _, r := range plan.Routers {
		for _, v := range r.Config.VRFs {
			l := VRFLabels{Router: r.Name, VRF: v.Name}
			for _, b := range v.Bindings {
				l.Labels = append(l.Labels, uint32(b.Label))
			}
			slices.Sort(l.Labels)
			d.Labels = append(d.Labels, l)
		}
	}
	return d, nil
}

// LSP returns the hops of the label-switched path from a router of the lab, which must run,
// to another.
func (d Drawing) LSP(ctx context.Context, from, to string) ([]trace.LSPHop, error) {
	lab, err := Open(ctx, d.Topology.Name)
	if err != nil {
		return nil, err
	}
	for _, name := range []string{from, to} {
		if _, err := lab.selected(Filter{Router: name}); err != nil {
			return nil, err
		}
	}
	rows, err := lab.LSPs(ctx, Filter{})
	if err != nil {
		return nil, err
	}
	return trace.AlongLSP(rows, from, to, d.routerAt)
}

// routerAt returns the router that has an address on a link; "" if none of the lab has.
func (d Drawing) routerAt(a netip.Addr) string {
	for _, l := range d.Topology.Links {
		for _, e := range l.Ends {
			if slices.ContainsFunc(e.Addresses, func(p netip.Prefix) bool { return p.Addr() == a }) {
				return e.Router
			}
		}
	}
	return ""
}
