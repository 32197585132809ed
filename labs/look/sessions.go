package look

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"

	"pseudowan/labs/store"
	"pseudowan/router"
	"pseudowan/status"
	"pseudowan/topology"
)

// Sessions lists the BGP sessions with a peer: an address, or the name of a router
// or a host of the lab; "" for all sessions.
func (l *Lab) Sessions(ctx context.Context, f Filter, peer string) ([]status.Peer, error) {
	rows, err := l.Peers(ctx, f)
	if peer == "" || len(rows) == 0 {
		return rows, err
	}
	var known []string
	found := slices.DeleteFunc(slices.Clone(rows), func(p status.Peer) bool {
		names := append(l.peerNames(p), p.RemoteAddress.String())
		known = append(known, names...)
		return !slices.Contains(names, spelled(peer))
	})
	if len(found) > 0 || err != nil {
		return found, err
	}
	msg := fmt.Sprintf("lab %s has no BGP session with %s", l.Name, peer)
	if n := topology.Nearest(peer, known); n != "" {
		msg += "; did you mean " + n + "?"
	}
	return nil, status.NotFound(msg)
}

// SessionRoutes lists the routes of the sessions with a peer.
func (l *Lab) SessionRoutes(ctx context.Context, f Filter, peer string, view status.RouteView) ([]status.SessionRoute, error) {
	return l.ofSessions(ctx, f, peer, func(ctx context.Context, c *router.Client, s status.Peer) ([]status.SessionRoute, error) {
		return c.SessionRoutes(ctx, s.VRF, s.RemoteAddress, view)
	})
}

// receivedOf lists what the peers of a router have announced of a prefix.
func (l *Lab) receivedOf(ctx context.Context, at string, prefix netip.Prefix) ([]status.SessionRoute, error) {
	return l.ofSessions(ctx, Filter{Router: at}, "", func(ctx context.Context, c *router.Client, s status.Peer) ([]status.SessionRoute, error) {
		return c.ReceivedOf(ctx, s.VRF, s.RemoteAddress, prefix)
	})
}

// ofSessions asks for routes of each session with a peer.
func (l *Lab) ofSessions(
	ctx context.Context, f Filter, peer string,
	ask func(context.Context, *router.Client, status.Peer) ([]status.SessionRoute, error),
) ([]status.SessionRoute, error) {
	sessions, err := l.Sessions(ctx, f, peer)
	errs := []error{err}
	ctx, cancel := context.WithTimeoutCause(ctx, answerPatience, fmt.Errorf("no answer in %s", answerPatience))
	defer cancel()
	var rows []status.SessionRoute
	for _, s := range sessions {
		c := router.NewClient(s.Router, store.AgentSocket(l.Name, s.Router))
		list, err := ask(ctx, c, s)
		c.Close()
		rows, errs = append(rows, list...), append(errs, err)
	}
	return rows, errors.Join(errs...)
}

// peerNames are the nodes of the lab at the other end of a session.
func (l *Lab) peerNames(p status.Peer) (names []string) {
	if l.applied == nil {
		return nil
	}
	for _, s := range l.applied.Sessions {
		if p.VRF == "" && s.Router == p.Router && s.PeerAddress == p.RemoteAddress && s.PeerRouter != "" {
			names = append(names, s.PeerRouter)
		}
	}
	for _, h := range l.applied.Hosts {
		if slices.ContainsFunc(h.Attachments, func(a topology.Attachment) bool {
			return a.Router == p.Router && a.VRF == p.VRF && speaks(a, p.RemoteAddress)
		}) {
			names = append(names, h.Name)
		}
	}
	return append(names, l.injectors(p)...)
}

// injectors are the speakers of injected routes at the other end of a session.
func (l *Lab) injectors(p status.Peer) (names []string) {
	list, _ := store.Injections(l.Name) // a damaged list has none
	for _, i := range list {
		for _, s := range i.Sessions {
			if i.Router == p.Router && s.Local == p.RemoteAddress {
				names = append(names, i.Name)
			}
		}
	}
	return names
}

func speaks(a topology.Attachment, peer netip.Addr) bool {
	return a.BGP != nil && slices.ContainsFunc(a.BGP.Sessions, func(s topology.CustomerSession) bool { return s.PeerAddress == peer })
}

// spelled is an address as rows spell it; other words stay.
func spelled(word string) string {
	if a, err := netip.ParseAddr(word); err == nil {
		return a.String()
	}
	return word
}
