package main

import (
	"context"
	"net/http"
	"net/netip"
	"time"

	"pseudowan/api/original"
	v1 "pseudowan/api/v1"
	"pseudowan/labs"
	"pseudowan/labs/look"
	"pseudowan/status"
	"pseudowan/topology"
	"pseudowan/topology/edit"
)

// newAPI returns a handler of the lab's API and of the original's requests.
func newAPI(lab string) http.Handler {
	changes := labs.NewQueue()
	open := func(ctx context.Context) (original.Lab, error) {
		running, err := look.Open(ctx, lab)
		return served{running, changes}, err
	}
	paths := http.NewServeMux()
	paths.Handle("/v1/", v1.New(lab, changes))
	paths.Handle("/", original.New(open, time.Now))
	return paths
}

// served is a lab as the original sees it: the tables of one router at a time.
type served struct {
	*look.Lab
	changes *labs.Queue
}

func of(router string) look.Filter { return look.Filter{Router: router} }

func (s served) Peers(ctx context.Context, router string) ([]status.Peer, error) {
	return s.Lab.Peers(ctx, of(router))
}

func (s served) Interfaces(ctx context.Context, router string) ([]status.Interface, error) {
	return s.Lab.Interfaces(ctx, of(router))
}

func (s served) Neighbors(ctx context.Context, router string) ([]status.Neighbor, error) {
	return s.Lab.Neighbors(ctx, of(router))
}

func (s served) VRFs(ctx context.Context, router string) ([]status.VRF, error) {
	return s.Lab.VRFs(ctx, of(router))
}

func (s served) MPLS(ctx context.Context, router string) ([]status.MPLS, error) {
	return s.Lab.MPLS(ctx, of(router))
}

func (s served) Flows(ctx context.Context, router string) ([]status.Flow, error) {
	return s.Lab.Flows(ctx, of(router), false)
}

func (s served) Ports(ctx context.Context, router string) ([]status.Port, error) {
	return s.Lab.Ports(ctx, of(router))
}

func (s served) RIB(ctx context.Context, router string) ([]status.RIB, error) {
	return s.Lab.RIB(ctx, of(router))
}

func (s served) LSPs(ctx context.Context, router string) ([]status.LSP, error) {
	return s.Lab.LSPs(ctx, of(router))
}

func (s served) SessionRoutes(ctx context.Context, router, peer string, view status.RouteView) ([]status.SessionRoute, error) {
	return s.Lab.SessionRoutes(ctx, of(router), peer, view)
}

// Change changes the lab.
func (s served) Change(ctx context.Context, decide func(*topology.Topology) ([]edit.Edit, error)) error {
	_, err := s.changes.Change(ctx, labs.ChangeOptions{Lab: s.Name, Decide: decide, Timeout: changeTimeout, By: "API"})
	return err
}

func (s served) Ping(ctx context.Context, router, vrf string, to netip.Addr, octets int) (from netip.Addr, err error) {
	o := look.PingOptions{Lab: s.Name, Router: router, VRF: vrf, To: to, Count: 1, Wait: pingWait, Size: octets}
	err = look.Ping(ctx, o, func(_ int, p look.Pong) {
		if p.What == "" {
			from = p.From
		}
	})
	return from, err
}
