#!/bin/bash
# Labs on a real Kubernetes of three nodes: up, verified as on one server, a pod killed, a
# node drained, an edit applied, all deleted, nothing left. As root; the first time
# builds the cluster, which takes minutes.
#
#   test/k8s/test.sh PROGRAM IMAGE.tar [LAB...]
set -euo pipefail
program=$(realpath "$1") image=$(realpath "$2")
shift 2
labs=${*:-pseudo-wan hub-spoke core ten}
here=$(cd "$(dirname "$0")" && pwd)
cluster=$here/cluster/kube-up.sh
export KT_DIR=${KT_DIR:-$here/cluster/run}
work=$(mktemp -d)

say() { printf '%(%T)T %s\n' -1 "$*"; }

die() {
	say "FAILED: $*"
	exit 1
}

clean_up() {
	"$cluster" down
	rm -rf "$work"
}
trap clean_up EXIT

# ten prints a lab of ten sites in a random graph: a tree, and five more links.
ten() {
	RANDOM=${SEED:-1}
	echo "name: ten"
	echo "routers:"
	for i in {1..10}; do echo "  r$i: {as: 65000, id: 10.0.0.$i}"; done
	echo "links:"
	n=0
	wire() {
		n=$((n + 1))
		echo "- {ends: {r$1:eth$n: {address: 172.16.$n.1/30}, r$2:eth$n: {address: 172.16.$n.2/30}}, metric: $((RANDOM % 20 + 1))}"
	}
	for i in {2..10}; do wire "$i" $((RANDOM % (i - 1) + 1)); done
	for _ in {1..5}; do
		a=$((RANDOM % 10 + 1)) b=$((RANDOM % 9 + 1))
		wire $a $((b < a ? b : b + 1))
	done
	echo "core: {transport: labeled-unicast, reflectors: [r1]}"
	echo 'vrfs: {red: {rd: "65000:1", rts: "65000:1"}, blue: {rd: "65000:2", rts: "65000:2"}}'
	echo "hosts:"
	for i in {1..10}; do
		echo "  red$i: {to: r$i, vrf: red, addresses: [10.$i.0.2/24]}"
		echo "  blue$i: {to: r$i, vrf: blue, addresses: [10.$((11 - i)).0.2/24]}"
	done
}

# file LAB: a lab of the catalogue, or ours
file() {
	if [ "$1" = ten ]; then ten; else "$program" labs show "$1"; fi >"$work/$1.yaml"
}

apply() { "$program" k8s render "$work/$1.yaml" | kubectl apply -f - >/dev/null; }

# ready LAB: every pod of the lab is
ready() {
	local begin=$SECONDS
	local sites
	sites=$(kubectl -n "pw-$1" get statefulsets --no-headers | wc -l)
	for _ in {1..240}; do
		[ "$(kubectl -n "pw-$1" get pods --no-headers 2>/dev/null | grep -c ' 1/1 *Running ')" = "$sites" ] && break
		sleep 0.5
	done
	[ "$(kubectl -n "pw-$1" get pods --no-headers | grep -c ' 1/1 *Running ')" = "$sites" ] || {
		kubectl -n "pw-$1" get pods -o wide
		kubectl -n "pw-$1" logs --tail 20 --selector app.kubernetes.io/name=pseudowan --prefix
		die "lab $1 is not ready"
	}
	say "lab $1: $(kubectl -n "pw-$1" get pods --no-headers | wc -l) sites ready after $((SECONDS - begin)) s"
}

# verified LAB WHEN
verified() {
	local begin=$SECONDS
	for _ in {1..20}; do
		if "$program" verify --kube "pw-$1" >"$work/verify" 2>&1; then
			say "lab $1, $2: verified in $((SECONDS - begin)) s: $(tail -n 1 "$work/verify")"
			return
		fi
		sleep 2
	done
	cat "$work/verify"
	die "lab $1, $2: verify finds differences"
}

# starts LAB: which pods there are, and how often they were started
starts() { kubectl -n "pw-$1" get pods -o jsonpath='{range .items[*]}{.metadata.name} {.metadata.uid} {.status.containerStatuses[0].restartCount}{"\n"}{end}' | sort; }

settings=$("$cluster" up 3)
eval "$settings"
"$cluster" load "$image"
say "the cluster is up"

for lab in $labs; do
	file "$lab"
	apply "$lab"
	ready "$lab"
	verified "$lab" "fresh"
	"$program" ps --kube "pw-$lab" >/dev/null
	"$program" show peer --kube "pw-$lab" >"$work/peers"
	! grep -qw Idle "$work/peers" || die "lab $lab: $(cat "$work/peers")"
done

set -- $labs
lab=$1

pod=$(kubectl -n "pw-$lab" get pods -o name | tail -n 1)
kubectl -n "pw-$lab" delete "$pod" --grace-period 0 --force >/dev/null 2>&1
ready "$lab"
verified "$lab" "after a pod was killed"

before=$(starts "$lab")
sed 's/^series:/hosts:\n  late: {to: pe1, vrf: "101", rd: "65001:101", addresses: [10.77.0.2\/24]}\nseries:/' "$work/$lab.yaml" >"$work/edited"
if ! cmp -s "$work/edited" "$work/$lab.yaml"; then
	mv "$work/edited" "$work/$lab.yaml"
	apply "$lab"
	# The kubelet looks at ConfigMaps about once a minute.
	for _ in {1..150}; do
		"$program" ps --kube "pw-$lab" | grep -qw late && break
		sleep 1
	done
	"$program" ps --kube "pw-$lab" | grep -qw late || die "the edit has not arrived"
	[ "$before" = "$(starts "$lab")" ] || die "the edit has restarted pods: $before, $(starts "$lab")"
	verified "$lab" "after an edit"
fi

kubectl drain kt-node2 --ignore-daemonsets --delete-emptydir-data --force >/dev/null 2>&1
for lab in $labs; do
	ready "$lab"
	verified "$lab" "after node 2 was drained"
done
kubectl uncordon kt-node2 >/dev/null

for lab in $labs; do kubectl delete namespace "pw-$lab" >/dev/null; done
for node in node1 node2 node3; do
	left=$("$cluster" node $node sh -c 'ls /proc/*/comm 2>/dev/null | xargs cat 2>/dev/null | grep -c "ovs-vswitchd\|pseudowan"' || true)
	[ "${left:-0}" = 0 ] || die "$node still runs $left processes of labs"
done
say "all deleted, nothing is left"
