package labs

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"

	"pseudowan/hosts/server"
	"pseudowan/labs/plan"
	"pseudowan/labs/store"
)

// uplinks makes the server's side of the lab, and removes what is not in the plan.
func (a *applier) uplinks(ctx context.Context) error {
	former := slices.ContainsFunc(append(slices.Clone(a.cut), a.applied), func(p plan.Plan) bool { return len(p.Uplinks) > 0 })
	if len(a.plan.Uplinks) == 0 && !former {
		return nil
	}
	var all []server.Uplink
	for _, u := range a.plan.Uplinks {
		made, err := a.uplink(u)
		if err != nil {
			return err
		}
		all = append(all, made)
	}
	held, err := store.AwaitServer(ctx)
	if err != nil {
		return err
	}
	defer held.Release()
	changed, err := server.Ensure(ctx, a.plan.Lab, all)
	for _, segment := range changed {
		a.putRight("the server's side of segment "+segment, segment)
	}
	return err
}

// uplink describes the server on a segment.
func (a *applier) uplink(u plan.Uplink) (server.Uplink, error) {
	mac, err := net.ParseMAC(u.MAC)
	if err != nil {
		return server.Uplink{}, fmt.Errorf("segment %s: %w", u.Segment, err)
	}
	out := server.Uplink{
		Lab: a.plan.Lab, Segment: u.Segment, Namespace: a.build.Path(""), Bridge: u.Bridge, Port: u.Port, Interface: u.Interface,
		MAC: mac, MTU: u.MTU, NIC: u.NIC, Routed: u.Routed, Addresses: u.Addresses,
	}
	for _, p := range u.Publish {
		out.Publish = append(out.Publish, server.Published{Address: p.Address, Port: p.Port, To: p.To, Protocol: p.Protocol, Targets: p.Addresses})
	}
	return out, nil
}

// removeServerSide removes the server's side of a lab.
func removeServerSide(ctx context.Context, lab string) error {
	left, err := server.Left(lab)
	if err != nil || len(left) == 0 {
		return err
	}
	held, err := store.AwaitServer(ctx)
	if err != nil {
		return err
	}
	defer held.Release()
	return errors.Join(server.Remove(lab))
}
