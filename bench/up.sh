#!/bin/sh
# How long the lab pseudo-wan takes to come up and converge, and to be removed,
# compared with the bare minimum on the same machine: 22 namespaces, 21 wires and two
# instances of Open vSwitch, made with ip -batch, without addresses, routes or BGP.
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
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

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
	for router in 1 2; do switch_up $router & done
	wait
}

bare_down() {
	for pid in "$work"/switch-*/*.pid; do
		[ -e "$pid" ] && kill "$(cat "$pid")"
	done
	ip -batch "$work/del"
	while ls "$work"/switch-*/*.pid >/dev/null 2>&1; do sleep 0.01; done
}

# switch_up ROUTER starts an Open vSwitch in the router's namespace.
switch_up() {
	dir=$work/switch-$1
	rm -rf "$dir"
	mkdir "$dir"
	db=unix:$dir/db.sock
	export OVS_RUNDIR="$dir" OVS_LOGDIR="$dir"
	in="ip netns exec $prefix-$1"
	ovsdb-tool create "$dir/conf.db" /usr/share/openvswitch/vswitch.ovsschema
	$in ovsdb-server --detach --pidfile="$dir/db.pid" --remote="punix:$dir/db.sock" "$dir/conf.db"
	ovs-vsctl --db="$db" --no-wait init
	$in ovs-vswitchd --detach --pidfile="$dir/switch.pid" --log-file=/dev/null "$db"
	ovs-vsctl --db="$db" add-br br0 -- set bridge br0 datapath_type=netdev fail_mode=secure
}

write_batches
file=$(lab "$prefix")
for _ in $(seq "$RUNS"); do
	record bare-up bare_up
	record bare-down bare_down
	record up "$PSEUDOWAN" up "$file" --runtime netns
	record down "$PSEUDOWAN" down "$prefix"
done
heading "bare minimum"
compare "up, converged" ms up bare-up
compare "down" ms down bare-down
