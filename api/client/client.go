package client

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"path/filepath"
	"strings"

	"pseudowan/status"
)

// Socket returns the path of the socket where the API of a lab answers root.
func Socket(lab string) string { return filepath.Join("/run/pseudowan", lab, ".api.sock") }

// Client asks one lab.
type Client struct {
	base  string
	token string
	http  http.Client
}

// New returns a client of a lab on this server; the caller must be root.
func New(lab string) *Client {
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", Socket(lab))
	}
	return &Client{base: "http://pseudowan", http: http.Client{Transport: &http.Transport{DialContext: dial}}}
}

// NewAt returns a client of pseudowan serve at an address such as 127.0.0.1:8080. Without
// --allow-changes it refuses changes.
func NewAt(address, token string) *Client { return &Client{base: "http://" + address, token: token} }

// Problem is an answer that is an error (RFC 9457).
type Problem struct {
	Status int    `json:"status"` // of HTTP
	Title  string `json:"title"`
	Detail string `json:"detail"` // what is wrong
	Errors []struct {
		Message  string `json:"message"`
		Location string `json:"location"` // in the request, or of the lab
	} `json:"errors"` // each thing that is, if there are several
}

// Error implements error.
func (p *Problem) Error() string {
	text := p.Detail
	for _, e := range p.Errors {
		if !strings.Contains(text, e.Message) {
			text += "; " + e.Location + ": " + e.Message
		}
	}
	return text
}

// Is reports whether the API does not know what was asked for.
func (p *Problem) Is(err error) bool {
	return err == status.ErrNotFound && p.Status == http.StatusNotFound
}

// Filter selects rows of a table.
type Filter struct {
	Router string
	status.Selection
}

func (f Filter) query() url.Values {
	q := f.Query()
	if f.Longer {
		q.Set("longer", "true")
	}
	if f.Router != "" {
		q.Set("router", f.Router)
	}
	return q
}

// Peers lists the BGP sessions.
func (c *Client) Peers(ctx context.Context, f Filter) ([]status.Peer, error) {
	return list[status.Peer](ctx, c, "peers", f)
}

// Interfaces lists the routers' ports with their addresses.
func (c *Client) Interfaces(ctx context.Context, f Filter) ([]status.Interface, error) {
	return list[status.Interface](ctx, c, "interfaces", f)
}

// Neighbors lists the ARP and ND tables.
func (c *Client) Neighbors(ctx context.Context, f Filter) ([]status.Neighbor, error) {
	return list[status.Neighbor](ctx, c, "arp", f)
}

// VRFs lists the VRFs with the selected routes.
func (c *Client) VRFs(ctx context.Context, f Filter) ([]status.VRF, error) {
	return list[status.VRF](ctx, c, "vrfs", f)
}

// Routes lists the routes by which routers forward.
func (c *Client) Routes(ctx context.Context, f Filter) ([]status.ActiveRoute, error) {
	return list[status.ActiveRoute](ctx, c, "routes", f)
}

// MPLS lists the label bindings.
func (c *Client) MPLS(ctx context.Context, f Filter) ([]status.MPLS, error) {
	return list[status.MPLS](ctx, c, "mpls", f)
}

// Flows lists the counters of routes and labels.
func (c *Client) Flows(ctx context.Context, f Filter) ([]status.Flow, error) {
	return list[status.Flow](ctx, c, "flows", f)
}

// RIB lists the paths of the speakers' VPN tables.
func (c *Client) RIB(ctx context.Context, f Filter) ([]status.RIB, error) {
	return list[status.RIB](ctx, c, "rib", f)
}

// Ports lists the counters of the routers' ports.
func (c *Client) Ports(ctx context.Context, f Filter) ([]status.Port, error) {
	return list[status.Port](ctx, c, "ports", f)
}

// Nodes lists routers and hosts.
func (c *Client) Nodes(ctx context.Context) ([]status.Node, error) {
	return list[status.Node](ctx, c, "nodes", Filter{})
}

// Verify tests the intended reachability with packets.
func (c *Client) Verify(ctx context.Context) ([]status.HostPair, error) {
	return list[status.HostPair](ctx, c, "verify", Filter{})
}

// Trace follows a packet from a host to an address.
func (c *Client) Trace(ctx context.Context, host string, to netip.Addr) (t status.Trace, err error) {
	err = c.do(ctx, http.MethodGet, "trace?"+url.Values{"host": {host}, "to": {to.String()}}.Encode(), nil, &t)
	return t, err
}

// Ping sends one echo request from a router inside a VRF, "" for its only one.
func (c *Client) Ping(ctx context.Context, router, vrf string, to netip.Addr) (status.Echo, error) {
	all, err := c.echoes(ctx, "ping", router, vrf, to)
	switch {
	case err != nil:
		return status.Echo{}, err
	case len(all) != 1:
		return status.Echo{}, fmt.Errorf("%d answers to one request", len(all))
	}
	return all[0], nil
}

