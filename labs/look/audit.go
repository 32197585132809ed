package look

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"pseudowan/audit"
	"pseudowan/hosts"
	"pseudowan/labs/build"
	"pseudowan/labs/inventory"
	"pseudowan/labs/plan"
	"pseudowan/labs/store"
	"pseudowan/router"
	"pseudowan/status"
	"pseudowan/topology"
)

// AuditOptions select what is audited.
type AuditOptions struct {
	Lab     string        // "": the only one
	Settle  time.Duration // what goes away in this time was only changing
	Packets time.Duration // how long an address may take to answer; 0: no packets are sent
	Step    func(message string)
}

// auditPause is the time between two looks at a lab that seems to deviate.
const auditPause = 250 * time.Millisecond

// Audit compares what a running lab should be with its sessions, tables, flows,
// interfaces and processes, and with what packets do. It changes nothing.
func Audit(ctx context.Context, o AuditOptions) ([]status.Deviation, error) {
	name, err := pick(ctx, o.Lab)
	if err != nil {
		return nil, err
	}
	o.Step("comparing tables, flows and interfaces")
	found, err := auditOnce(ctx, name)
	for begin := time.Now(); err == nil && len(found) > 0 && time.Since(begin) < o.Settle; {
		select {
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case <-time.After(auditPause):
		}
		var again []status.Deviation
		again, err = auditOnce(ctx, name)
		found = audit.Both(found, again)
	}
	if err != nil || o.Packets == 0 {
		return found, err
	}
	pairs, err := Verify(ctx, VerifyOptions{Lab: name, Timeout: o.Packets, Step: o.Step})
	if none := (noPairError{}); errors.As(err, &none) {
		return found, nil
	}
	return append(found, Strayed(pairs)...), err
}

// Strayed lists the packets that did not do what they should, of what Verify has found.
func Strayed(pairs []status.HostPair) (all []status.Deviation) {
	for _, p := range pairs {
		if p.Result != status.Different {
			continue
		}
		for _, d := range p.Differences {
			detail := d.Seen
			if d.Cause != "" {
				detail += ": " + d.Cause
			}
			object := p.To
			if d.Destination.IsValid() {
				object += " " + d.Destination.String()
			}
			all = append(all, status.Deviation{Node: p.From, Check: status.CheckPacket, Object: "to " + object, Detail: detail})
		}
	}
	return all
}

// auditOnce looks once. Routers that do not answer are deviations, too.
func auditOnce(ctx context.Context, name string) ([]status.Deviation, error) {
	found, err := inventory.Of(ctx, name, nil)
	if err != nil {
		return nil, err
	}
	lab := newLab(name, found.Namespaces)
	applied, err := store.Applied(name)
	if err != nil {
		return nil, fmt.Errorf("lab %s: its plan is gone, so nothing says what it should be; `pseudowan up` makes it again: %w", name, err)
	}
	all := absent(&applied, found)
	t := audit.Tables{Nodes: nodesOf(ctx, found, name)}
	if lab.applied != nil {
		t.Stations = stationsAt(name, lab.applied)
	}
	if running := inventory.FindProcesses(); running.Keeper(name) == 0 {
		all = append(all, status.Deviation{Check: status.CheckProcess, Object: "keeper", Detail: "does not run"})
	}
	var mu sync.Mutex
	var each sync.WaitGroup
	ctx, cancel := context.WithTimeoutCause(ctx, answerPatience, fmt.Errorf("no answer in %s", answerPatience))
	defer cancel()
	for _, r := range lab.routers {
		if !running(t.Nodes, r) {
			continue // which is a deviation already
		}
		each.Go(func() {
			own, tables, err := auditRouter(ctx, name, r)
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				all = append(all, status.Deviation{Node: r, Check: status.CheckProcess, Object: "agent", Detail: strings.TrimPrefix(err.Error(), "router "+r+": ")})
				return
			}
			all = append(all, own...)
			t.Interfaces, t.Neighbors = append(t.Interfaces, tables.Interfaces...), append(t.Neighbors, tables.Neighbors...)
			t.RIB, t.MPLS, t.LSPs = append(t.RIB, tables.RIB...), append(t.MPLS, tables.MPLS...), append(t.LSPs, tables.LSPs...)
		})
	}
	each.Wait()
	faultsOf(ctx, name, lab.applied, &found).mark(t.Interfaces)
	wires, err := wiresOf(&applied, found)
	return append([]status.Deviation{}, slices.Concat(all, wires, audit.Judge(t))...), err
}

