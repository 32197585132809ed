#!/bin/sh
# How long ten Docker hosts behind one of two PEs take to come up and converge, compared
# with ten bare containers of the same image started in parallel.
#
#   sudo RUNS=5 sh bench/docker.sh
set -eu

# shellcheck source=bench/measure.sh
. "$(dirname "$0")/measure.sh"
need_root
need docker
docker version >"$work/out" 2>&1 || {
	cat "$work/out" >&2
	exit 1
}

prefix=pwb$$

clean_up() {
	"$PSEUDOWAN" down "$prefix" >"$work/out" 2>&1 || true
	bare_down >"$work/out" 2>&1 || true
	rm -rf "$work"
}
at_end clean_up

bare_up() {
	started=
	for i in $(seq 10); do
		docker run --detach --network none --name "$prefix-bare-$i" "$image" sleep 1000 &
		started="$started $!"
	done
	for pid in $started; do wait "$pid" || return 1; done
}

bare_down() {
	for i in $(seq 10); do echo "$prefix-bare-$i"; done | xargs docker rm --force
}

cat >"$work/lab.yaml" <<END
name: $prefix
node-prefix: $prefix-
routers:
  pe1: {as: 65001, id: 10.10.10.1}
  pe2: {as: 65002, id: 10.10.10.2}
links:
- {ends: {pe1:eth1: {address: 192.168.0.1/30}, pe2:eth1: {address: 192.168.0.2/30}}, bgp: {}}
series:
- {on: pe1, name: "host_{i:03}", rd: "65001:{vrf}", step: /16, rows: [{vrfs: 101-110, subnet: 10.1.0.0/24}]}
END

# The first time makes the image, which the bare containers use, too.
record first "$PSEUDOWAN" up "$work/lab.yaml" --runtime docker
image=$(docker ps --filter "name=^$prefix-host_001\$" --format '{{.Image}}')
[ -n "$image" ] || {
	echo "no container $prefix-host_001" >&2
	exit 1
}
record first "$PSEUDOWAN" down "$prefix"

for _ in $(seq "$RUNS"); do
	record bare-up bare_up
	record bare-down bare_down
	record up "$PSEUDOWAN" up "$work/lab.yaml" --runtime docker
	record down "$PSEUDOWAN" down "$prefix"
done
heading "docker run"
compare "ten hosts up, converged" ms up bare-up
compare "down" ms down bare-down
