// Package probe sends packets between hosts and reports who answers. In the
// network namespace of each host it holds sockets that send requests, and
// answer requests with the host's token. One process thus tests thousands of
// pairs at once, and leaves nothing behind when it ends.
//
// A token cannot be guessed and is new in every run: it distinguishes hosts
// with the same address in different VPNs. Requests carry a number that
// identifies their sender, and errors from routers on the way are recorded.
//
// It must not contain what ought to be reached, nor anything about labs.
package probe