func running(nodes []status.Node, name string) bool {
	return slices.ContainsFunc(nodes, func(n status.Node) bool { return n.Node == name && n.State == status.NodeRunning })
}

// absent lists the planned nodes of which there is nothing.
func absent(p *plan.Plan, found inventory.Inventory) (all []status.Deviation) {
	note := func(node string, kind status.NodeKind) {
		all = append(all, status.Deviation{Node: node, Check: status.CheckProcess, Object: string(kind), Detail: "does not exist"})
	}
	for _, r := range p.Routers {
		if !slices.ContainsFunc(found.ByKind(hosts.KindRouter), func(ns hosts.Namespace) bool { return ns.Mark.Node == r.Name }) {
			note(r.Name, status.Router)
		}
	}
	for _, h := range p.Hosts {
		if !slices.ContainsFunc(found.Hosts, func(s hosts.Sandbox) bool { return s.Node == h.Name }) && !found.Unseen.Has(h.Name) {
			note(h.Name, status.Host)
		}
	}
	return all
}

// auditRouter asks one router for what it finds itself, and for its tables.
func auditRouter(ctx context.Context, lab, name string) (own []status.Deviation, t audit.Tables, err error) {
	c := router.NewClient(name, store.AgentSocket(lab, name))
	defer c.Close()
	state, err1 := c.Converged(ctx, 0)
	own, err2 := c.Audit(ctx)
	var err3, err4, err5, err6, err7 error
	t.Interfaces, err3 = c.Interfaces(ctx)
	t.Neighbors, err4 = c.Neighbors(ctx)
	t.RIB, err5 = c.RIB(ctx, status.Selection{})
	t.MPLS, err6 = c.MPLS(ctx, status.Selection{})
	t.LSPs, err7 = c.LSPs(ctx)
	for _, missing := range state.Missing {
		own = append(own, status.Deviation{
			Node: name, Check: status.CheckIntent, Object: "", Detail: strings.TrimPrefix(missing, "router "+name+": "),
		})
	}
	for _, err := range []error{err1, err2, err3, err4, err5, err6, err7} {
		if err != nil {
			return nil, audit.Tables{}, err
		}
	}
	return own, t, nil
}

// stationsAt lists the configured addresses of hosts at routers. Those of hosts whose
// programs move addresses are not known.
func stationsAt(lab string, t *topology.Topology) (all []audit.Station) {
	for _, h := range t.Hosts {
		if h.Rewrites {
			continue
		}
		for _, a := range t.AtRouters(h) {
			for _, p := range a.Addresses {
				all = append(all, audit.Station{Host: h.Name, LAN: a.Segment, Router: a.Router, VRF: a.VRF, Address: p.Addr(), MAC: plan.HostMAC(lab, h.Name, a).String()})
			}
		}
	}
	return all
}

// wireChecks are the checks that find what is wrong with wires.
var wireChecks = map[hosts.WireProperty]status.Check{
	hosts.WirePair: status.CheckWire, hosts.WireUp: status.CheckWire, hosts.WireMTU: status.CheckMTU,
	hosts.WireMAC: status.CheckMAC, hosts.WireOffload: status.CheckOffload,
}

// wiresOf compares the interfaces of wires with the plan. Those of hosts that do not run
// are not looked at.
func wiresOf(p *plan.Plan, found inventory.Inventory) (all []status.Deviation, err error) {
	b := build.New(p, nil)
	away := map[string]bool{}
	for _, h := range p.Hosts {
		away[h.Name] = true
	}
	for _, s := range found.Hosts {
		if s.Running() {
			b.Place(s.Node, s.NetNS)
			away[s.Node] = false
		}
	}
	faults, err := b.Faults(func(w plan.Wire) bool { return !away[w.A.Node] && !away[w.B.Node] })
	for _, f := range faults {
		node, _, _ := strings.Cut(f.End.String(), ":")
		all = append(all, status.Deviation{Node: node, Check: wireChecks[f.What], Object: f.End.Name, Detail: f.Detail})
	}
	return all, err
}
