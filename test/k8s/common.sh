# What the tests on Kubernetes have in common; sourced, with the program and the image as
# the first arguments.
set -euo pipefail
program=$(realpath "$1") image=$(realpath "$2")
shift 2
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cluster=$here/cluster/kube-up.sh
export KT_DIR=${KT_DIR:-$here/cluster/run}
work=$(mktemp -d)

say() { printf '%(%T)T %s\n' -1 "$*"; }

die() {
	say "FAILED: $*" >&2
	exit 1
}

clean_up() {
	"$cluster" down
	rm -rf "$work"
}
trap clean_up EXIT

start_cluster() {
	local settings
	settings=$("$cluster" up 3)
	eval "$settings"
	"$cluster" load "$image"
	for node in node1 node2 node3; do footprint $node >"$work/before.$node"; done
	say "the cluster is up"
}

# footprint NODE: what labs could leave there
footprint() {
	"$cluster" node "$1" sh -c 'cat /proc/[0-9]*/comm 2>/dev/null | grep "ovs\|pseudowan\|tini" | sort | uniq -c
		ip -o link | wc -l; grep -c . /proc/mounts; nft list tables; ls /run/netns 2>/dev/null; ls /var/lib/pseudowan 2>/dev/null; ls /run/pseudowan 2>/dev/null; true'
}

# nothing_left: every node is as before the labs
nothing_left() {
	for node in node1 node2 node3; do
		for _ in {1..60}; do
			footprint $node >"$work/after.$node"
			cmp -s "$work/before.$node" "$work/after.$node" && break
			sleep 1
		done
		diff "$work/before.$node" "$work/after.$node" || die "$node is not as before the labs"
	done
	say "all deleted, nothing is left"
}

# ten [N]: a lab of ten sites, or N, in a random graph: a tree, and half as many more links
ten() {
	local n=0 i a b sites=${1:-10}
	RANDOM=${SEED:-1}
	echo "name: ten"
	echo "routers:"
	for ((i = 1; i <= sites; i++)); do echo "  r$i: {as: 65000, id: 10.0.0.$i}"; done
	echo "links:"
	wire() {
		n=$((n + 1))
		echo "- {ends: {r$1:eth$n: {address: 172.16.$n.1/30}, r$2:eth$n: {address: 172.16.$n.2/30}}, metric: $((RANDOM % 20 + 1))}"
	}
	for ((i = 2; i <= sites; i++)); do wire "$i" $((RANDOM % (i - 1) + 1)); done
	for ((i = 0; i < sites / 2; i++)); do
		a=$((RANDOM % sites + 1)) b=$((RANDOM % (sites - 1) + 1))
		wire $a $((b < a ? b : b + 1))
	done
	echo "core: {transport: labeled-unicast, reflectors: [r1]}"
	echo 'vrfs: {red: {rd: "65000:1", rts: "65000:1"}, blue: {rd: "65000:2", rts: "65000:2"}}'
	echo "hosts:"
	for ((i = 1; i <= sites; i++)); do
		echo "  red$i: {to: r$i, vrf: red, addresses: [10.$i.0.2/24]}"
		echo "  blue$i: {to: r$i, vrf: blue, addresses: [10.$((sites + 1 - i)).0.2/24]}"
	done
}

# file LAB: a lab of the catalogue, or ours
file() {
	if [ "$1" = ten ]; then ten; else "$program" labs show "$1"; fi >"$work/$1.yaml"
}

apply() { "$program" k8s render "$work/$1.yaml" | kubectl apply -f - >/dev/null; }

# pod SITE: of lab core
pod() { echo "core-$1-0"; }

# on POD: the node of a pod, as the cluster's script calls it
on() { kubectl -n pw-core get pod "$1" -o jsonpath='{.spec.nodeName}' | sed 's/^kt-//'; }

# since SECONDS.FRACTION: how long ago that was
since() { awk -v a="$1" -v b="$EPOCHREALTIME" 'BEGIN { printf "%.1f s", b - a }'; }

# pinging SITE HOST ADDRESS SECONDS: ten packets a second in the background, into $work/ping
pinging() {
	rm -f "$work/ping"
	kubectl -n pw-core exec "$(pod "$1")" -- pseudowan exec "$2" -- timeout "$4" ping -n -D -O -i 0.1 "$3" >"$work/ping" 2>&1 &
	pinger=$!
	until grep -qs 'bytes from' "$work/ping"; do sleep 0.1; done
}

# outage: how long there was no answer; ends pinging
outage() {
	wait $pinger || true
	awk '/^\[/ { t = substr($1, 2) + 0 }
		/bytes from/ { if (last && t - last > 0.3) { printf "%s%.1f s", n++ ? " and " : "without an answer for ", t - last }; last = t }
		END { if (t - last > 0.3) { printf "no answer for the last %.1f s", t - last } else if (!n) printf "no answer is missing" }' "$work/ping"
}

