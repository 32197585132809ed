#!/bin/sh
# VPN routes from a GoBGP server into a VRF of a router and into its Open vSwitch, and
# away again, compared with two bare GoBGP servers of which the second has a watcher; what
# a route costs in memory; and what a ping through the router feels of it.
#
#   sudo ROUTES=100000 RUNS=3 sh bench/routes.sh
set -eu

RUNS=${RUNS:-3}
ROUTES=${ROUTES:-100000}
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=bench/measure.sh
. "$here/measure.sh"
need_root
need ip
need ping
[ -n "${PROGRAM-}" ] || {
	need go
	PROGRAM=$work/routes
	(cd "$here/.." && CGO_ENABLED=0 go test -c -o "$PROGRAM" ./bgp)
}

lab=pwb$$
clean_up() {
	"$PSEUDOWAN" down $lab >"$work/out" 2>&1 || true
	ip netns del $lab-far >/dev/null 2>&1 || true
	rm -rf "$work"
}
at_end clean_up

ip netns add $lab-far
ip link add pwb-near type veth peer name eth0 netns $lab-far
ip link set pwb-near up
ip -n $lab-far addr add 192.168.0.2/30 dev eth0
ip -n $lab-far link set eth0 up
ip -n $lab-far link set lo up

cat >"$work/lab.yaml" <<END
name: $lab
node-prefix: $lab-
routers: {pe1: {as: 65001, id: 10.10.10.1}}
links:
- nic: pwb-near
  ends: {pe1:eth1: {address: 192.168.0.1/30}}
  bgp: {peer: 192.168.0.2, as: 65002}
vrfs: {red: {rts: "65001:1"}}
hosts:
  a: {to: pe1, vrf: red, addresses: [10.1.0.2/24]}
  b: {to: pe1, vrf: red, addresses: [10.2.0.2/24]}
END

# What the program asks of the router.
cat >"$work/commands" <<END
#!/bin/sh
run=/run/pseudowan/$lab/pe1/run/openvswitch
case \$1 in
count) ovs-ofctl -O OpenFlow13 dump-aggregate unix:\$run/br0.mgmt table=20 | sed 's/.*flow_count=//' ;;
memory) for p in \$(pgrep -f 'agent .*$lab') \$(cat \$run/ovs-vswitchd.pid); do
	awk '/^Pss:/ { print \$2 * 1024 }' /proc/\$p/smaps_rollup; done | awk '{ n += \$1 } END { print n }' ;;
cpu) for p in \$(pgrep -f 'agent .*$lab') \$(cat \$run/ovs-vswitchd.pid); do
	sed 's/.*) //' /proc/\$p/stat | awk '{ print \$12 + \$13 }'; done | awk '{ n += \$1 } END { print n / 100 }' ;;
ping) exec "$PSEUDOWAN" exec --lab $lab a -- ping -n -i 0.002 10.2.0.2 ;;
esac
END
chmod +x "$work/commands"

# run KIND ARGUMENTS... notes what the program says.
run() {
	kind=$1
	shift
	"$@" -test.run '^TestRoutesForBench$' >"$work/said" || exit 1
	while read -r what value rest; do
		case $what in announced | withdrawn) value=$(echo "$value" | awk '{ print $1 * 1000 }') ;; esac
		note "$kind-$what" "$value"
		[ -z "${VERBOSE-}" ] || echo "$kind $what $value $rest" >&2
	done <"$work/said"
}

for _ in $(seq "$RUNS"); do
	run bare env ROUTES_BENCH="bare $ROUTES" "$PROGRAM"
	record up "$PSEUDOWAN" up "$work/lab.yaml" --runtime netns --no-wait
	run ours env ROUTES_BENCH="router $ROUTES 192.168.0.2 192.168.0.1 $work/commands" ip netns exec $lab-far "$PROGRAM"
	record down "$PSEUDOWAN" down $lab
done
heading "two bare GoBGP"
compare "$ROUTES routes announced" ms ours-announced bare-announced
compare "$ROUTES routes withdrawn" ms ours-withdrawn bare-withdrawn
printf 'per route: %.1f kB, %.0f us of processor time from the message to the flow\n' \
	"$(median ours-memory | awk '{ print $1 / 1000 }')" "$(median ours-cpu | awk -v n="$ROUTES" '{ print $1 * 1000000 / n }')"
printf 'ping: p99 %s ms while routes are withdrawn, %s lost; p99 %s ms before\n' \
	"$(median ours-p99)" "$(median ours-lost)" "$(median ours-still-p99)"
