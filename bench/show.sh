#!/bin/sh
# What show, explain and trace cost with many routes: BIRD as a customer announces ROUTES
# networks at one PE, and the tables of the other are read. Everything is compared with
# ovs-ofctl dump-flows of that PE's switch, in the same run.
#
#   sudo RUNS=3 ROUTES=100000 sh bench/show.sh
#
# first is the time of the first row, all that of the whole answer, in seconds; rss is what
# the command holds, in MB.
set -eu

RUNS=${RUNS:-3}
ROUTES=${ROUTES:-100000}
# shellcheck source=bench/measure.sh
. "$(dirname "$0")/measure.sh"
need_root
need ovs-ofctl bird awk

name=pwt$$

at_end "remove $name"

awk -v n="$ROUTES" 'BEGIN {
	for (i = 0; i < n; i++) printf "route 20.%d.%d.%d/30 unreachable;\n", i / 16384, i / 64 % 256, i % 64 * 4
}' >"$work/routes.conf"
cat >"$work/lab.yaml" <<EOF
name: $name
node-prefix: $name-
defaults: {router: {as: 65000}}
routers: {pe1: {}, pe2: {}}
links:
- {ends: [pe1:eth1, pe2:eth1], subnets: [192.168.0.0/30]}
redistribute: {connected: subnets}
vrfs: {red: {rts: "65000:1"}}
hosts:
  b: {to: pe2, vrf: red, addresses: [10.2.0.2/24]}
  a:
    to: pe1
    vrf: red
    addresses: [10.1.0.2/24]
    bgp: {as: 65100, max-prefixes: 2000000}
    command: [bird, -f, -c, /run/bird.conf, -s, /run/bird.ctl]
    files:
      /run/bird.conf: |
        log stderr all;
        router id 10.1.0.2;
        protocol device {}
        protocol bgp isp {
          local 10.1.0.2 as 65100;
          neighbor 10.1.0.1 as 65000;
          connect retry time 1;
          ipv4 { import none; export all; };
        }
        protocol static {
        ipv4;
        include "$work/routes.conf";
        }
EOF
"$PSEUDOWAN" up "$work/lab.yaml" --runtime netns --timeout 2m >"$work/out" 2>&1 || {
	cat "$work/out" >&2
	exit 1
}
socket=$(find "/run/pseudowan/$name/pe2/" -name 'br0.mgmt' | head -n 1)
dump() { ovs-ofctl -O OpenFlow15 dump-flows "unix:$socket"; }
waited=0
until [ "$(dump | wc -l)" -gt "$ROUTES" ]; do
	waited=$((waited + 1))
	[ $waited -lt 300 ] || {
		echo "the routes do not arrive" >&2
		exit 1
	}
	sleep 1
done

now() { date +%s%N; }

# measure NAME COMMAND... runs the command and notes its times and its memory.
measure() {
	what=$1
	shift
	began=$(now)
	/usr/bin/time -f %M -o "$work/rss" "$@" 2>"$work/err" | {
		# The first rows are below a head of a few lines.
		head -c 1000 >/dev/null
		now >"$work/first"
		cat >/dev/null
		now >"$work/end"
	}
	note "$what-first" $((($(cat "$work/first") - began) / 1000))
	note "$what-all" $((($(cat "$work/end") - began) / 1000))
	note "$what-rss" "$(tail -n 1 "$work/rss")"
}

# row NAME
row() {
	awk -v name="$1" -v first="$(median "$1-first")" -v all="$(median "$1-all")" -v base="$(median dump-all)" -v rss="$(median "$1-rss")" \
		'BEGIN { printf "%-28s %8.3f %8.3f %6.2f %6.1f\n", name, first / 1e6, all / 1e6, all / base, rss / 1024 }'
}

rows='vrf mpls flow flow-fast rib vrf-json flow-json vrf-prefix rib-prefix flow-prefix explain trace'
command_of() {
	case $1 in
	*-json) echo "show ${1%-json} -o json" ;;
	*-prefix) echo "show ${1%-prefix} --prefix 20.1.0.0/30" ;;
	flow-fast) echo "show flow --fast" ;;
	explain) echo "explain pe2 red 20.1.0.0/30" ;;
	trace) echo "trace b 10.1.0.2" ;;
	*) echo "show $1" ;;
	esac
}
for _ in $(seq "$RUNS"); do
	measure dump ovs-ofctl -O OpenFlow15 dump-flows "unix:$socket"
	for r in $rows; do
		router="--router pe2"
		case $r in explain | trace) router="" ;; esac
		# shellcheck disable=SC2046,SC2086
		measure "$r" "$PSEUDOWAN" $(command_of "$r") --lab $name $router
	done
done

printf '%d routes, median of %d\n%-28s %8s %8s %6s %6s\n' "$ROUTES" "$RUNS" "" first all ratio rss
for r in dump $rows; do row "$r"; done
