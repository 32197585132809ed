// Package inner makes pairs of TCP connections inside the process whose ends
// have the addresses of two other machines. GoBGP takes nothing but TCP
// connections, and knows its peers by their addresses.
//
// The pairs live in a network namespace without a name, in which every address
// is local and from which nothing leads out. It owns that namespace; it must not
// contain anything of BGP.
package inner
