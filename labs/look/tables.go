package look

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"sync"
	"time"

	"pseudowan/hosts"
	"pseudowan/labs/inventory"
	"pseudowan/labs/store"
	"pseudowan/router"
	"pseudowan/status"
	"pseudowan/topology"
)

// Lab gives access to the tables of a running lab.
type Lab struct {
	Name    string
	routers []string
	applied *topology.Topology // nil if unknown
}

// Open finds a running lab; if name is empty, the only one.
func Open(ctx context.Context, name string) (*Lab, error) {
	name, err := pick(ctx, name)
	if err != nil {
		return nil, err
	}
	all, err := hosts.Namespaces()
	if err != nil {
		return nil, err
	}
	return newLab(name, all), nil
}

// pick is inventory.Pick for root; routers answer no other user.
func pick(ctx context.Context, name string) (string, error) {
	if os.Geteuid() != 0 {
		return "", errors.New("the lab's routers answer only root: use sudo")
	}
	return inventory.Pick(ctx, name)
}

// newLab returns a lab with the routers whose namespaces are given.
func newLab(name string, namespaces []hosts.Namespace) *Lab {
	l := &Lab{Name: name, applied: store.Topology(name)}
	for _, ns := range namespaces {
		if ns.Mark.Lab == name && ns.Mark.Kind == hosts.KindRouter {
			l.routers = append(l.routers, ns.Mark.Node)
		}
	}
	slices.SortFunc(l.routers, topology.CompareNames)
	return l
}

// Routers lists the names of the lab's routers in natural order.
func (l *Lab) Routers() []string { return slices.Clone(l.routers) }

func (l *Lab) noRouter(name string) error {
	msg := fmt.Sprintf("lab %s has no router %s", l.Name, name)
	if n := topology.Nearest(name, l.routers); n != "" {
		msg += "; did you mean " + n + "?"
	}
	return status.NotFound(msg)
}

// selected lists the routers that a filter selects; an error if the lab does not have what
// the filter names.
func (l *Lab) selected(f Filter) ([]string, error) {
	routers := l.routers
	if f.Router != "" {
		if !slices.Contains(routers, f.Router) {
			return nil, l.noRouter(f.Router)
		}
		routers = []string{f.Router}
	}
	return routers, unknownVRF(l.Name, l.applied, f)
}

// ask asks all selected routers at once, and joins the answers in the routers'
// order. An error comes with the answers of the other routers.
func ask[T any](ctx context.Context, l *Lab, f Filter, question func(*router.Client, context.Context) ([]T, error)) ([]T, error) {
	routers, err := l.selected(f)
	if err != nil {
		return nil, err
	}
	halts := store.Halts(l.Name)
	answers, errs := make([][]T, len(routers)), make([]error, len(routers))
	ctx, cancel := context.WithTimeoutCause(ctx, answerPatience, fmt.Errorf("no answer in %s", answerPatience))
	defer cancel()
	var all sync.WaitGroup
	for i, name := range routers {
		if h, ok := halts[name]; ok {
			errs[i] = fmt.Errorf("router %s is %s; `pseudowan start %s` lets it run again", name, haltState(h), name)
			continue
		}
		all.Go(func() {
			c := router.NewClient(name, store.AgentSocket(l.Name, name))
			defer c.Close()
			answers[i], errs[i] = question(c, ctx)
		})
	}
	all.Wait()
	return slices.Concat(answers...), errors.Join(errs...)
}

// answerPatience is how long a router's agent may take to answer.
const answerPatience = 10 * time.Second

// inVRF keeps the rows of the filter's VRF.
func inVRF[T any](rows []T, f Filter, vrfAndRD func(T) (string, string)) []T {
	if f.VRF == "" {
		return rows
	}
	return slices.DeleteFunc(rows, func(row T) bool {
		return !f.InVRF(vrfAndRD(row))
	})
}

// rd returns the RD of a router's VRF in the applied topology; "" if unknown.
func (l *Lab) rd(router, vrf string) string {
	if l.applied == nil {
		return ""
	}
	for _, v := range l.applied.VRFs {
		if v.Router == router && v.Name == vrf {
			return v.RD.String()
		}
	}
	return ""
}

// Peers lists the BGP sessions; with a VRF, only those with its customers.
func (l *Lab) Peers(ctx context.Context, f Filter) ([]status.Peer, error) {
	rows, err := ask(ctx, l, f, (*router.Client).Peers)
	return inVRF(rows, f, func(p status.Peer) (string, string) { return p.VRF, l.rd(p.Router, p.VRF) }), err
}

