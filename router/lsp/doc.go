// Package lsp is a router's label-switched paths: which loopbacks it can reach, through
// which neighbour and with which label, and the label by which others reach them through
// it. Routers tell each other by labelled routes (RFC 8277), hop by hop, with an
// accumulated metric (RFC 7311). A router announces what it has chosen with its own
// label, and with the path that the route has taken, so that loops end (RFC 4456).
//
// It knows neither VRFs nor hosts: what leads to a loopback asks it by transport.Beyond.
package lsp
