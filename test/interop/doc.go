// Package interop holds the tests against software that is not ours: FRR, BIRD,
// ExaBGP and gobgpd as the PE behind a NIC and as customers' routers, and FRR on
// Linux's own MPLS in a virtual machine as a PE that forwards. Each feature is a
// subtest, whose name is its row in docs/interop.md; `make interop` runs them
// all and writes that page.
//
// A peer of each make is brought to the same few verbs by a file of its own; the
// features are written once, for all of them. It contains tests only.
package interop
