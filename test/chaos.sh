#!/bin/sh
# Attacks running labs, one series after another, as root:
#
#   test/chaos.sh [TIME] [SERIES...]
#
# TIME is the duration of each series, 10m by default (an hour in all); SERIES are
# some of edits, kill, docker, noise, bgp and files. The same series run briefly with
# the other tests.
#
#   edits  random edits of a running lab, which must equal a fresh one each time
#   kill   processes of a lab and commands on it are killed at any moment
#   docker commands on a lab with containers are killed at any moment
#   noise  a customer sends whatever it likes, and no other notices
#   bgp    peers and customers send octets that are not BGP
#   files  hostile lab files: refused by validate, or up and as intended
#
# PSEUDOWAN_SEED is the first seed of a series that has seeds.
set -u

time=${1:-10m}
[ $# -eq 0 ] || shift
[ $# -gt 0 ] || set -- edits kill docker noise bgp files

cd "$(dirname "$0")/.." || exit 1
export CGO_ENABLED=0 PSEUDOWAN_CHAOS="$time"
failed=
for series in "$@"; do
	case $series in
	edits) name=Edits ;; kill) name=Kill ;; docker) name=Docker ;; noise) name=Noise ;; bgp) name=BGP ;; files) name=Files ;;
	*)
		echo "chaos.sh: there is no series $series; see the head of $0" >&2
		exit 2
		;;
	esac
	echo "== $series, $time"
	${GO:-go} test -count=1 -timeout 24h -v -run "^TestRealChaos$name\$" ./test/lab || failed="$failed $series"
done
if [ -n "$failed" ]; then
	echo "failed:$failed"
	exit 1
fi
echo "all series passed: $*"
