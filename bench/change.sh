#!/bin/sh
# How long a run-time change takes: until its flows are in the switches, and until the API
# has answered, which it does when all routers forward accordingly. Then packets of new
# hosts must pass at once.
#
#   sudo RUNS=9 sh bench/change.sh
#
# Times until the answer are curl's own, those of flows begin before curl does. Flows are those that the switch of either router
# tells a monitor of; a change without any is one of BGP alone. The baseline is the first
# row: a request that reads one VRF.
set -eu

RUNS=${RUNS:-9}
# shellcheck source=bench/measure.sh
. "$(dirname "$0")/measure.sh"
need_root
need curl ip ping ovs-ofctl

lab=pwc$$
at_end "stop_watching; remove $lab"

cat >"$work/lab.yaml" <<EOF
name: $lab
runtime: netns
routers: {pe1: {as: 65001}, pe2: {as: 65001}}
links: [{ends: [pe1:eth1, pe2:eth1], subnets: [192.168.0.0/30]}]
vrfs: {red: {rts: "65001:1"}}
hosts:
  h1: {to: pe1, vrf: red, addresses: 10.1.0.2/24}
  h2: {to: pe2, vrf: red, addresses: 10.2.0.2/24}
EOF
"$PSEUDOWAN" up "$work/lab.yaml" >"$work/out" 2>&1

# watch notes what flows the switches get and lose, a line each with its time.
watch() {
	for router in pe1 pe2; do
		ovs-ofctl --timestamp monitor "unix:/run/pseudowan/$lab/$router/run/openvswitch/br0.mgmt" "watch:!initial" >"$work/watch-$router" 2>&1 &
		watchers="${watchers-} $!"
	done
}

stop_watching() {
	# shellcheck disable=SC2086
	[ -z "${watchers-}" ] || kill $watchers 2>/dev/null || true
	watchers=
}

# ask METHOD PATH [BODY] sends a request, and prints how many seconds it took.
ask() {
	curl -sS --fail-with-body --unix-socket "/run/pseudowan/$lab/.api.sock" -X "$1" ${3:+-H "Content-Type: application/json" --data-binary "$3"} \
		-o "$work/answer" -w '%{time_total}\n' "http://lab/v1/$2" || {
		cat "$work/answer" >&2
		exit 1
	}
}

# last_flow SINCE prints how many milliseconds after a time, in nanoseconds, a switch last
# told of a flow; nothing if none did.
last_flow() {
	sleep 0.3
	at=$(grep -ho '20[0-9-]* [0-9:.]*[0-9]' "$work"/watch-* | sort | tail -n 1)
	[ -z "$at" ] || echo "$1 $(date -u -d "$at" +%s%N)" | awk '$2 > $1 { printf "%.1f\n", ($2 - $1) / 1e6 }'
}

# timed NAME METHOD PATH [BODY] notes how long a request takes.
timed() {
	name=$1
	shift
	watch
	sleep 0.2
	since=$(date +%s%N)
	seconds=$(ask "$@")
	flows=$(last_flow "$since")
	stop_watching
	note "api-$name" "$(echo "$seconds" | awk '{ printf "%.1f", $1 * 1000 }')"
	[ -z "$flows" ] || note "flows-$name" "$flows"
}

# reaches HOST ADDRESS ends the script unless one packet, sent at once, is answered.
reaches() {
	"$PSEUDOWAN" exec --lab "$lab" "$1" -- ping -q -c 1 -W 1 "$2" >"$work/out" 2>&1 || {
		echo "$1 does not reach $2 once the API has answered" >&2
		exit 1
	}
}

routes=$(awk 'BEGIN {
	printf "{\"edits\": ["
	for (i = 0; i < 100; i++)
		printf "%s{\"op\": \"route-add\", \"name\": \"red\", \"prefix\": \"172.17.%d.0/24\", \"next_hop\": \"10.1.0.2\"}", i ? "," : "", i
	print "]}"
}')
gone=$(echo "$routes" | sed 's/route-add/route-del/g')

for _ in $(seq "$RUNS"); do
	timed read GET 'vrfs?router=pe1&vrf=red'
	timed vrf-add POST vrfs '{"name": "blue", "settings": {"rts": "65001:2", "on": "pe1"}}'
	timed lan-add POST lans '{"name": "office", "settings": {"to": "pe2", "vrf": "red", "subnets": ["10.40.0.0/24"]}}'
	timed host-add POST hosts '{"name": "h9", "settings": {"to": "pe1", "vrf": "red", "addresses": "10.9.0.2/24"}}'
	reaches h2 10.9.0.2
	timed host-attach POST hosts/h9/attachments '{"to": "pe2", "vrf": "red", "addresses": "10.10.0.2/24"}'
	timed host-detach DELETE hosts/h9/attachments/eth1
	timed host-move PATCH hosts/h9/attachments/eth0 '{"to": "pe2"}'
	reaches h1 10.9.0.2
	timed route-add POST routes '{"vrf": "red", "prefix": "172.16.0.0/16", "next_hop": "10.1.0.2"}'
	timed route-del DELETE 'routes?vrf=red&prefix=172.16.0.0/16'
	timed routes-100 POST changes "$routes"
	timed routes-del POST changes "$gone"
	timed prefix-list POST prefix-lists '{"name": "h1", "entries": ["10.1.0.0/24"]}'
	timed policy-add POST policies '{"name": "deny", "terms": [{"match": {"prefixes": "h1"}, "then": "reject"}]}'
	timed neighbor-set PATCH 'peers/pe2?router=pe1' '{"export-policy": "deny"}'
	timed neighbor-back PATCH 'peers/pe2?router=pe1' '{"export-policy": null}'
	reaches h1 10.2.0.2
	timed policy-del DELETE policies/deny
	timed list-del DELETE prefix-lists/h1
	timed neighbor-add POST peers '{"peer": "h1", "settings": {"as": 65101}}'
	timed neighbor-del DELETE 'peers/h1'
	timed redistribute-del DELETE vrfs/red/redistribute/connected
	timed redistribute-add PUT vrfs/red/redistribute/connected
	reaches h1 10.2.0.2
	timed bmp-add POST routers/pe1/bmp '{"to": "10.1.0.2:5000", "vrf": "red"}'
	timed bmp-del DELETE 'routers/pe1/bmp?to=10.1.0.2:5000'
	timed vrf-set PATCH vrfs/red '{"label-mode": "per-vrf"}'
	timed vrf-back PATCH vrfs/red '{"label-mode": null}'
	reaches h1 10.2.0.2
	timed host-del DELETE hosts/h9
	timed lan-del DELETE lans/office
	timed vrf-del DELETE vrfs/blue
done

printf '%-18s %12s %12s\n' change "flows, ms" "answer, ms"
for kind in $(awk '$1 == "timed" { print $2 }' "$0"); do
	flows=-
	[ ! -s "$work/flows-$kind.values" ] || flows=$(median "flows-$kind")
	printf '%-18s %12s %12s\n' "$kind" "$flows" "$(median "api-$kind")"
done
