#!/bin/sh
# How long the lab pseudo-wan takes to come up and converge, and to be removed,
# compared with the bare minimum on the same machine: 22 namespaces, 21 wires and two
# instances of Open vSwitch, made with ip -batch, without addresses, routes or BGP. They
# are removed when no process is left, and the kernel has removed the namespaces.
#
#   sudo RUNS=5 sh bench/up.sh
set -eu

# shellcheck source=bench/measure.sh
. "$(dirname "$0")/measure.sh"
need_root
need ip ovsdb-tool ovsdb-server ovs-vswitchd ovs-vsctl

nodes=22
prefix=pwb$$

clean_up() {
	"$PSEUDOWAN" down "$prefix" >"$work/out" 2>&1 || true
	bare_down 2>/dev/null || true
	rm -rf "$work"
}
at_end clean_up

# write_batches writes the commands for ip: every node has a wire to the first.
write_batches() {
	for i in $(seq $nodes); do
		echo "netns add $prefix-$i" >>"$work/add"
		echo "netns del $prefix-$i" >>"$work/del"
	done
	for i in $(seq 2 $nodes); do
		echo "link add eth0 netns $prefix-$i type veth peer name port$i netns $prefix-1" >>"$work/add"
	done
}

bare_up() {
	ip -batch "$work/add"
	for router in 1 2; do switch_up "$prefix-$router" "$work/switch-$router" & done
	wait
}

bare_down() {
	switches_down "$work"/switch-*
	ip -batch "$work/del"
}

write_batches
file=$(lab "$prefix")
for _ in $(seq "$RUNS"); do
	record bare-up bare_up
	record bare-down removed bare_down
	record up "$PSEUDOWAN" up "$file" --runtime netns
	record down removed "$PSEUDOWAN" down "$prefix"
done
heading "bare minimum"
compare "up, converged" ms up bare-up
compare "down" ms down bare-down
