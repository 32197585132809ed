// Package vm is the runtime of hosts that are virtual machines of QEMU. Each is a
// network namespace, as hosts of the runtime netns are, whose own command is an
// attendant: it bridges the host's interfaces with those of the machine, runs QEMU,
// and passes on the serial console. What happens inside the machine, its addresses
// among it, is the guest's affair. The package must not contain what all hosts in
// namespaces have in common; that is in hosts/netns.
package vm
