#!/bin/sh
# How fast packets cross the labelled core, host to host through two PEs in user
# space, compared with two namespaces on one Linux bridge: first with all offloads,
# then without checksum and segmentation offloads, like the wires of a lab; and compared
# with two switches of the same Open vSwitch whose flows are written by hand: they match
# the VRF, push and pop the label and decrement the TTL.
#
#   sudo RUNS=3 sh bench/forward.sh
#
# TYPE=afxdp-nonpmd gives the hand-written switches ports of another type of Open vSwitch.
# PORT_TYPE=afxdp compares the lab with another one whose link has ports of this type.
set -eu

RUNS=${RUNS:-3}
# shellcheck source=bench/measure.sh
. "$(dirname "$0")/measure.sh"
need_root
need ip iperf3 ping ethtool ovs-vswitchd ovsdb-server ovsdb-tool ovs-vsctl ovs-ofctl

TYPE=${TYPE:-system}
PORT_TYPE=${PORT_TYPE:-}
prefix=pwb$$
seconds=3

clean_up() {
	for lab in "$prefix" "$prefix-x"; do "$PSEUDOWAN" down "$lab" >"$work/out" 2>&1 || true; done
	for pid in "$work"/hand*/*.pid; do [ ! -e "$pid" ] || kill "$(cat "$pid")" 2>/dev/null || true; done
	for namespace in a b bridge h1 h2 r1 r2; do ip netns del "$prefix-$namespace" 2>/dev/null || true; done
	rm -rf "$work"
}
at_end clean_up

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

# hand_wires makes two hosts and two namespaces for switches, with MACs ending in their
# number: hosts 01 and 02, gateways 11 and 12, the core's ends 21 and 22.
hand_wires() {
	for i in 1 2; do
		ip netns add "$prefix-h$i"
		ip netns add "$prefix-r$i"
		ip link add eth0 netns "$prefix-h$i" address "02:00:00:00:00:0$i" type veth peer name host netns "$prefix-r$i"
		ip netns exec "$prefix-h$i" ethtool -K eth0 tx off tso off gso off gro off >"$work/out" 2>&1
		ip -n "$prefix-h$i" address add "10.9.$i.2/24" dev eth0
		ip -n "$prefix-h$i" link set dev eth0 up
		ip -n "$prefix-h$i" neigh replace "10.9.$i.1" lladdr "02:00:00:00:00:1$i" nud permanent dev eth0
		ip -n "$prefix-h$i" route add default via "10.9.$i.1"
		ip -n "$prefix-r$i" link set dev host up
	done
	ip link add core netns "$prefix-r1" mtu 1600 type veth peer name core netns "$prefix-r2" mtu 1600
	for i in 1 2; do ip -n "$prefix-r$i" link set dev core up; done
}

# hand_switch I OTHER starts a switch with flows written by hand.
hand_switch() {
	dir="$work/hand$1"
	mkdir "$dir"
	ovsdb-tool create "$dir/conf.db" /usr/share/openvswitch/vswitch.ovsschema
	in_switch "$1" ovsdb-server "$dir/conf.db" --remote="punix:$dir/db.sock" --pidfile --detach --no-chdir
	in_switch "$1" ovs-vswitchd "unix:$dir/db.sock" --pidfile --detach --no-chdir --log-file >"$work/out" 2>&1
	in_switch "$1" ovs-vsctl --db="unix:$dir/db.sock" add-br br0 -- set bridge br0 datapath_type=netdev fail_mode=secure \
		-- add-port br0 host -- set interface host ofport_request=1 "type=$TYPE" \
		-- add-port br0 core -- set interface core ofport_request=2 "type=$TYPE"
	cat >"$dir/flows" <<-END
		table=0,in_port=1,ip,actions=set_field:1->metadata,goto_table:20
		table=0,in_port=2,mpls,mpls_label=10$1,mpls_bos=1,actions=set_field:1->metadata,pop_mpls:0x0800,goto_table:20
		table=20,metadata=1,ip,nw_dst=10.9.$2.0/24,actions=dec_ttl,push_mpls:0x8847,set_mpls_label:10$2,set_field:02:00:00:00:00:2$1->eth_src,set_field:02:00:00:00:00:2$2->eth_dst,output:2
		table=20,metadata=1,ip,nw_dst=10.9.$1.2,actions=dec_ttl,set_field:02:00:00:00:00:1$1->eth_src,set_field:02:00:00:00:00:0$1->eth_dst,output:1
	END
	in_switch "$1" ovs-ofctl --protocols=OpenFlow13 add-flows "unix:$dir/br0.mgmt" "$dir/flows"
}

in_switch() {
	switch=$1
	shift
	OVS_RUNDIR="$work/hand$switch" OVS_LOGDIR="$work/hand$switch" ip netns exec "$prefix-r$switch" "$@"
}

# in_lab HOST COMMAND... and in_bridge END COMMAND... run a command at one end.
in_lab() {
	host=$1
	shift
	"$PSEUDOWAN" exec --lab "$prefix" "$host" -- "$@"
}

in_other() {
	host=$1
	shift
	"$PSEUDOWAN" exec --lab "$prefix-x" "$host" -- "$@"
}

in_bridge() {
	end=$1
	shift
	ip netns exec "$prefix-$end" "$@"
}

in_hand() { in_bridge "$@"; }

# served SERVER COMMAND... runs a command of iperf3 against a server at the other end.
served() {
	$where "$1" iperf3 --server --one-off >"$work/server" 2>&1 &
	shift
	until "$@" >"$work/client" 2>&1; do
		kill -0 $! 2>/dev/null || {
			cat "$work/client" "$work/server" >&2
			exit 1
		}
		sleep 0.1
	done
	wait $!
}

# cross NAME WHERE CLIENT SERVER ADDRESS records TCP's throughput, how many frames of 64
# octets arrive in a second, and the round-trip time.
cross() {
	name=$1 where=$2 client=$3 server=$4 address=$5
	served "$server" $where "$client" iperf3 --client "$address" --time $seconds --format m
	note "$name-tcp" "$(awk '/receiver/ { for (i = 2; i <= NF; i++) if ($i == "Mbits/sec") print $(i - 1) }' "$work/client")"
	served "$server" $where "$client" iperf3 --client "$address" --time $seconds --udp --length 18 --bitrate 0
	note "$name-small" "$(awk -v t=$seconds '/receiver/ { for (i = 2; i < NF; i++) if ($i ~ "/" && $i !~ "sec") { split($i, n, "/"); printf "%.1f", (n[2] - n[1]) / t / 1000 } }' "$work/client")"
	$where "$client" ping -q -c 200 -i 0.01 "$address" >"$work/ping"
	note "$name-rtt" "$(awk -F / '/^rtt/ { print $5 }' "$work/ping")"
}

record first "$PSEUDOWAN" up "$(lab "$prefix")" --runtime netns
if [ -n "$PORT_TYPE" ]; then
	sed "s/^- ends:/- port-type: $PORT_TYPE\\n  ends:/; 1i datapath: netdev" "$(lab "$prefix-x")" >"$work/other.yaml"
	grep -q port-type "$work/other.yaml"
	record first "$PSEUDOWAN" up "$work/other.yaml" --runtime netns
fi
bridge_up
hand_wires
hand_switch 1 2
hand_switch 2 1
for _ in $(seq "$RUNS"); do
	cross lab in_lab host_001_101 remote_001_101 30.1.0.2
	[ -z "$PORT_TYPE" ] || cross other in_other host_001_101 remote_001_101 30.1.0.2
	cross bridge in_bridge a b 10.0.0.2
	cross hand in_hand h1 h2 10.9.2.2
done
offloads_off
for _ in $(seq "$RUNS"); do
	cross plain in_bridge a b 10.0.0.2
done
heading "Linux bridge"
compare "TCP" Mbit/s lab-tcp bridge-tcp
compare "TCP, no offloads either" Mbit/s lab-tcp plain-tcp
compare "round trip" ms lab-rtt bridge-rtt
heading "flows by hand"
compare "TCP" Mbit/s lab-tcp hand-tcp
compare "64-octet frames" 1000/s lab-small hand-small
compare "round trip" ms lab-rtt hand-rtt
[ -n "$PORT_TYPE" ] || exit 0
printf '%-32s %18s %18s %6s\n' "median of $RUNS" "$PORT_TYPE" "AF_PACKET" ratio
compare "TCP" Mbit/s other-tcp lab-tcp
compare "64-octet frames" 1000/s other-small lab-small
compare "round trip" ms other-rtt lab-rtt