// Interfaces lists the routers' ports with their addresses.
func (l *Lab) Interfaces(ctx context.Context, f Filter) ([]status.Interface, error) {
	rows, err := ask(ctx, l, f, (*router.Client).Interfaces)
	rows = append(rows, haltedInterfaces(l.Name, f)...)
	faultsOf(ctx, l.Name, l.applied, nil).mark(rows)
	return inVRF(rows, f, func(i status.Interface) (string, string) { return i.VRF, i.RD }), err
}

// Neighbors lists the ARP and ND tables.
func (l *Lab) Neighbors(ctx context.Context, f Filter) ([]status.Neighbor, error) {
	rows, err := ask(ctx, l, f, (*router.Client).Neighbors)
	return inVRF(rows, f, func(n status.Neighbor) (string, string) { return n.VRF, l.rd(n.Router, n.VRF) }), err
}

// VRFs lists the VRFs with the selected paths.
func (l *Lab) VRFs(ctx context.Context, f Filter) ([]status.VRF, error) {
	rows, err := askSelected(ctx, l, f, (*router.Client).VRFs)
	return inVRF(rows, f, func(v status.VRF) (string, string) { return v.VRF, v.RD }), err
}

// MPLS lists the label bindings.
func (l *Lab) MPLS(ctx context.Context, f Filter) ([]status.MPLS, error) {
	rows, err := askSelected(ctx, l, f, (*router.Client).MPLS)
	return inVRF(rows, f, func(m status.MPLS) (string, string) { return m.VRF, m.RD }), err
}

// LSPs lists the label-switched paths of a lab with a core.
func (l *Lab) LSPs(ctx context.Context, f Filter) ([]status.LSP, error) {
	return ask(ctx, l, f, (*router.Client).LSPs)
}

// CoreLinks lists the ends of links that label-switched paths use.
func (l *Lab) CoreLinks(ctx context.Context, f Filter) ([]status.CoreLink, error) {
	return ask(ctx, l, f, (*router.Client).CoreLinks)
}

// BFD lists the sessions of BFD.
func (l *Lab) BFD(ctx context.Context, f Filter) ([]status.BFD, error) {
	return ask(ctx, l, f, (*router.Client).BFD)
}

// Flows lists the counters of routes and labels. Unless fast is set, they are exact.
func (l *Lab) Flows(ctx context.Context, f Filter, fast bool) ([]status.Flow, error) {
	rows, err := askSelected(ctx, l, f, func(c *router.Client, ctx context.Context, sel status.Selection) ([]status.Flow, error) {
		return c.Flows(ctx, sel, fast)
	})
	return inVRF(rows, f, func(x status.Flow) (string, string) { return x.VRF, x.RD }), err
}

// labels lists incoming labels without counters, those that concern a selection.
func (l *Lab) labels(ctx context.Context, sel status.Selection) ([]status.Flow, error) {
	return askSelected(ctx, l, Filter{Selection: sel}, (*router.Client).Labels)
}

// RIB lists the paths of the speakers' VPN tables. The filter's VRF selects by its RD.
func (l *Lab) RIB(ctx context.Context, f Filter) ([]status.RIB, error) {
	return askSelected(ctx, l, f, (*router.Client).RIB)
}

// askSelected is ask for the tables of routes, of which a router sends only the selected
// rows: there may be a million of them. An agent of an older version sends all.
func askSelected[T any](ctx context.Context, l *Lab, f Filter, question func(*router.Client, context.Context, status.Selection) ([]T, error)) ([]T, error) {
	return ask(ctx, l, f, func(c *router.Client, ctx context.Context) ([]T, error) { return question(c, ctx, f.Selection) })
}

// Ports lists the counters of the routers' ports; with a VRF, only of its ports.
func (l *Lab) Ports(ctx context.Context, f Filter) ([]status.Port, error) {
	rows, err := ask(ctx, l, f, (*router.Client).Ports)
	if err != nil || f.VRF == "" {
		return rows, err
	}
	in, err := l.Interfaces(ctx, f)
	return slices.DeleteFunc(rows, func(p status.Port) bool {
		return !slices.ContainsFunc(in, func(i status.Interface) bool { return i.Router == p.Router && i.Port == p.Port })
	}), err
}

// Stations lists the BMP stations; with a VRF, those that are reached through it.
func (l *Lab) Stations(ctx context.Context, f Filter) ([]status.Station, error) {
	rows, err := ask(ctx, l, f, (*router.Client).Stations)
	return inVRF(rows, f, func(s status.Station) (string, string) { return s.VRF, l.rd(s.Router, s.VRF) }), err
}

// MRT lists what the routers record in files.
func (l *Lab) MRT(ctx context.Context, f Filter) ([]status.MRT, error) {
	return ask(ctx, l, f, (*router.Client).MRT)
}