start_cluster() {
	local settings
	settings=$("$cluster" up 3)
	eval "$settings"
	"$cluster" load "$image"
	for node in node1 node2 node3; do footprint $node >"$work/before.$node"; done
	say "the cluster is up"
}

# footprint NODE: what labs could leave there
footprint() {
	"$cluster" node "$1" sh -c 'cat /proc/[0-9]*/comm 2>/dev/null | grep "ovs\|pseudowan\|tini" | sort | uniq -c
		ip -o link | wc -l; grep -c . /proc/mounts; nft list tables; ls /run/netns 2>/dev/null; ls /var/lib/pseudowan 2>/dev/null; ls /run/pseudowan 2>/dev/null; true'
}

# nothing_left: every node is as before the labs
nothing_left() {
	for node in node1 node2 node3; do
		for _ in {1..60}; do
			footprint $node >"$work/after.$node"
			cmp -s "$work/before.$node" "$work/after.$node" && break
			sleep 1
		done
		diff "$work/before.$node" "$work/after.$node" || die "$node is not as before the labs"
	done
	say "all deleted, nothing is left"
}

# ten [N]: a lab of ten sites, or N, in a random graph: a tree, and half as many more links
ten() {
	local n=0 i a b sites=${1:-10}
	RANDOM=${SEED:-1}
	echo "name: ten"
	echo "routers:"
	for ((i = 1; i <= sites; i++)); do echo "  r$i: {as: 65000, id: 10.0.0.$i}"; done
	echo "links:"
	wire() {
		n=$((n + 1))
		echo "- {ends: {r$1:eth$n: {address: 172.16.$n.1/30}, r$2:eth$n: {address: 172.16.$n.2/30}}, metric: $((RANDOM % 20 + 1))}"
	}
	for ((i = 2; i <= sites; i++)); do wire "$i" $((RANDOM % (i - 1) + 1)); done
	for ((i = 0; i < sites / 2; i++)); do
		a=$((RANDOM % sites + 1)) b=$((RANDOM % (sites - 1) + 1))
		wire $a $((b < a ? b : b + 1))
	done
	echo "core: {transport: labeled-unicast, reflectors: [r1]}"
	echo 'vrfs: {red: {rd: "65000:1", rts: "65000:1"}, blue: {rd: "65000:2", rts: "65000:2"}}'
	echo "hosts:"
	for ((i = 1; i <= sites; i++)); do
		echo "  red$i: {to: r$i, vrf: red, addresses: [10.$i.0.2/24]}"
		echo "  blue$i: {to: r$i, vrf: blue, addresses: [10.$((sites + 1 - i)).0.2/24]}"
	done
}

# file LAB: a lab of the catalogue, or ours
file() {
	if [ "$1" = ten ]; then ten; else "$program" labs show "$1"; fi >"$work/$1.yaml"
}

apply() { "$program" k8s render "$work/$1.yaml" | kubectl apply -f - >/dev/null; }

# pod SITE: of lab core
pod() { echo "core-$1-0"; }

# on POD: the node of a pod, as the cluster's script calls it
on() { kubectl -n pw-core get pod "$1" -o jsonpath='{.spec.nodeName}' | sed 's/^kt-//'; }

# since SECONDS.FRACTION: how long ago that was
since() { awk -v a="$1" -v b="$EPOCHREALTIME" 'BEGIN { printf "%.1f s", b - a }'; }

# pinging FROM HOST ADDRESS SECONDS: ten packets a second in the background, into $work/ping
pinging() {
	kubectl -n pw-core exec "$(pod "$1")" -- pseudowan exec "$2" -- ping -n -D -O -i 0.1 -w "$4" "$3" >"$work/ping" 2>&1 &
	pinger=$!
	until grep -q 'bytes from' "$work/ping"; do sleep 0.1; done
}

# outage: how long there was no answer; ends pinging
outage() {
	wait $pinger || true
	awk '/bytes from/ { t = substr($1, 2) + 0; if (last && t - last > 0.3) { printf "%s%.1f s", n++ ? " and " : "without an answer for ", t - last }; last = t }
		END { if (!n) printf "no answer is missing" }' "$work/ping"
}

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
		kubectl -n "pw-$1" get pods -o wide >&2
		kubectl -n "pw-$1" logs --tail 20 --selector app.kubernetes.io/name=pseudowan --prefix >&2
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
	cat "$work/verify" >&2
	die "lab $1, $2: verify finds differences"
}

# starts LAB: which pods there are, and how often they were started
starts() { kubectl -n "pw-$1" get pods -o jsonpath='{range .items[*]}{.metadata.name} {.metadata.uid} {.status.containerStatuses[0].restartCount}{"\n"}{end}' | sort; }

