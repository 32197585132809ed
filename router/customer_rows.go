package router

import (
	"context"
	"fmt"

	"pseudowan/bgp"
	"pseudowan/status"
)

// customerPeerRows adds the sessions with customers.
func (r *reactor) customerPeerRows(ctx context.Context, rows []status.Peer) ([]status.Peer, error) {
	customers, err := inLoop(ctx, r, r.sortedCustomers)
	if err != nil {
		return nil, err
	}
	for _, c := range customers {
		peers, err := c.speaker.Peers(ctx)
		if err != nil {
			return nil, err
		}
		for _, p := range peers {
			rows = append(rows, r.peerRow(p, c.identity.vrfName))
		}
	}
	return rows, nil
}

// sortedCustomers is the customers by access port.
func (r *reactor) sortedCustomers() []*customer {
	var out []*customer
	for _, a := range r.cfg.Access {
		if c := r.customers[a.Port]; c != nil {
			out = append(out, c)
		}
	}
	return out
}

// missingCustomers tells which sessions with customers are not up: of hosts
// that run a command of the lab as missing, of others as waited for.
func (r *reactor) missingCustomers(missing func(string, ...any)) (waiting []string) {
	for _, c := range r.sortedCustomers() {
		for _, s := range c.BGP.Sessions {
			state := c.peers[s.PeerAddress]
			if state.State == bgp.StateEstablished {
				continue
			}
			what := fmt.Sprintf("BGP session with host %s (%s, AS %d) in VRF %s", c.access.Host, s.PeerAddress, c.BGP.AS, c.access.VRF)
			switch {
			case state.Reason != "":
				waiting = append(waiting, fmt.Sprintf("router %s: the %s is kept down: %s", r.name, what, state.Reason))
			case c.Awaited:
				missing("the %s is not established%s", what, whyDown(state))
			default:
				waiting = append(waiting, fmt.Sprintf("router %s: the %s is not established yet%s", r.name, what, whyDown(state)))
			}
		}
	}
	return waiting
}
