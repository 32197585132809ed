#!/bin/bash
# Labs on a real Kubernetes of three nodes: up, verified as on one server, a pod killed, a
# node drained, an edit applied, all deleted, nothing left. As root; the first time
# builds the cluster, which takes minutes.
#
#   test/k8s/test.sh PROGRAM IMAGE.tar [LAB...]
. "$(dirname "$0")/common.sh"
labs=${*:-pseudo-wan hub-spoke core ten}

start_cluster

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
nothing_left
