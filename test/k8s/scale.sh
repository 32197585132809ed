#!/bin/bash
# A lab of SITES sites (20) with 20 hosts each on a real Kubernetes of three nodes, and the
# same file on the machine itself: time until converged, processor time, memory, and what
# the API server sees. As root, with nothing else running.
#
#   SITES=20 test/k8s/scale.sh PROGRAM IMAGE.tar
. "$(dirname "$0")/common.sh"
sites=${SITES:-20}

# many N: N PEs in a random tree with half as many more links, and 20 hosts at each
many() {
	ten "$1" | sed '/^hosts:/q; s/^name: ten/name: many/'
	for ((i = 1; i <= $1; i++)); do
		for j in {1..10}; do
			echo "  red$i-$j: {to: r$i, vrf: red, addresses: [10.$i.$j.2/24]}"
			echo "  blue$i-$j: {to: r$i, vrf: blue, addresses: [10.$i.$j.2/24]}"
		done
	done
}

# dir CONTROLLER NAME: the directory of a cgroup below ours
dir() {
	local path
	path=$(sed -n "s/^[0-9]*:$1:\(.*\)/\1/p" /proc/self/cgroup)
	echo "/sys/fs/cgroup/$1${path%/}/$2"
}
cpu_of=$(dir cpuacct '') memory_of=$(dir memory '')

# group NAME: the processor time of a cgroup, and its memory
group() {
	awk -v cpu="$(cat "$cpu_of$1/cpuacct.usage")" '/^total_rss / { printf "%.0f s of processor time, %.0f MB", cpu / 1e9, $2 / 1e6 }' "$memory_of$1/memory.stat"
}

# own COMMAND...: runs a command in a cgroup of its own, "one"
own() {
	local d
	for d in "$cpu_of" "$memory_of"; do
		mkdir -p "${d}one"
		echo "$BASHPID" >"${d}one/cgroup.procs"
	done
	exec "$@"
}

# seen: what the API server has and does for others
seen() {
	kubectl get --raw /metrics | awk '
		/^apiserver_longrunning_requests.*verb="WATCH"/ { watches += $2 }
		/^apiserver_storage_objects/ && $2 > 0 { objects += $2 }
		/^apiserver_request_total/ { requests += $2 }
		END { printf "%d watches, %d objects, %d requests\n", watches, objects, requests }'
}

many "$sites" >"$work/many.yaml"
"$program" validate "$work/many.yaml"

begin=$EPOCHREALTIME
(own "$program" up "$work/many.yaml" --timeout 5m) >"$work/up" 2>&1 || { cat "$work/up"; die "up fails"; }
say "one machine: converged after $(since "$begin"), $(group one)"
begin=$EPOCHREALTIME
"$program" verify >"$work/verify" 2>/dev/null || { tail "$work/verify"; die "verify finds differences"; }
say "one machine: verified in $(since "$begin"): $(tail -n 1 "$work/verify")"
"$program" down >/dev/null 2>&1

start_cluster
sleep 10
say "an idle cluster: $(group kt); $(seen)"
begin=$EPOCHREALTIME
apply many
ready many
say "$sites pods: converged after $(since "$begin"), $(group kt); $(seen)"
begin=$EPOCHREALTIME
verified many "fresh"
say "$sites pods: verified in $(since "$begin")"
before=$(seen)
cpu=$(cat "${cpu_of}kt/cpuacct.usage")
sleep 60
say "idle for 60 s: $before before, $(seen) after; $(awk -v a="$cpu" -v b="$(cat "${cpu_of}kt/cpuacct.usage")" 'BEGIN { printf "%.1f", (b - a) / 60e9 * 100 }') % of a processor"
kubectl delete namespace pw-many >/dev/null
nothing_left
