#!/bin/sh
# How many routes a second a router takes from the speaker of `pseudowan inject`: until it
# has received them, until they are in its Open vSwitch, and until they are gone again,
# compared with the speaker alone, which announces them to a peer that forgets them.
#
#   sudo RUNS=3 COUNT=100000 sh bench/inject.sh
#   sudo FLAGS=--vpn sh bench/inject.sh     # labelled routes from the core, not a CE's
set -eu

RUNS=${RUNS:-3}
COUNT=${COUNT:-100000}
FLAGS=${FLAGS:-}
# shellcheck source=bench/measure.sh
. "$(dirname "$0")/measure.sh"
need_root
need ip ovs-ofctl go

prefix=pwb$$

at_end "remove $prefix"

cat >"$work/lab.yaml" <<END
name: $prefix
routers: {pe1: {as: 65001}}
vrfs: {red: {rts: "65001:1"}}
hosts: {a: {to: pe1, vrf: red, addresses: [10.1.0.2/24]}}
END

# flows prints how many routes are in the router's Open vSwitch.
flows() {
	ip netns exec pw-$prefix-pe1 ovs-ofctl -O OpenFlow13 dump-aggregate "unix:/run/pseudowan/$prefix/pe1/run/openvswitch/br0.mgmt" table=20 |
		sed 's/.*flow_count=//'
}

# until_flows TEST N: as -ge 100, for at most five minutes.
until_flows() {
	tries=0
	until [ "$(flows)" "$1" "$2" ]; do
		tries=$((tries + 1))
		[ $tries -lt 3000 ] || {
			echo "after five minutes there are $(flows) routes in Open vSwitch, not $1 $2" >&2
			exit 1
		}
		sleep 0.1
	done
}

# announce and withdraw, each until Open vSwitch has followed.
announce() {
	# shellcheck disable=SC2086 # FLAGS is several words
	"$PSEUDOWAN" inject $prefix --router pe1 --vrf red --count "$COUNT" --keep $FLAGS >"$work/said" 2>&1
	until_flows -ge $((before + COUNT))
}

withdraw() {
	"$PSEUDOWAN" inject $prefix --withdraw
	until_flows -le "$before"
}

memory() {
	for pid in $(ip netns pids pw-$prefix-pe1); do awk '/^Pss:/ { print $2 }' "/proc/$pid/smaps_rollup"; done | awk '{ s += $1 } END { print s }'
}

rate() { awk -v n="$COUNT" -v ms="$1" 'BEGIN { printf "%.0f", n / ms * 1000 }'; }

for _ in $(seq "$RUNS"); do
	CGO_ENABLED=0 go test -C "$(dirname "$0")/.." -run '^$' -bench 'Announce/ipv4' ./bgp/inject >"$work/alone"
	note alone "$(awk '{ for (i = 2; i <= NF; i++) if ($i == "routes/s") print $(i - 1) }' "$work/alone")"
	record up "$PSEUDOWAN" up "$work/lab.yaml" --runtime netns
	before=$(flows) empty=$(memory)
	record announced announce
	note received "$(sed -n 's/.*(\([0-9]*\) a second).*/\1/p' "$work/said")"
	note programmed "$(rate "$(tail -n 1 "$work/announced.values")")"
	note memory $((($(memory) - empty) * 1024 / COUNT))
	record withdrawn withdraw
	note gone "$(rate "$(tail -n 1 "$work/withdrawn.values")")"
	record down "$PSEUDOWAN" down $prefix
done
heading "speaker alone"
compare "received" routes/s received alone
compare "in Open vSwitch, made included" routes/s programmed alone
compare "gone again" routes/s gone alone
echo "memory of the router: $(median memory) octets a route"
