#!/bin/sh
# Draws the curves of docs/scale.md from the measurements in bench/results.
set -eu
cd "$(dirname "$0")/.."

draw() { awk -v title="$2" -v x="$3" -v y="$4" -f bench/curve.awk "bench/results/$1.tsv" >"docs/curves/$1.svg"; }

mkdir -p docs/curves
draw up 'up, converged: PEs on one core LAN' 'PEs' 'seconds'
draw routes 'VPN routes received and in Open vSwitch' 'routes' 'seconds'
draw ports 'round trip by ports of a netdev router' 'ports' 'milliseconds'
