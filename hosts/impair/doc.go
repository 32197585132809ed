// Package impair makes the faults of wires: interfaces that are down, and packets
// that are lost, late, or too many for the rate. Each acts on what an interface
// sends, so that a wire has one at each end.
//
// The kernel's network emulator (netem) does all of it. Where a kernel has none,
// nftables drops what is lost, and a token bucket (tbf) limits the rate; a delay is
// then refused.
//
// It must not contain which faults a lab has, nor what an interface belongs to.
package impair
