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
