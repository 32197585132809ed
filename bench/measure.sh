# Sourced by the other scripts here: times, medians, and the table that they print.
# shellcheck shell=sh

# The program to measure.
PSEUDOWAN=${PSEUDOWAN:-$(cd "$(dirname "$0")/.." && pwd)/bin/pseudowan}
# How often each thing is measured.
RUNS=${RUNS:-5}

work=$(mktemp -d /var/tmp/pseudowan-bench.XXXXXX)

need_root() {
	[ "$(id -u)" -eq 0 ] || {
		echo "this needs root" >&2
		exit 1
	}
	[ -x "$PSEUDOWAN" ] || {
		echo "$PSEUDOWAN does not exist; run make, or set PSEUDOWAN" >&2
		exit 1
	}
}

# at_end COMMAND runs the command when the script ends, whatever ends it.
at_end() {
	# shellcheck disable=SC2064
	trap "$1" EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM
}

# remove LAB takes the lab down, and removes what was written here.
remove() {
	"$PSEUDOWAN" down "$1" >"$work/out" 2>&1 || true
	rm -rf "$work"
}

# full_lab NAME PES HOSTS [RUNTIME] prints a lab with a reflector, and so many hosts at
# each PE, in as many VRFs.
full_lab() {
	awk -v name="$1" -v n="$2" -v hosts="$3" -v runtime="${4-}" 'BEGIN {
		print "name: " name "\ndefaults: {router: {as: 65000}}\nrouters:\n  rr: {}"
		for (i = 1; i <= n; i++) print "  pe" i ": {}"
		if (runtime) print "runtime: " runtime
		print "links:\n- subnets: [192.168.0.0/22]\n  ends:\n    rr:eth1: {bgp: {route-reflector: true}}"
		for (i = 1; i <= n; i++) print "    pe" i ":eth1: {}"
		print "vrfs:"
		for (v = 1; v <= 10; v++) print "  v" v ": {rts: \"65000:" v "\"}"
		if (hosts) print "hosts:"
		for (i = 1; i <= n; i++) for (v = 1; v <= hosts; v++)
			print "  h" i "-" v ": {to: pe" i ", vrf: v" v ", addresses: [10." v "." i ".2/24]}"
	}'
}

# need COMMAND...
need() {
	for command in "$@"; do
		command -v "$command" >/dev/null || {
			echo "$command is not installed" >&2
			exit 1
		}
	done
}

# lab NAME writes pseudo-wan under another name, so that it does not collide with a
# user's lab, and prints the file's name.
lab() {
	"$PSEUDOWAN" labs show pseudo-wan | sed "s/^name: .*/name: $1/; s/^node-prefix: .*/node-prefix: $1-/" >"$work/$1.yaml"
	echo "$work/$1.yaml"
}

# record NAME COMMAND... runs the command and adds its milliseconds to NAME's.
record() {
	name=$1
	shift
	began=$(date +%s%N)
	"$@" >"$work/out" 2>&1 || {
		cat "$work/out" >&2
		echo "$name failed: $*" >&2
		exit 1
	}
	note "$name" $((($(date +%s%N) - began) / 1000000))
}

# note NAME VALUE adds a value to NAME's.
note() {
	echo "$2" >>"$work/$1.values"
}

# median NAME prints the median of NAME's values.
median() {
	sort -g "$work/$1.values" | awk '{ v[NR] = $1 } END { print NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'
}

# compare WHAT UNIT NAME BASELINE prints a line of the table.
compare() {
	awk -v what="$1" -v unit="$2" -v ours="$(median "$3")" -v base="$(median "$4")" \
		'BEGIN { printf "%-32s %10.2f %-7s %10.2f %-7s %6.2f\n", what, ours, unit, base, unit, ours / base }'
}

heading() {
	printf '%-32s %18s %18s %6s\n' "median of $RUNS" pseudowan "$1" ratio
}

# switch_up NAMESPACE DIRECTORY starts an Open vSwitch with a bridge in a namespace.
switch_up() {
	rm -rf "$2"
	mkdir "$2"
	db=unix:$2/db.sock
	export OVS_RUNDIR="$2" OVS_LOGDIR="$2"
	ovsdb-tool create "$2/conf.db" /usr/share/openvswitch/vswitch.ovsschema
	ip netns exec "$1" ovsdb-server --detach --pidfile="$2/db.pid" --remote="punix:$2/db.sock" "$2/conf.db"
	ovs-vsctl --db="$db" --no-wait init
	ip netns exec "$1" ovs-vswitchd --detach --pidfile="$2/switch.pid" --log-file=/dev/null "$db"
	ovs-vsctl --db="$db" add-br br0 -- set bridge br0 datapath_type=netdev fail_mode=secure
}

# switches_down DIRECTORY... kills the switches, and returns when their processes are gone.
switches_down() {
	pids=
	for dir in "$@"; do pids="$pids $(cat "$dir"/*.pid)"; done
	# shellcheck disable=SC2086
	kill -KILL $pids
	for pid in $pids; do
		while [ -d "/proc/$pid" ]; do sleep 0.005; done
	done
	rm -rf "$@"
}

# removed COMMAND... runs a command that deletes namespaces, and returns when the kernel
# has removed them, which it does in the background, in the order in which they are
# deleted: a last one takes an interface of ours with it.
removed() {
	"$@"
	ip netns add pwlast$$
	ip link add pwlast$$ type veth peer name eth0 netns pwlast$$
	ip netns del pwlast$$
	while ip link show pwlast$$ >/dev/null 2>&1; do sleep 0.005; done
}
