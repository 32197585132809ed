#!/bin/sh
# What parts of a lab cost, compared with what doctor says of their files before: memory (PSS)
# and processes of routers, of hosts in namespaces and in containers, and of routes; and the
# processor time of these processes until they have converged.
#
#   sudo DOCKER=yes sh bench/cost.sh
set -eu

RUNS=1
# shellcheck source=bench/measure.sh
. "$(dirname "$0")/measure.sh"
need_root
need ip

DOCKER=${DOCKER:-}
SETTLE=${SETTLE:-5}
prefix=pwc$$

at_end "remove $prefix"

# ours lists the processes of the lab, and those that keep its containers.
ours() {
	for name in $(ip netns list | awk -v p="pw-$prefix" 'index($1, p) == 1 { print $1 }'); do ip netns pids "$name"; done
	for pid in /proc/[0-9]*; do
		! tr '\0' ' ' <"$pid/cmdline" 2>/dev/null | grep -q "keeper --lab $prefix \|containerd-shim" || echo "${pid#/proc/}"
	done
	[ -z "$DOCKER" ] || docker ps --quiet --filter "name=$prefix" | xargs -r docker inspect --format '{{.State.Pid}}'
}

# pss prints MiB and the number of processes.
pss() {
	for pid in $(ours | sort -u); do cat "/proc/$pid/smaps_rollup" 2>/dev/null || true; done |
		awk '/^Pss:/ { n += $2; p++ } END { printf "%.1f %d", n / 1024, p }'
}

# seconds prints the processor time of the lab's processes until now.
seconds() {
	for pid in $(ours | sort -u); do sed 's/.*) //' "/proc/$pid/stat" 2>/dev/null || true; done | awk '{ n += $12 + $13 } END { printf "%.1f", n / 100 }'
}

# row WHAT PES HOSTS RUNTIME
row() {
	full_lab $prefix "$2" "$3" "$4" >"$work/lab.yaml"
	said=$("$PSEUDOWAN" doctor "$work/lab.yaml" -o json | grep -o 'about [^"]* core[s]*' | head -n 1) || said=-
	record "up" "$PSEUDOWAN" up "$work/lab.yaml" --timeout 10m
	sleep "$SETTLE"
	used=$(pss)
	printf '%-26s %8.1f MiB %5d processes %7.1f s of processors   doctor: %s\n' "$1" "${used% *}" "${used#* }" "$(seconds)" "$said"
	record "down" "$PSEUDOWAN" down $prefix
}

row "2 routers" 1 0 netns
row "21 routers" 20 0 netns
row "21 routers, 20 hosts" 20 1 netns
row "21 routers, 200 hosts" 20 10 netns
[ -z "$DOCKER" ] || row "2 routers, 10 containers" 1 10 docker
