package labs

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os/exec"
	"slices"

	"pseudowan/doctor"
	"pseudowan/hosts/server"
	"pseudowan/labs/look"
	"pseudowan/labs/plan"
	"pseudowan/labs/store"
)

// uplinks makes the server's side of the lab, and removes what is not in the plan.
func (a *applier) uplinks(ctx context.Context) error {
	return a.onServer(ctx, func(all []server.Uplink) error {
		// Another lab may have come first since this one was judged.
		if err := doctor.CheckUplinks(look.NeedOfUplinks(a.plan, onServer)); err != nil {
			return err
		}
		changed, err := server.Ensure(ctx, a.plan.Lab, all)
		for _, segment := range changed {
			a.putRight("the server's side of segment "+segment, segment)
		}
		return err
	})
}

// releaseNICs takes NICs of the server from segments that no longer have them, before
// routers borrow them.
func (a *applier) releaseNICs(ctx context.Context) error {
	return a.onServer(ctx, func(all []server.Uplink) error { return server.Release(a.plan.Lab, all) })
}

// onServer does something with the server's side of the lab, if the lab has or had
// one.
func (a *applier) onServer(ctx context.Context, do func([]server.Uplink) error) error {
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
	return do(all)
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
	for _, s := range a.plan.Segments {
		for _, w := range s.Wires {
			if mac, err := net.ParseMAC(w.B.MAC); err == nil && s.Of == u.Segment {
				out.Stations = append(out.Stations, mac)
			}
		}
	}
	return out, nil
}

// onServer reports whether a lab has changed the server.
func onServer(lab string) bool {
	left, err := server.Left(lab)
	return err != nil || len(left) > 0
}

// uplinked reports whether the server is, or was to be, a router on a segment of a lab.
func uplinked(lab string) bool {
	applied, cut, _ := store.Before(lab)
	return slices.ContainsFunc(append(cut, applied), func(p plan.Plan) bool {
		return slices.ContainsFunc(p.Uplinks, func(u plan.Uplink) bool { return u.NIC == "" })
	})
}

// removeServerSide removes the server's side of a lab.
func removeServerSide(ctx context.Context, lab string) error {
	if _, err := exec.LookPath("nft"); err != nil && uplinked(lab) {
		return fmt.Errorf("the rules of lab %s on the server may still be there (nftables table inet pw-%[1]s), and nft is not installed: apt-get install nftables", lab)
	}
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