// Traceroute sends echo requests with ever greater TTLs from a router inside a VRF, ""
// for its only one, until the destination answers.
func (c *Client) Traceroute(ctx context.Context, router, vrf string, to netip.Addr) ([]status.Echo, error) {
	return c.echoes(ctx, "traceroute", router, vrf, to)
}

func (c *Client) echoes(ctx context.Context, path, router, vrf string, to netip.Addr) (all []status.Echo, err error) {
	q := url.Values{"router": {router}, "to": {to.String()}}
	if vrf != "" {
		q.Set("vrf", vrf)
	}
	err = c.do(ctx, http.MethodGet, path+"?"+q.Encode(), nil, &all)
	return all, err
}

// Explain tells why a prefix is in a VRF of a router, or why not.
func (c *Client) Explain(ctx context.Context, router, vrf string, prefix netip.Prefix) (e status.Explanation, err error) {
	q := url.Values{"router": {router}, "vrf": {vrf}, "prefix": {prefix.String()}}
	err = c.do(ctx, http.MethodGet, "explain?"+q.Encode(), nil, &e)
	return e, err
}

// LSPPing tests a label-switched path with MPLS echo: from a router to another, or to an
// address or prefix. With a VRF, these are of a route of it.
func (c *Client) LSPPing(ctx context.Context, router, to, vrf string) (status.LSPTest, error) {
	return c.lspTest(ctx, "ping", router, to, vrf)
}

// LSPTraceroute is LSPPing for each router on the path.
func (c *Client) LSPTraceroute(ctx context.Context, router, to, vrf string) (status.LSPTest, error) {
	return c.lspTest(ctx, "traceroute", router, to, vrf)
}

func (c *Client) lspTest(ctx context.Context, what, router, to, vrf string) (t status.LSPTest, err error) {
	q := url.Values{"router": {router}, "to": {to}, "vrf": {vrf}}
	err = c.do(ctx, http.MethodGet, "lsp/"+what+"?"+q.Encode(), nil, &t)
	return t, err
}

// longestEvent is how many octets the line of an event may have.
const longestEvent = 1 << 20

// Events tells what happens, after the last events of what has happened; -1 stands for
// all that are kept. It ends with ctx, with the lab, or with an error.
func (c *Client) Events(ctx context.Context, last int) iter.Seq2[status.Event, error] {
	return func(yield func(status.Event, error) bool) {
		answer, err := c.ask(ctx, http.MethodGet, fmt.Sprintf("events?last=%d", last), nil)
		if err != nil {
			yield(status.Event{}, err)
			return
		}
		defer answer.Body.Close()
		lines := bufio.NewScanner(answer.Body)
		lines.Buffer(nil, longestEvent)
		for lines.Scan() {
			data, ok := strings.CutPrefix(lines.Text(), "data: ")
			if !ok {
				continue
			}
			var e status.Event
			err := json.Unmarshal([]byte(data), &e)
			if !yield(e, err) || err != nil {
				return
			}
		}
		// A connection that was cut is not the lab's end.
		if err := lines.Err(); err != nil && ctx.Err() == nil {
			yield(status.Event{}, err)
		}
	}
}

func list[T any](ctx context.Context, c *Client, path string, f Filter) (rows []T, err error) {
	err = c.do(ctx, http.MethodGet, path+"?"+f.query().Encode(), nil, &rows)
	return rows, err
}

// do asks and reads the answer, which is incomplete if a router did not answer.
func (c *Client) do(ctx context.Context, method, path string, body, into any) error {
	answer, err := c.ask(ctx, method, path, body)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if err := json.NewDecoder(answer.Body).Decode(into); err != nil {
		return err
	}
	if why := answer.Header.Get("Incomplete"); why != "" {
		return errors.New(why)
	}
	return nil
}

func (c *Client) ask(ctx context.Context, method, path string, body any) (*http.Response, error) {
	var text io.Reader
	if body != nil {
		data, err := json.Marshal(body)
		if err != nil {
			return nil, err
		}
		text = bytes.NewReader(data)
	}
	q, err := http.NewRequestWithContext(ctx, method, c.base+"/v1/"+path, text)
	if err != nil {
		return nil, err
	}
	if body != nil {
		q.Header.Set("Content-Type", "application/json")
	}
	if c.token != "" {
		q.Header.Set("Authorization", "Bearer "+c.token)
	}
	answer, err := c.http.Do(q)
	if err != nil || answer.StatusCode < http.StatusBadRequest {
		return answer, err
	}
	defer answer.Body.Close()
	p := &Problem{Status: answer.StatusCode}
	if json.NewDecoder(answer.Body).Decode(p) != nil || p.Detail == "" {
		p.Detail = answer.Status
	}
	return nil, p
}
