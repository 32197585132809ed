// Package inner makes TCP connections inside the process whose two ends have the
// addresses of other machines. GoBGP accepts only TCP connections, and identifies
// its peers by their addresses.
//
// The connections live in a network namespace without a name, in which every
// address is local and which has no way out. The package owns that namespace; it
// must not contain BGP.
package inner
