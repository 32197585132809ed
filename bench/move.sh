#!/bin/sh
# How long nothing is answered when a link is cut behind which many routes are, and how
# long a next hop's new MAC address takes, with few routes and with many. Neither should
# depend on the number: one flow moves them all.
#
#   sudo SIZES="10 10000" RUNS=3 sh bench/move.sh
#
# A host behind pe1 pings one behind pe2 and pe3 every millisecond; each of them has all
# the routes, 4000 to a host, and pe2 is better; answers come through pe3. The link to pe2
# is cut. The baseline is the first size, in the same run; OLD, if set, is another
# pseudowan to compare with.
set -eu

RUNS=${RUNS:-3}
# shellcheck source=bench/measure.sh
. "$(dirname "$0")/measure.sh"
need_root
need ip ping ovs-ofctl

SIZES=${SIZES:-10 10000}
new=$PSEUDOWAN
prefix=pwm$$

at_end "remove $prefix"

# topology ROUTES prints the lab.
topology() {
	awk -v n="$1" -v name=$prefix 'BEGIN {
		print "name: " name
		print "defaults: {router: {as: 65000}}"
		print "routers: {pe1: {id: 10.0.0.1}, pe2: {id: 10.0.0.2}, pe3: {id: 10.0.0.3}}"
		print "links:"
		print "- {ends: {pe1:eth1: {}, pe2:eth1: {}}, subnets: [192.168.1.0/30]}"
		print "- {ends: {pe1:eth2: {}, pe3:eth1: {bgp: {med: 50}}}, subnets: [192.168.2.0/30]}"
		print "vrfs: {red: {rts: \"65000:1\"}}"
		print "hosts:"
		print "  a: {to: pe1, vrf: red, addresses: [10.1.0.2/24]}"
		for (i = 0; i < n; i++) {
			if (i % 4000 == 0) {
				h = i / 4000
				print "  b" h ":"
				print "    attach:"
				print "    - {to: pe2, vrf: red, addresses: [10.2." h ".2/24]}"
				print "    - {to: pe3, vrf: red, addresses: [10.3." h ".2/24], routes: [0.0.0.0/0]}"
				print "    lans-via: [eth0, eth1]"
				print "    lans:"
			}
			print "    - 20." int(i / 16384) "." int(i / 64) % 256 "." i % 64 * 4 + 1 "/30"
		}
	}'
}

# in_router ROUTER COMMAND... runs a command in the namespace of a router.
in_router() {
	router=$1
	shift
	ip netns exec "pw-$prefix-$router" "$@"
}

# outage NAME cuts the link to pe2 during a ping and notes the longest time without an
# answer, in milliseconds.
outage() {
	"$PSEUDOWAN" exec --lab $prefix a -- ping -D -n -i 0.001 -w 4 20.0.0.1 >"$work/ping" 2>&1 &
	sleep 1.5
	in_router pe2 ip link set eth1 down
	wait $! || true
	note "$1" "$(awk '/bytes from/ { t = substr($1, 2) * 1000; if (last && t - last > worst) worst = t - last; last = t } END { printf "%.0f", worst }' "$work/ping")"
	in_router pe2 ip link set eth1 up
	"$PSEUDOWAN" up "$work/lab.yaml" --runtime netns --timeout 10m >"$work/out" 2>&1
}

# moved NAME notes how many milliseconds pass until the switch sends to a new MAC address
# of pe2. The last octet of the address is a new one each time.
moved() {
	turn=$((turn + 1))
	mac=$(printf '02:00:00:00:77:%02x' $turn)
	began=$(date +%s%N)
	in_router pe1 ip neigh replace 192.168.1.2 lladdr "$mac" dev bgp-eth1 nud permanent
	until ovs-ofctl dump-flows "unix:/run/pseudowan/$prefix/pe1/run/openvswitch/br0.mgmt" table=30 | grep -q "$mac"; do :; done
	note "$1" $((($(date +%s%N) - began) / 1000000))
}
turn=0

first=
printf '%8s %18s %6s %18s %6s\n' routes "no answer, ms" ratio "MAC moved, ms" ratio
for n in $SIZES; do
	topology "$n" >"$work/lab.yaml"
	for binary in $new ${OLD-}; do
		PSEUDOWAN=$binary
		version=
		[ "$binary" = "$new" ] || version=old-
		"$PSEUDOWAN" up "$work/lab.yaml" --runtime netns --timeout 10m >"$work/out" 2>&1 || {
			cat "$work/out" >&2
			exit 1
		}
		for _ in $(seq "$RUNS"); do
			outage "${version}outage-$n"
		done
		for _ in $(seq "$RUNS"); do
			moved "${version}moved-$n"
		done
		"$PSEUDOWAN" down $prefix >"$work/out" 2>&1
	done
	[ -n "$first" ] || first=$n
	for version in "" ${OLD:+old-}; do
		echo "$n $(median "${version}outage-$n") $(median "outage-$first") $(median "${version}moved-$n") $(median "moved-$first")" |
			awk -v v="${version%-}" '{ printf "%8d %18d %6.2f %18d %6.2f %s\n", $1, $2, $2 / ($3 > 0 ? $3 : 1), $4, $4 / ($5 > 0 ? $5 : 1), v }'
	done
done
