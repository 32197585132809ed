#!/bin/sh
# How fast packets cross the labelled core, host to host through two PEs in user
# space, compared with two namespaces on one Linux bridge: first with all offloads,
# then without checksum and segmentation offloads, like the wires of a lab.
#
#   sudo RUNS=3 sh bench/forward.sh
set -eu

RUNS=${RUNS:-3}
# shellcheck source=bench/measure.sh
. "$(dirname "$0")/measure.sh"
need_root
need ip iperf3 ping ethtool

prefix=pwb$$
seconds=3

clean_up() {
	"$PSEUDOWAN" down "$prefix" >"$work/out" 2>&1 || true
	for namespace in a b bridge; do ip netns del "$prefix-$namespace" 2>/dev/null || true; done
	rm -rf "$work"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

bridge_up() {
	ip netns add "$prefix-bridge"
	ip -n "$prefix-bridge" link add br0 type bridge
	ip -n "$prefix-bridge" link set br0 up
	for end in a b; do
		ip netns add "$prefix-$end"
		ip link add eth0 netns "$prefix-$end" type veth peer name "$end" netns "$prefix-bridge"
		ip -n "$prefix-bridge" link set dev "$end" master br0 up
		ip -n "$prefix-$end" link set eth0 up
	done
	ip -n "$prefix-a" address add 10.0.0.1/24 dev eth0
	ip -n "$prefix-b" address add 10.0.0.2/24 dev eth0
}

offloads_off() {
	for end in a b; do
		ip netns exec "$prefix-$end" ethtool -K eth0 tx off tso off gso off gro off >"$work/out" 2>&1
	done
}

# in_lab HOST COMMAND... and in_bridge END COMMAND... run a command at one end.
in_lab() {
	host=$1
	shift
	"$PSEUDOWAN" exec --lab "$prefix" "$host" -- "$@"
}

in_bridge() {
	end=$1
	shift
	ip netns exec "$prefix-$end" "$@"
}

# cross NAME WHERE CLIENT SERVER ADDRESS records throughput and round-trip time.
cross() {
	name=$1 where=$2 client=$3 server=$4 address=$5
	$where "$server" iperf3 --server --one-off >"$work/server" 2>&1 &
	until $where "$client" iperf3 --client "$address" --time $seconds --format m >"$work/client" 2>&1; do
		kill -0 $! 2>/dev/null || {
			cat "$work/client" "$work/server" >&2
			exit 1
		}
		sleep 0.1
	done
	wait $!
	note "$name-tcp" "$(awk '/receiver/ { for (i = 2; i <= NF; i++) if ($i == "Mbits/sec") print $(i - 1) }' "$work/client")"
	$where "$client" ping -q -c 200 -i 0.01 "$address" >"$work/ping"
	note "$name-rtt" "$(awk -F / '/^rtt/ { print $5 }' "$work/ping")"
}

record first "$PSEUDOWAN" up "$(lab "$prefix")" --runtime netns
bridge_up
for _ in $(seq "$RUNS"); do
	cross lab in_lab host_001_101 remote_001_101 30.1.0.2
	cross bridge in_bridge a b 10.0.0.2
done
offloads_off
for _ in $(seq "$RUNS"); do
	cross plain in_bridge a b 10.0.0.2
done
heading "Linux bridge"
compare "TCP" Mbit/s lab-tcp bridge-tcp
compare "TCP, no offloads either" Mbit/s lab-tcp plain-tcp
compare "round trip" ms lab-rtt bridge-rtt
