#!/bin/sh
# How the number of ports of one router slows its forwarding: Open vSwitch's datapath in
# user space asks every port in turn for packets.
#
#   sudo PORTS="4 64 250 1000" RUNS=3 sh bench/ports.sh
#
# Two namespaces ping each other through a bridge of a private Open vSwitch with two flows,
# while the other ports are idle veth pairs. The baseline is the first number of ports, in
# the same run. TYPES="system afxdp-nonpmd" measures other types of the idle ports, too.
set -eu

RUNS=${RUNS:-3}
PSEUDOWAN=${PSEUDOWAN:-/bin/true}
# shellcheck source=bench/measure.sh
. "$(dirname "$0")/measure.sh"
need_root
need ip ping ovs-vswitchd ovsdb-server ovs-vsctl ovs-ofctl

PORTS=${PORTS:-4 64 250 1000}
TYPES=${TYPES:-system}
prefix=pwp$$
export OVS_RUNDIR="$work" OVS_LOGDIR="$work"

clean_up() {
	for daemon in ovs-vswitchd ovsdb-server; do
		[ ! -e "$work/$daemon.pid" ] || kill "$(cat "$work/$daemon.pid")" 2>/dev/null || true
	done
	for end in a b s; do ip netns del "$prefix-$end" 2>/dev/null || true; done
	rm -rf "$work"
}
at_end clean_up

# switch_up starts Open vSwitch with two busy ports.
switch_up() {
	for end in a b s; do
		ip netns add "$prefix-$end"
		ip netns exec "$prefix-$end" sysctl -q net.ipv6.conf.default.disable_ipv6=1 # idle ports are idle
	done
	for end in a b; do
		ip link add eth0 netns "$prefix-$end" type veth peer name "$end" netns "$prefix-s"
		ip -n "$prefix-s" link set dev "$end" up
		ip -n "$prefix-$end" link set dev eth0 up
	done
	ip -n "$prefix-a" address add 10.0.0.1/24 dev eth0
	ip -n "$prefix-b" address add 10.0.0.2/24 dev eth0
	ovsdb-tool create "$work/conf.db" /usr/share/openvswitch/vswitch.ovsschema
	in_switch ovsdb-server "$work/conf.db" --remote="punix:$work/db.sock" --pidfile --detach --no-chdir
	in_switch ovs-vswitchd "unix:$work/db.sock" --pidfile --detach --no-chdir --log-file >"$work/out" 2>&1
	in_switch ovs-vsctl --db="unix:$work/db.sock" add-br br0 -- set bridge br0 datapath_type=netdev fail_mode=secure \
		-- add-port br0 a -- set interface a ofport_request=1 -- add-port br0 b -- set interface b ofport_request=2
	in_switch ovs-ofctl add-flow "unix:$work/br0.mgmt" in_port=1,actions=output:2
	in_switch ovs-ofctl add-flow "unix:$work/br0.mgmt" in_port=2,actions=output:1
}

in_switch() { ip netns exec "$prefix-s" "$@"; }

# idle FROM TO TYPE adds idle ports.
idle() {
	: >"$work/links"
	for i in $(seq "$1" "$2"); do
		printf 'link add p%d type veth peer name q%d\nlink set dev p%d up\nlink set dev q%d up\n' "$i" "$i" "$i" "$i" >>"$work/links"
		printf -- '-- add-port br0 p%d -- set interface p%d type=%s\n' "$i" "$i" "$3" >>"$work/ports-$i"
	done
	ip -n "$prefix-s" -batch "$work/links"
	# shellcheck disable=SC2046 # one argument for each word
	in_switch ovs-vsctl --timeout=120 --db="unix:$work/db.sock" $(for i in $(seq "$1" "$2"); do cat "$work/ports-$i"; done)
}

round_trip() {
	ip netns exec "$prefix-a" ping -q -c 300 -i 0.005 10.0.0.2 >"$work/ping"
	note "$1" "$(awk -F / '/^rtt/ { print $5 }' "$work/ping")"
}

first=
printf '%-14s %6s %8s %7s\n' "idle ports" ports "RTT, ms" ratio
for type in $TYPES; do
	switch_up
	have=2
	for n in $PORTS; do
		[ "$n" -le $have ] || idle $((have + 1)) "$n" "$type"
		have=$n
		for _ in $(seq "$RUNS"); do round_trip "$type-$n"; done
		[ -n "$first" ] || first="$type-$n"
		echo "$type $n $(median "$type-$n") $(median "$first")" | awk '{ printf "%-14s %6d %8.3f %7.2f\n", $1, $2, $3, $3 / $4 }'
	done
	for daemon in ovs-vswitchd ovsdb-server; do kill "$(cat "$work/$daemon.pid")"; done
	while [ -e "$work/ovsdb-server.pid" ] || [ -e "$work/ovs-vswitchd.pid" ]; do sleep 0.1; done
	for end in a b s; do ip netns del "$prefix-$end"; done
	rm -f "$work"/conf.db* "$work"/ports-*
done
