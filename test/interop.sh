#!/bin/sh
# Runs the tests against software that is not ours, as root, and writes
# docs/interop.md:
#
#   test/interop.sh          all of them, twenty minutes
#   test/interop.sh vm       those of FRR on Linux's MPLS in a virtual machine; writes nothing
#
# What the tests say is in bin/interop.log.
set -eu
cd "$(dirname "$0")/.."
GO=${GO:-go}
export CGO_ENABLED=0
mkdir -p bin

if [ "${1-}" = vm ]; then
	export PSEUDOWAN_INTEROP=vm
	exec "$GO" test -count=1 -timeout 30m -v -run '^TestReal(VM|VMCore|OtherEnd)$' ./test/interop
fi

export PSEUDOWAN_INTEROP=all
cases="HostilePeers|RepairedUpdates|RandomHostility|KeptBack|PassedAttributes|NoHoldTime|Limits|CutOff|StaleRoutesGo"
cases="$cases|NotificationsAreNotAnswered|WordsOfThePeer|Packing"
"$GO" build -o bin/interop-report ./test/interop/report
# The report says what has failed.
{
	"$GO" test -count=1 -timeout 1h -json ./test/interop || :
	"$GO" test -count=1 -timeout 30m -json -run '^TestReal(NIC|CustomersBGP|CustomerFRR|CustomerRules|ChaosBGP)$' ./test/lab || :
	"$GO" test -count=1 -timeout 10m -json ./bgp/gate || :
	"$GO" test -count=1 -timeout 30m -json -run "^Test(Real($cases)|Mutations|AcrossAS)\$" ./bgp || :
} >bin/interop.json
sed -n 's/^.*"Action":"output".*"Output":"\(.*\)"}$/\1/p' bin/interop.json | sed 's/\\n$//; s/\\t/\t/g; s/\\"/"/g; s/\\u003e/>/g; s/\\u003c/</g; s/\\u0026/\&/g' >bin/interop.log
bin/interop-report <bin/interop.json >bin/interop.md
mv bin/interop.md docs/interop.md
