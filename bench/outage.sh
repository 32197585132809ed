#!/bin/sh
# How long a core loses packets when something in it fails.
#
#   sudo RUNS=10 sh bench/outage.sh
#   sudo RUNS=10 ROUTES=100000 sh bench/outage.sh
#
# A host behind pe1 pings one behind pe2 and pe3 every millisecond. What is noted is the
# longest time without an answer: with nothing failing, as a baseline that shows how busy the
# machine is; when a link of the core is cut, to which there is another way; when that link
# keeps its carrier and loses all packets; when pe2, over which the packets go, is lost
# behind links that keep their carriers; and when pe2 is cut off from the core, so that the
# other host has to send over pe3 (uplink-tracking). BFD has 50 ms and a multiplier of 3. With
# ROUTES, so many VPN routes more have pe2 as their next hop, and move with the path to it.
set -eu

RUNS=${RUNS:-10}
# shellcheck source=bench/measure.sh
. "$(dirname "$0")/measure.sh"
need_root
need ip ping

name=pwo$$
at_end "remove $name"

cat >"$work/lab.yaml" <<LAB
name: $name
core: labeled-unicast
defaults: {router: {as: 65000, uplink-tracking: true}, bgp: {bfd: true, bfd-min-tx: 50ms, bfd-min-rx: 50ms}}
routers:
  pe1: {id: 10.255.0.1}
  pe2: {id: 10.255.0.2}
  pe3: {id: 10.255.0.3}
  p1: {id: 10.255.0.11}
  p2: {id: 10.255.0.12}
links:
- {ends: [pe1:eth1, p1:eth1], subnets: [192.168.1.0/30]}
- {ends: [pe1:eth2, p2:eth1], subnets: [192.168.2.0/30], metric: 20}
- {ends: [p1:eth2, p2:eth2], subnets: [192.168.3.0/30]}
- {ends: [p1:eth3, pe2:eth1], subnets: [192.168.4.0/30], bgp: {bfd: false}}
- {ends: [p2:eth3, pe3:eth1], subnets: [192.168.5.0/30], metric: 100, bgp: {bfd: false}}
- {ends: [p2:eth4, pe2:eth2], subnets: [192.168.6.0/30], metric: 200, bgp: {bfd: false}}
vrfs: {red: {rts: "65000:1"}}
hosts:
  a: {to: pe1, vrf: red, addresses: [10.1.0.2/24], lans: [10.8.0.1/24]}
  b:
    attach:
    - {to: pe2, vrf: red, addresses: [10.2.0.2/24], routes: [10.8.0.0/24]}
    - {to: pe3, vrf: red, addresses: [10.3.0.2/24], routes: [0.0.0.0/0]}
    lans-via: [eth0, eth1]
    lans: [$(seq -s, 16 | sed 's/[0-9][0-9]*/10.9.&.1\/24/g')]
LAB

pw() { "$PSEUDOWAN" "$@" >"$work/out" 2>&1 || {
	cat "$work/out" >&2
	exit 1
}; }

# whole waits until the lab is as at the beginning.
whole() {
	until "$PSEUDOWAN" show core --lab $name --router pe2 | awk 'NR > 2 && $NF != "up" { cut = 1 } END { exit cut }' &&
		"$PSEUDOWAN" show lsp --lab $name --router pe1 | awk '$3 == "pe2" && $7 == "eth1" { found = 1 } END { exit !found }' &&
		[ "$("$PSEUDOWAN" show bfd --lab $name | awk 'NR > 2 && $6 == "up"' | wc -l)" -eq "$sessions" ]; do
		sleep 0.2
	done
	sleep 1
}

# outage NAME FAIL RESTORE [HOST SOURCE TARGET] notes the longest time without an answer.
outage() {
	whole
	"$PSEUDOWAN" exec --lab $name "${4:-a}" -- ping -D -n -i 0.001 -w 4 -I "${5:-10.1.0.2}" "${6:-$target}" >"$work/ping" 2>&1 &
	sleep 1.5
	$2
	wait $! || true
	note "$1" "$(awk '/bytes from/ { t = substr($1, 2) * 1000; if (last && t - last > worst) worst = t - last; last = t } END { printf "%.0f", worst }' "$work/ping")"
	$3
}

cut() { pw link pe1:eth1 down --lab $name; }
grey() { pw link pe1:eth1 impair --loss 100% --lab $name; }
mend() { pw link pe1:eth1 up --lab $name; }
lose() {
	pw link pe2:eth1 impair --loss 100% --lab $name
	pw link pe2:eth2 impair --loss 100% --lab $name
}
isolate() {
	pw link pe2:eth2 down --lab $name
	pw link pe2:eth1 down --lab $name
}
find() {
	pw link pe2:eth1 up --lab $name
	pw link pe2:eth2 up --lab $name
}

pw up "$work/lab.yaml" --runtime netns
if [ -n "${ROUTES-}" ]; then
	pw inject $name --router pe2 --vrf red --count "$ROUTES" --keep
	over=0
	until [ "$over" -ge "$ROUTES" ]; do
		over=$("$PSEUDOWAN" show vrf --lab $name --router pe1 --vrf red -o json | grep -c '"next_hop": "10.255.0.2"' || true)
		sleep 1
	done
	echo "$over VPN routes of pe1 have pe2 as their next hop"
fi
sessions=$("$PSEUDOWAN" show bfd --lab $name | awk 'NR > 2' | wc -l)
target=
for i in $(seq 16); do
	if "$PSEUDOWAN" trace --lab $name a 10.9."$i".1 | grep -q ' pe2 '; then
		target=10.9.$i.1
		break
	fi
done
[ -n "$target" ] || {
	echo "no packet goes over pe2" >&2
	exit 1
}
for _ in $(seq "$RUNS"); do
	outage nothing true true
	outage cut cut mend
	outage grey grey mend
	outage lost lose find
	outage isolated isolate find b 10.9.1.1 10.8.0.1
done
printf '%-44s %10s %10s\n' "median of $RUNS, ms without an answer" median worst
for row in "nothing fails:nothing" "a link of the core is cut:cut" "a link loses all packets, BFD 50 ms * 3:grey" "a PE of a site with two is lost:lost" \
	"a PE is cut off, from a host with two:isolated"; do
	printf '%-44s %10s %10s\n' "${row%:*}" "$(median "${row##*:}")" "$(sort -g "$work/${row##*:}.values" | tail -1)"
done
