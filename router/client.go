package router

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"syscall"
	"time"

	"pseudowan/router/config"
	"pseudowan/status"
)

// Client asks one router's agent over its unix socket.
type Client struct {
	router string
	http   http.Client
}

// NewClient returns a client for the agent that serves on socket. Nothing is
// opened yet.
func NewClient(router, socket string) *Client {
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "unix", socket)
	}
	return &Client{router: router, http: http.Client{Transport: &http.Transport{DialContext: dial}}}
}

// Close closes idle connections.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// Configure gives the agent a new configuration, and returns when the router has
// applied it.
func (c *Client) Configure(ctx context.Context, cfg config.Router) error {
	return c.send(ctx, http.MethodPut, "config", cfg, nil)
}

// Correct corrects the flows that somebody else has added, removed or changed in
// the switch, and returns their number. An agent of an older version cannot.
func (c *Client) Correct(ctx context.Context) (flows int, err error) {
	err = c.do(ctx, http.MethodPost, "correct", nil, &flows)
	if errors.Is(err, errNotServed) {
		return 0, nil
	}
	return flows, err
}

// Converged returns when the router has converged, or after wait.
func (c *Client) Converged(ctx context.Context, wait time.Duration) (Convergence, error) {
	return get[Convergence](ctx, c, "status?wait="+wait.String())
}

// Datapath returns the router's Open vSwitch datapath: netdev or system.
func (c *Client) Datapath(ctx context.Context) (string, error) {
	return get[string](ctx, c, "datapath")
}

// Peers lists the BGP sessions.
func (c *Client) Peers(ctx context.Context) ([]status.Peer, error) {
	return get[[]status.Peer](ctx, c, "peers")
}

// SessionRoutes lists the routes of a BGP session; vrf is that of a customer's, ""
// between routers.
func (c *Client) SessionRoutes(ctx context.Context, vrf string, peer netip.Addr, view status.RouteView) ([]status.SessionRoute, error) {
	words := url.Values{"vrf": {vrf}, "peer": {peer.String()}, "view": {string(view)}}
	return get[[]status.SessionRoute](ctx, c, "routes?"+words.Encode())
}

// Interfaces lists the ports with their addresses.
func (c *Client) Interfaces(ctx context.Context) ([]status.Interface, error) {
	return get[[]status.Interface](ctx, c, "interfaces")
}

// Neighbors lists the ARP and IPv6 neighbour tables.
func (c *Client) Neighbors(ctx context.Context) ([]status.Neighbor, error) {
	return get[[]status.Neighbor](ctx, c, "neighbors")
}

// VRFs lists the VRFs with all their paths.
func (c *Client) VRFs(ctx context.Context, sel status.Selection) ([]status.VRF, error) {
	return get[[]status.VRF](ctx, c, "vrfs?"+sel.Query().Encode())
}

// MPLS lists the label bindings.
func (c *Client) MPLS(ctx context.Context, sel status.Selection) ([]status.MPLS, error) {
	return get[[]status.MPLS](ctx, c, "mpls?"+sel.Query().Encode())
}

// Flows lists the counters of routes and labels. If fast is set, they may lag behind.
func (c *Client) Flows(ctx context.Context, sel status.Selection, fast bool) ([]status.Flow, error) {
	words := sel.Query()
	if fast {
		words.Set("fast", "1")
	}
	return get[[]status.Flow](ctx, c, "flows?"+words.Encode())
}

// Labels lists incoming labels without counters: those that stand for no single prefix,
// and those of selected ones.
func (c *Client) Labels(ctx context.Context, sel status.Selection) ([]status.Flow, error) {
	rows, err := get[[]status.Flow](ctx, c, "labels?"+sel.Query().Encode())
	if errors.Is(err, errNotServed) {
		return c.Flows(ctx, status.Selection{}, true)
	}
	return rows, err
}

// Label returns the row of an incoming label without counters; none if the router has not
// assigned it.
func (c *Client) Label(ctx context.Context, label uint32) ([]status.Flow, error) {
	rows, err := get[[]status.Flow](ctx, c, fmt.Sprintf("labels?label=%d", label))
	if errors.Is(err, errNotServed) {
		return nil, nil
	}
	return rows, err
}

// LSPs lists the label-switched paths, with exact counters.
func (c *Client) LSPs(ctx context.Context) ([]status.LSP, error) {
	return get[[]status.LSP](ctx, c, "lsps")
}

