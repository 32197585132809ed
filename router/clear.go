package router

import (
	"context"
	"fmt"
	"net/http"
	"net/netip"

	"pseudowan/bgp"
	"pseudowan/status"
)

// Clearing asks for the reset of a BGP session.
type Clearing struct {
	VRF  string     `json:"vrf"` // of a session with a customer; "": between routers
	Peer netip.Addr `json:"peer"`
	Soft string     `json:"soft"` // "": the session ends; else "in" or "out"
}

// Cleared is what was done.
type Cleared struct {
	Refresh bool `json:"refresh"` // the peer was asked for its routes (RFC 2918)
}

// ErrNotEstablished is the answer to who resets a session that is not established.
var ErrNotEstablished = bgp.ErrNotEstablished

// notEstablishedError is ErrNotEstablished in an agent's words.
type notEstablishedError string

func (e notEstablishedError) Error() string { return string(e) }

// Unwrap returns ErrNotEstablished.
func (e notEstablishedError) Unwrap() error { return ErrNotEstablished }

// Clear resets a session. The error of one that is not established is ErrNotEstablished.
// An agent of an older version cannot.
func (c *Client) Clear(ctx context.Context, q Clearing) (out Cleared, err error) {
	err = c.send(ctx, http.MethodPost, "clear", q, &out)
	return out, err
}

func (a *agent) postClear(w http.ResponseWriter, q *http.Request) {
	c, ok := asked[Clearing](w, q)
	if !ok {
		return
	}
	how, known := map[string]bgp.Clear{"": bgp.ClearHard, "in": bgp.ClearSoftIn, "out": bgp.ClearSoftOut}[c.Soft]
	if !known {
		http.Error(w, fmt.Sprintf("clear: soft %q is not in or out", c.Soft), http.StatusBadRequest)
		return
	}
	out, err := a.clear(q.Context(), c, how)
	a.answer(w, out, err)
}

// clear resets a session. One that is kept down because BFD has lost the peer may come up
// again.
func (a *agent) clear(ctx context.Context, c Clearing, how bgp.Clear) (out Cleared, err error) {
	if how == bgp.ClearHard && c.VRF == "" {
		forgiven, err := inLoop(ctx, a.loop, func() bool { return a.loop.forgive(c.Peer) })
		if forgiven || err != nil {
			return out, err
		}
	}
	speakers, err := a.speakersOf(ctx, c.VRF)
	if err != nil {
		return out, err
	}
	for _, s := range speakers {
		if s.Has(c.Peer) {
			out.Refresh, err = s.Clear(c.Peer, how)
			return out, err
		}
	}
	return out, status.NotFound("there is no session with " + c.Peer.String())
}
