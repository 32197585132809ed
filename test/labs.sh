#!/bin/sh
# Runs ready labs, as root, each on a server of its own (namespaces), as many at once
# as there are processors:
#
#   test/labs.sh [LAB...]      all by default
#
# A lab comes up, is verified, what its file suggests is tried, and it goes down; with
# containers, too, if it may have them and there is a Docker daemon's program. Then the
# tests run that its page in docs/labs names. Logs are in bin/labs.
set -eu
cd "$(dirname "$0")/.."
root=$(pwd)
out=$root/bin/labs
export CGO_ENABLED=0 PSEUDOWAN_LABS=all

# one LAB runs one lab in this process's namespaces.
one() {
	mount --make-rprivate /
	mount -t tmpfs -o mode=755 tmpfs /run
	mount -t tmpfs -o mode=755 tmpfs /var/lib
	mkdir /run/cgroup
	mount --rbind /sys/fs/cgroup /run/cgroup
	mount -t sysfs sysfs /sys 2>/dev/null || true
	mount --rbind /run/cgroup /sys/fs/cgroup
	ip link set lo up
	page=docs/labs/$1.md
	tests=
	[ ! -e "$page" ] || tests=$(sed -n '/^## How it is tested/,$p' "$page" | grep -o 'TestReal[A-Za-z0-9]*' | grep -v '^TestRealCatalogueIsAsIntended$' | sort -u | tr '\n' '|')
	cd test/lab
	exec "$out/lab.test" -test.v -test.timeout 20m -test.run "^TestRealCatalogueIsAsIntended\$/^($1)\$|^(${tests}none)\$"
}

# run LAB runs one lab, and prints how it went.
run() {
	begin=$(date +%s)
	code=0
	unshare --mount --net --uts --ipc --pid --fork --kill-child --mount-proc sh "$root/test/labs.sh" --one "$1" >"$out/$1.log" 2>&1 || code=$?
	echo "$code" >"$out/$1.code"
	passed=$(grep -c '^--- PASS: TestReal[^/]*$' "$out/$1.log" || true)
	skipped=$(grep -c '^ *--- SKIP' "$out/$1.log" || true)
	verdict=ok
	[ "$code" = 0 ] || verdict=FAILED
	printf '%-18s %-6s %4s s  %2s tests' "$1" "$verdict" "$(($(date +%s) - begin))" "$passed"
	[ "$skipped" = 0 ] || printf ', %s skipped' "$skipped"
	printf '\n'
	sed -n "s/^.*: lab $1 \(netns\|docker\)/  \1:/p" "$out/$1.log"
}

case ${1-} in
--one) one "$2" ;;
--run) run "$2"; exit ;;
esac

[ "$(id -u)" -eq 0 ] || { echo "labs.sh: this needs root" >&2; exit 2; }
all=$(cd labs/catalog && ls ./*.yaml | sed 's|^\./||; s|\.yaml$||')
[ $# -gt 0 ] || set -- $all
for lab in "$@"; do
	[ -e "labs/catalog/$lab.yaml" ] || { echo "labs.sh: there is no ready lab $lab; there are: $(echo $all)" >&2; exit 2; }
done
mkdir -p "$out"
rm -f "$out"/*.log "$out"/*.code
begin=$(date +%s)
${GO:-go} build -buildvcs=false -o "$out/pseudowan" ./cmd/pseudowan
${GO:-go} test -c -o "$out/lab.test" ./test/lab
export PSEUDOWAN_BINARY="$out/pseudowan"
printf '%s\n' "$@" | xargs -P "${JOBS:-$(nproc)}" -I '{}' sh "$root/test/labs.sh" --run '{}' || true
failed=
for lab in "$@"; do
	[ "$(cat "$out/$lab.code" 2>/dev/null)" = 0 ] || failed="$failed $lab"
done
echo "labs: $# in $(($(date +%s) - begin)) s; logs in bin/labs"
if [ -n "$failed" ]; then
	echo "failed:$failed"
	exit 1
fi
