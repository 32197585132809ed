package client

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"pseudowan/topology/edit"
)

// Report is what a change has done.
type Report struct {
	Lab     string   `json:"lab"`
	Changed []string `json:"changed"` // nodes, a line each
	Before  string   `json:"before"`  // what became of what was interrupted; "" if nothing was
}

// Change makes changes, all or nothing. It returns when routers forward accordingly.
func (c *Client) Change(ctx context.Context, edits ...edit.Edit) (r Report, err error) {
	err = c.do(ctx, http.MethodPost, "changes", map[string]any{"edits": edits}, &r)
	return r, err
}

// ClearReport is what a reset of BGP sessions has done.
type ClearReport struct {
	Lab     string   `json:"lab"`
	Cleared []string `json:"cleared"` // sessions, a line each
}

// Clear resets the BGP sessions with a peer, an address or the name of a node: "" ends
// them, "in", "out" and "both" leave them up; see neighbor clear.
func (c *Client) Clear(ctx context.Context, router, peer, soft string) (r ClearReport, err error) {
	q := url.Values{}
	for key, value := range map[string]string{"router": router, "soft": soft} {
		if value != "" {
			q.Set(key, value)
		}
	}
	err = c.do(ctx, http.MethodPost, "peers/"+url.PathEscape(peer)+"/clear?"+q.Encode(), nil, &r)
	return r, err
}

// LinkReport is what was done to links.
type LinkReport struct {
	Lab    string   `json:"lab"`
	Links  []string `json:"links"`  // by their ends
	Means  []string `json:"means"`  // of an impairment: parts of the kernel
	Held   []string `json:"held"`   // ends that stay down, because their routers are cut off from the core
	Before string   `json:"before"` // what became of what was interrupted; "" if nothing was
}

// Link cuts a link ("down"), or restores it ("up"). It is named by one of its ends, such as
// pe1:eth1, or by a segment, for all of its links.
func (c *Client) Link(ctx context.Context, link, action string) (r LinkReport, err error) {
	err = c.do(ctx, http.MethodPost, "links/"+url.PathEscape(link)+"/"+url.PathEscape(action), nil, &r)
	return r, err
}

// Impairment is what happens to the packets on a link. Zero values leave them alone.
type Impairment struct {
	Loss  string        // the share of packets that is lost, such as 5%
	Delay time.Duration // of every packet
	Rate  string        // bits per second, such as 10M
}

// Impair gives a link an impairment, in the place of the one that it has.
func (c *Client) Impair(ctx context.Context, link string, i Impairment) (r LinkReport, err error) {
	body := map[string]string{}
	if i.Loss != "" {
		body["loss"] = i.Loss
	}
	if i.Delay != 0 {
		body["delay"] = i.Delay.String()
	}
	if i.Rate != "" {
		body["rate"] = i.Rate
	}
	err = c.do(ctx, http.MethodPost, "links/"+url.PathEscape(link)+"/impair", body, &r)
	return r, err
}

// PowerReport is what was done to a node.
type PowerReport struct {
	Lab    string `json:"lab"`
	Node   string `json:"node"`
	Action string `json:"action"`
	Before string `json:"before"` // what became of what was interrupted; "" if nothing was
}

// Power does "stop", "start", "restart" or "pause" to a router or a host. It does not wait
// for sessions and routes.
func (c *Client) Power(ctx context.Context, node, action string) (r PowerReport, err error) {
	err = c.do(ctx, http.MethodPost, "nodes/"+url.PathEscape(node)+"/"+url.PathEscape(action), nil, &r)
	return r, err
}