// CoreLinks lists the ends of links that label-switched paths use.
func (c *Client) CoreLinks(ctx context.Context) ([]status.CoreLink, error) {
	return get[[]status.CoreLink](ctx, c, "core")
}

// BFD lists the sessions of BFD.
func (c *Client) BFD(ctx context.Context) ([]status.BFD, error) {
	return get[[]status.BFD](ctx, c, "bfd")
}

// Ports lists the counters of the ports.
func (c *Client) Ports(ctx context.Context) ([]status.Port, error) {
	return get[[]status.Port](ctx, c, "ports")
}

// RIB lists the paths of the speaker's VPN tables.
func (c *Client) RIB(ctx context.Context, sel status.Selection) ([]status.RIB, error) {
	return get[[]status.RIB](ctx, c, "rib?"+sel.Query().Encode())
}

// Stations lists the BMP stations. An agent of an older version has none.
func (c *Client) Stations(ctx context.Context) ([]status.Station, error) {
	return get[[]status.Station](ctx, c, "stations")
}

// MRT lists what is known of the MRT files.
func (c *Client) MRT(ctx context.Context) ([]status.MRT, error) {
	return get[[]status.MRT](ctx, c, "mrt")
}

// ReceivedOf lists what a peer has announced of a prefix; see SessionRoutes.
func (c *Client) ReceivedOf(ctx context.Context, vrf string, peer netip.Addr, prefix netip.Prefix) ([]status.SessionRoute, error) {
	words := url.Values{"vrf": {vrf}, "peer": {peer.String()}, "view": {string(status.RoutesReceived)}, "prefix": {prefix.String()}}
	return get[[]status.SessionRoute](ctx, c, "routes?"+words.Encode())
}

func get[T any](ctx context.Context, c *Client, path string) (T, error) {
	var v T
	err := c.do(ctx, http.MethodGet, path, nil, &v)
	return v, err
}

// send sends a document to the agent.
func (c *Client) send(ctx context.Context, method, path string, what, into any) error {
	body, err := json.Marshal(what)
	if err != nil {
		return err
	}
	return c.do(ctx, method, path, bytes.NewReader(body), into)
}

func (c *Client) do(ctx context.Context, method, path string, body io.Reader, into any) error {
	a, err := c.ask(ctx, method, path, body)
	if err != nil {
		return err
	}
	defer a.Body.Close()
	if into == nil {
		return nil
	}
	if err := json.NewDecoder(a.Body).Decode(into); err != nil {
		return fmt.Errorf("router %s: answer: %w", c.router, err)
	}
	return nil
}

// ask returns the agent's answer if it is a good one.
func (c *Client) ask(ctx context.Context, method, path string, body io.Reader) (*http.Response, error) {
	q, err := http.NewRequestWithContext(ctx, method, "http://agent/v1/"+path, body)
	if err != nil {
		return nil, err
	}
	a, err := c.http.Do(q)
	if err != nil {
		return nil, fmt.Errorf("router %s: its agent does not answer: %w", c.router, err)
	}
	if a.StatusCode != http.StatusOK {
		defer a.Body.Close()
		text, _ := io.ReadAll(io.LimitReader(a.Body, 4096))
		said := fmt.Sprintf("router %s: %s", c.router, strings.TrimSpace(string(text)))
		switch a.StatusCode {
		case http.StatusServiceUnavailable:
			return nil, fmt.Errorf("%s: %w", said, errRestarting)
		case http.StatusNotFound:
			return nil, fmt.Errorf("%s: %w", said, errNotServed)
		case http.StatusGone:
			return nil, status.NotFound(said)
		case http.StatusConflict:
			return nil, notEstablishedError(said)
		}
		return nil, errors.New(said)
	}
	return a, nil
}

// errRestarting is the answer of an agent that is being replaced.
var errRestarting = errors.New("restarting, ask again")

// errNotServed is the answer of an agent of another version.
var errNotServed = errors.New("its agent has another version")

// NotStarted reports whether err means that nobody listens on the agent's socket, or
// that the agent or its switch is being replaced.
func NotStarted(err error) bool {
	for _, away := range []error{syscall.ENOENT, syscall.ECONNREFUSED, syscall.ECONNRESET, syscall.EPIPE, io.EOF, io.ErrUnexpectedEOF, errRestarting} {
		if errors.Is(err, away) {
			return true
		}
	}
	return false
}
