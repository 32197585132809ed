#!/bin/sh
# How up, verify and down grow with the number of PEs: one core LAN, a route reflector,
# ten VRFs on every PE with a host each. A route of every host is in the VRF of every
# other PE, so that their number grows with the square.
#
#   sudo SIZES="10 20 40" VERIFY=yes RUNS=3 sh bench/scale.sh
#   sudo SIZES="10 40 100" HOSTED=2 sh bench/scale.sh
#
# With HOSTED, only so many PEs have hosts: what remains is the price of a router.
# The bare minimum is the same namespaces, veth pairs and instances of Open vSwitch, in the
# same run; they are removed when no process is left, and the kernel has removed the
# namespaces. The exponent is that of up's time against the number of routes.
set -eu

RUNS=${RUNS:-1}
# shellcheck source=bench/measure.sh
. "$(dirname "$0")/measure.sh"
need_root
need ip ovsdb-tool ovsdb-server ovs-vswitchd ovs-vsctl

SIZES=${SIZES:-10 20 40}
VERIFY=${VERIFY:-}
HOSTED=${HOSTED:-}
vrfs=10
prefix=pws$$

# hosted PES prints how many PEs have hosts.
hosted() {
	if [ -n "$HOSTED" ] && [ "$HOSTED" -lt "$1" ]; then echo "$HOSTED"; else echo "$1"; fi
}

# topology PES prints the lab.
topology() {
	awk -v n="$1" -v hosted="$(hosted "$1")" -v vrfs=$vrfs -v name=$prefix 'BEGIN {
		print "name: " name
		print "defaults: {router: {as: 65000}}"
		print "routers:"
		print "  rr: {}"
		for (i = 1; i <= n; i++) print "  pe" i ": {}"
		print "links:"
		print "- subnets: [192.168.0.0/22]"
		print "  ends:"
		print "    rr:eth1: {bgp: {route-reflector: true}}"
		for (i = 1; i <= n; i++) print "    pe" i ":eth1: {}"
		print "vrfs:"
		for (v = 1; v <= vrfs; v++) print "  v" v ": {rts: \"65000:" v "\"}"
		print "hosts:"
		for (i = 1; i <= hosted; i++) for (v = 1; v <= vrfs; v++)
			print "  h" i "-" v ": {to: pe" i ", vrf: v" v ", addresses: [10." v "." i ".2/24]}"
	}'
}

# batches PES writes the commands for ip: a namespace for each router and host, a wire to
# the core for each router, and one for each host.
batches() {
	: >"$work/add" >"$work/del"
	for i in $(seq 0 "$1"); do
		echo "netns add $prefix-r$i" >>"$work/add"
		echo "netns del $prefix-r$i" >>"$work/del"
		[ "$i" -gt 0 ] || continue
		echo "link add c$i netns $prefix-r0 type veth peer name eth1 netns $prefix-r$i" >>"$work/add"
		[ "$i" -le "$(hosted "$1")" ] || continue
		for v in $(seq $vrfs); do
			echo "netns add $prefix-h$i-$v" >>"$work/add"
			echo "netns del $prefix-h$i-$v" >>"$work/del"
			echo "link add eth0 netns $prefix-h$i-$v type veth peer name h$v netns $prefix-r$i" >>"$work/add"
		done
	done
}

# bare_up PES
bare_up() {
	ip -batch "$work/add"
	for i in $(seq 0 "$1"); do
		switch_up "$prefix-r$i" "$work/switch-$i" &
		[ $((i % 8)) -ne 7 ] || wait
	done
	wait
}

bare_down() {
	switches_down "$work"/switch-*
	ip -batch "$work/del"
}

clean_up() {
	"$PSEUDOWAN" down $prefix >"$work/out" 2>&1 || true
	switches_down "$work"/switch-* >/dev/null 2>&1 || true
	[ ! -e "$work/del" ] || ip -force -batch "$work/del" >/dev/null 2>&1 || true
	rm -rf "$work"
}
at_end clean_up

seconds() { median "$1" | awk '{ printf "%.2f", $1 / 1000 }'; }

printf '%4s %6s %7s %8s %6s %6s %8s %6s %6s %8s %8s\n' PEs hosts routes up bare ratio down bare ratio verify exponent
last=
for n in $SIZES; do
	topology "$n" >"$work/lab.yaml"
	batches "$n"
	for _ in $(seq "$RUNS"); do
		record "bare-up-$n" bare_up "$n"
		record "bare-down-$n" removed bare_down
		record "up-$n" "$PSEUDOWAN" up "$work/lab.yaml" --runtime netns --timeout 10m
		[ -z "$VERIFY" ] || record "verify-$n" "$PSEUDOWAN" verify $prefix
		record "down-$n" removed "$PSEUDOWAN" down $prefix
	done
	routes=$(($(hosted "$n") * (n - 1) * vrfs)) exponent=- verify=-
	[ -z "$VERIFY" ] || verify=$(seconds "verify-$n")
	[ -z "$last" ] || exponent=$(echo "$last $routes $(seconds "up-$n")" | awk '{ printf "%.2f", log($4 / $2) / log($3 / $1) }')
	ratio() { echo "$(seconds "$1-$n") $(seconds "bare-$1-$n")" | awk '{ printf "%.1f", $1 / $2 }'; }
	printf '%4d %6d %7d %8s %6s %6s %8s %6s %6s %8s %8s\n' "$n" $(($(hosted "$n") * vrfs)) $routes \
		"$(seconds "up-$n")" "$(seconds "bare-up-$n")" "$(ratio up)" \
		"$(seconds "down-$n")" "$(seconds "bare-down-$n")" "$(ratio down)" "$verify" "$exponent"
	last="$routes $(seconds "up-$n")"
done
