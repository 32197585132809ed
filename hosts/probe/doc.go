// Package probe sends packets between hosts and tells who answers: in each
// host's network namespace it holds sockets that answer requests with a token
// of the host and that send requests, so that thousands of pairs are tested at
// once by one process, and nothing is left behind when it ends.
//
// A token cannot be guessed and is new in every run: hosts with the same
// address in different VPNs are told apart. Requests carry a number that says
// who sent them, and errors of routers on the way are recorded.
//
// It must not contain what ought to be reached, nor anything of labs.
package probe
