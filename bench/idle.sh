#!/bin/sh
# What a lab takes when nothing happens: processor and memory of its routers, and memory
# of hosts that are namespaces, compared with bare instances of Open vSwitch in as many
# namespaces.
#
#   sudo ROUTERS=100 SECONDS_IDLE=60 sh bench/idle.sh
#
# Memory is PSS, of all processes of the lab, and beside it what the whole machine has
# less available, the kernel included.
set -eu

# shellcheck source=bench/measure.sh
. "$(dirname "$0")/measure.sh"
need_root
need ip ovsdb-tool ovsdb-server ovs-vswitchd ovs-vsctl

ROUTERS=${ROUTERS:-100}
SECONDS_IDLE=${SECONDS_IDLE:-60}
SETTLE=${SETTLE:-20}
hosts=10 # of each PE, in the second lab
prefix=pwi$$

clean_up() {
	"$PSEUDOWAN" down $prefix >"$work/out" 2>&1 || true
	bare_down >"$work/out" 2>&1 || true
	rm -rf "$work"
}
at_end clean_up

# bare_up starts an Open vSwitch with one port in each of as many namespaces.
bare_up() {
	for i in $(seq "$ROUTERS"); do
		ip netns add "$prefix-$i"
		switch_up "$prefix-$i" "$work/switch-$i"
	done
}

bare_down() {
	switches_down "$work"/switch-*
	for i in $(seq "$ROUTERS"); do ip netns del "$prefix-$i"; done
}

# processes prints the PIDs in namespaces whose names begin with PREFIX.
processes() {
	for name in $(ip netns list | awk -v p="$1" 'index($1, p) == 1 { print $1 }'); do ip netns pids "$name"; done
}

# pss PREFIX prints kilobytes.
pss() {
	for pid in $(processes "$1"); do cat "/proc/$pid/smaps_rollup" 2>/dev/null; done | awk '/^Pss:/ { n += $2 } END { print n + 0 }'
}

available() { awk '/^MemAvailable:/ { print $2 }' /proc/meminfo; }

# ticks PREFIX prints the processor time of the processes, in hundredths of a second.
ticks() {
	for pid in $(processes "$1"); do sed 's/.*) //' "/proc/$pid/stat" 2>/dev/null; done | awk '{ n += $12 + $13 } END { print n + 0 }'
}

# observe NAME PREFIX BEFORE notes load and memory of what runs.
observe() {
	sleep "$SETTLE"
	first=$(ticks "$2")
	sleep "$SECONDS_IDLE"
	note "$1-cpu" "$(echo "$first $(ticks "$2")" | awk -v s="$SECONDS_IDLE" '{ print ($2 - $1) / s }')"
	note "$1-pss" "$(pss "$2")"
	note "$1-all" $(($3 - $(available)))
}

per() { echo "$(median "$1") $2" | awk '{ printf "%.2f\n", $1 / 1024 / $2 }'; }

RUNS=1
before=$(available)
bare_up
observe bare "$prefix-" "$before"
bare_down
for lab in routers hosts; do
	count=0
	[ $lab = routers ] || count=$hosts
	full_lab $prefix $((ROUTERS - 1)) $count >"$work/lab.yaml"
	before=$(available)
	record up "$PSEUDOWAN" up "$work/lab.yaml" --runtime netns --timeout 10m
	observe $lab "pw-$prefix" "$before"
	record down "$PSEUDOWAN" down $prefix
done

for what in pss all; do
	for lab in bare routers; do note "$lab-$what-each" "$(per "$lab-$what" "$ROUTERS")"; done
	note "host-$what" "$(echo "$(median "hosts-$what") $(median "routers-$what")" | awk -v n=$(((ROUTERS - 1) * hosts)) '{ printf "%.2f\n", ($1 - $2) / 1024 / n }')"
done
heading "Open vSwitch alone"
compare "$ROUTERS idle routers" "% CPU" routers-cpu bare-cpu
compare "the same with hosts" "% CPU" hosts-cpu bare-cpu
compare "memory of a router, PSS" MB routers-pss-each bare-pss-each
compare "memory of a router, in all" MB routers-all-each bare-all-each
printf '%-32s %10.2f MB PSS, %.2f MB in all\n' "a host with its routes" "$(median host-pss)" "$(median host-all)"
