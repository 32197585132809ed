#!/bin/bash
# What fails on a real Kubernetes of three nodes, with lab core, whose customers at pe1 and
# pe4 reach each other by two ways: how long packets are lost, and how long it takes until
# all is as intended again. As root.
#
#   test/k8s/failures.sh PROGRAM IMAGE.tar
. "$(dirname "$0")/common.sh"

start_cluster
file core
apply core
ready core
verified core "fresh"

# back WHAT: waits until the lab is as intended, and says how long that took since $begin
back() {
	ready core >"$work/ready"
	verified core "$1" >/dev/null
	say "$1: $(outage) from b1 to b4; as intended again after $(since "$begin")"
}

pinging pe1 b1 10.4.0.2 40
begin=$EPOCHREALTIME
kubectl -n pw-core delete pod "$(pod p1)" --grace-period 0 --force >/dev/null 2>&1
back "a P router's pod is killed"

pinging pe1 b1 10.4.0.2 40
begin=$EPOCHREALTIME
kubectl -n pw-core delete pod "$(pod pe4)" --grace-period 0 --force >/dev/null 2>&1
back "the customer's own PE is killed"

pinging pe1 b1 10.4.0.2 40
begin=$EPOCHREALTIME
kubectl -n pw-core delete pod "$(pod p1)" >/dev/null
back "a P router's pod is deleted"

# A container that ends is started again in its pod, with what it has applied last.
pinging pe1 b1 10.4.0.2 40
begin=$EPOCHREALTIME
kubectl -n pw-core exec "$(pod p1)" -- sh -c 'kill -9 $(pgrep -fo ^/usr/local/bin/pseudowan)' >/dev/null 2>&1 || true
back "a P router's container ends"

# apart: the P router's node has neither of the PEs
apart() {
	node=$(on "$(pod p1)")
	kubectl cordon "kt-$node" >/dev/null
	for site in pe1 pe4; do
		[ "$(on "$(pod $site)")" != "$node" ] || kubectl -n pw-core delete pod "$(pod $site)" >/dev/null
	done
	ready core >/dev/null
	verified core "with P router p1 on another node than pe1 and pe4"
	kubectl uncordon "kt-$node" >/dev/null
}

apart
pinging pe1 b1 10.4.0.2 60
begin=$EPOCHREALTIME
kubectl drain "kt-$node" --ignore-daemonsets --delete-emptydir-data --force >/dev/null 2>&1
back "the P router's node is drained"
kubectl uncordon "kt-$node" >/dev/null

# The API server is away: nothing is scheduled or looked up there, and packets pass.
pinging pe1 b1 10.4.0.2 40
"$cluster" node control sh -c 'kill -STOP $(pgrep -x kube-apiserver)'
sleep 30
"$cluster" node control sh -c 'kill -CONT $(pgrep -x kube-apiserver)'
say "the API server is away for 30 s: $(outage) from b1 to b4"
verified core "after the API server was away"

# A ConfigMap that somebody has broken: the sites stay as they are, and say so.
broken() { kubectl -n pw-core logs "$(pod "$1")" --tail 5 | grep -q 'not as its file says'; }
before=$(starts core)
kubectl -n pw-core patch configmap core --type merge -p '{"data": {"lab.yaml": "name: core\nrouters: nonsense\n"}}' >/dev/null
begin=$EPOCHREALTIME
for _ in {1..120}; do
	broken pe1 && broken p1 && break
	sleep 1
done
broken pe1 || die "site pe1 does not say that its file is wrong"
[ "$before" = "$(starts core)" ] || die "a wrong file restarts pods"
"$program" events --kube pw-core | grep -q 'not as its file says' || die "the events do not say that the file is wrong"
verified core "with a broken ConfigMap, $(since "$begin") after it"

pinging pe1 b1 10.4.0.2 40
kubectl -n pw-core exec "$(pod p1)" -- sh -c 'kill -9 $(pgrep -fo ^/usr/local/bin/pseudowan)' >/dev/null 2>&1 || true
begin=$EPOCHREALTIME
back "a container ends while the ConfigMap is broken"

kubectl -n pw-core delete pod "$(pod p2)" --grace-period 0 --force >/dev/null 2>&1
for _ in {1..60}; do
	broken p2 2>/dev/null && break
	sleep 1
done
broken p2 || die "a new pod does not say that its file is wrong"
kubectl -n pw-core exec "$(pod pe1)" -- pseudowan exec b1 -- ping -c 1 -W 2 10.3.0.2 >/dev/null || die "the others do not forward"
say "a new pod waits for a ConfigMap that is right, and says so"
begin=$EPOCHREALTIME
apply core
ready core
verified core "with the ConfigMap mended, $(since "$begin") after it"

# A node without power: its pods stay where they are until somebody says that it is gone.
apart
pinging pe1 b1 10.4.0.2 40
begin=$EPOCHREALTIME
kill -9 "$(cat "$KT_DIR/$node/pid")"
lost=$(kubectl -n pw-core get pods -o jsonpath="{range .items[?(@.spec.nodeName=='kt-$node')]}{.metadata.labels.pseudowan\.site} {end}")
for _ in {1..120}; do
	kubectl get node "kt-$node" --no-headers | grep -q NotReady && break
	sleep 0.5
done
say "node $node without power takes sites $lost; Kubernetes notices after $(since "$begin")"
say "a P router's node without power: $(outage) from b1 to b4"
begin=$EPOCHREALTIME
kubectl taint node "kt-$node" node.kubernetes.io/out-of-service=nodeshutdown:NoExecute >/dev/null
ready core >/dev/null
verified core "sites of a node without power run elsewhere, $(since "$begin") after that was said of it"
"$cluster" up 3 >/dev/null
"$cluster" load "$image" "$node"
kubectl taint node "kt-$node" node.kubernetes.io/out-of-service- >/dev/null

kubectl delete namespace pw-core >/dev/null
nothing_left
