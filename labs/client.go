package labs

import (
	"context"
	"fmt"
	"os"
	"pseudowan/topology"
	"slices"

	"golang.org/x/sync/errgroup"

	"pseudowan/hosts"
	"pseudowan/labs/agent"
	"pseudowan/labs/status"
)

// Lab is a running lab that can be asked for its tables.
type Lab struct {
	Name    string
	routers []string
}

// Open finds a running lab; with name empty the only one.
func Open(ctx context.Context, name string) (*Lab, error) {
	if os.Geteuid() != 0 {
		return nil, fmt.Errorf("the lab's routers answer only root: use sudo")
	}
	name, err := pick(ctx, name)
	if err != nil {
		return nil, err
	}
	all, err := hosts.Namespaces()
	if err != nil {
		return nil, err
	}
	l := &Lab{Name: name}
	for _, ns := range all {
		if ns.Mark.Lab == name && ns.Mark.Kind == hosts.KindRouter {
			l.routers = append(l.routers, ns.Mark.Node)
		}
	}
	slices.SortFunc(l.routers, naturalCompare)
	return l, nil
}

// Routers lists the names of the lab's routers in natural order.
func (l *Lab) Routers() []string { return slices.Clone(l.routers) }

func (l *Lab) noRouter(name string) error {
	msg := fmt.Sprintf("lab %s has no router %s", l.Name, name)
	if n := topology.Nearest(name, l.routers); n != "" {
		msg += "; did you mean " + n + "?"
	}
	return notFound(msg)
}

// ask puts one question to every router that the filter leaves, at once, and
// joins the answers in the routers' order.
func ask[T any](ctx context.Context, l *Lab, f Filter, question func(context.Context, *agent.Client) ([]T, error)) ([]T, error) {
	routers := l.routers
	if f.Router != "" {
		if !slices.Contains(routers, f.Router) {
			return nil, l.noRouter(f.Router)
		}
		routers = []string{f.Router}
	}
	if f.VRF != "" {
		if err := unknownVRF(l.Name, appliedTopology(l.Name), f); err != nil {
			return nil, err
		}
	}
	answers := make([][]T, len(routers))
	g, ctx := errgroup.WithContext(ctx)
	for i, name := range routers {
		g.Go(func() error {
			c := agent.NewClient(name, agentSocket(l.Name, name))
			defer c.Close()
			var err error
			answers[i], err = question(ctx, c)
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	return slices.Concat(answers...), nil
}

// inVRF keeps the rows of the filter's VRF.
func inVRF[T any](rows []T, f Filter, vrfAndRD func(T) (string, string)) []T {
	if f.VRF == "" {
		return rows
	}
	return slices.DeleteFunc(rows, func(row T) bool {
		vrf, rd := vrfAndRD(row)
		return vrf != f.VRF && rd != f.VRF
	})
}

// Peers lists the BGP sessions.
func (l *Lab) Peers(ctx context.Context, f Filter) ([]status.Peer, error) {
	return ask(ctx, l, f, func(ctx context.Context, c *agent.Client) ([]status.Peer, error) { return c.Peers(ctx) })
}

// Interfaces lists the routers' ports with their addresses.
func (l *Lab) Interfaces(ctx context.Context, f Filter) ([]status.Interface, error) {
	rows, err := ask(ctx, l, f, func(ctx context.Context, c *agent.Client) ([]status.Interface, error) { return c.Interfaces(ctx) })
	return inVRF(rows, f, func(i status.Interface) (string, string) { return i.VRF, i.RD }), err
}

// Neighbors lists the ARP tables and their IPv6 twins.
func (l *Lab) Neighbors(ctx context.Context, f Filter) ([]status.Neighbor, error) {
	rows, err := ask(ctx, l, f, func(ctx context.Context, c *agent.Client) ([]status.Neighbor, error) { return c.Neighbors(ctx) })
	return inVRF(rows, f, func(n status.Neighbor) (string, string) { return n.VRF, "" }), err
}

// VRFs lists the VRFs with all their paths.
func (l *Lab) VRFs(ctx context.Context, f Filter) ([]status.VRF, error) {
	rows, err := ask(ctx, l, f, func(ctx context.Context, c *agent.Client) ([]status.VRF, error) { return c.VRFs(ctx) })
	return inVRF(rows, f, func(v status.VRF) (string, string) { return v.VRF, v.RD }), err
}

// MPLS lists the label bindings.
func (l *Lab) MPLS(ctx context.Context, f Filter) ([]status.MPLS, error) {
	rows, err := ask(ctx, l, f, func(ctx context.Context, c *agent.Client) ([]status.MPLS, error) { return c.MPLS(ctx) })
	return inVRF(rows, f, func(m status.MPLS) (string, string) { return m.VRF, m.RD }), err
}

// Flows lists the counters of routes and labels. Unless fast is set they are
// exact at the moment of the question.
func (l *Lab) Flows(ctx context.Context, f Filter, fast bool) ([]status.Flow, error) {
	rows, err := ask(ctx, l, f, func(ctx context.Context, c *agent.Client) ([]status.Flow, error) { return c.Flows(ctx, fast) })
	return inVRF(rows, f, func(x status.Flow) (string, string) { return x.VRF, x.RD }), err
}

// Ports lists the counters of the routers' ports.
func (l *Lab) Ports(ctx context.Context, f Filter) ([]status.Port, error) {
	return ask(ctx, l, f, func(ctx context.Context, c *agent.Client) ([]status.Port, error) { return c.Ports(ctx) })
}

// RIB lists the paths of the speakers' VPN tables. The filter's VRF stands for
// its RD here.
func (l *Lab) RIB(ctx context.Context, f Filter) ([]status.RIB, error) {
	rows, err := ask(ctx, l, f, func(ctx context.Context, c *agent.Client) ([]status.RIB, error) { return c.RIB(ctx) })
	if err != nil || f.VRF == "" {
		return rows, err
	}
	vrfs, err := l.VRFs(ctx, f)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(rows, func(r status.RIB) bool {
		return !slices.ContainsFunc(vrfs, func(v status.VRF) bool { return v.RD == r.RD && v.Router == r.Router })
	}), nil
}
