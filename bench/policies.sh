#!/bin/sh
# What policies cost: 10,000 routes of a customer cross a session whose routes pass 100
# policies out and 100 policies in, compared with the same lab without policies. Every
# policy has three terms, of which most match nothing, and passes every route on.
#
#   sudo RUNS=3 sh bench/policies.sh
set -eu

RUNS=${RUNS:-3}
POLICIES=${POLICIES:-100}
ROUTES=${ROUTES:-10000}
# shellcheck source=bench/measure.sh
. "$(dirname "$0")/measure.sh"
need_root

prefix=pwb$$

at_end "remove $prefix"

# policies MED prints the policies. The last one sets the MED.
policies() {
	awk -v n="$POLICIES" -v med="$1" 'BEGIN {
		print "prefix-lists:"
		for (i = 1; i <= n; i++) {
			printf "  list%d: [", i
			for (k = 0; k < 20; k++) printf "%s172.%d.%d.0/24 le 32", k ? ", " : "", 16 + i % 16, k
			print "]"
		}
		print "policies:"
		for (i = 1; i <= n; i++) {
			printf "  p%d:\n", i
			printf "  - {match: {prefixes: list%d}, then: reject}\n", i
			printf "  - {match: {communities: \"65001:%d\", as-path: \"_%d_\"}, set: {med: 1}, then: next}\n", i, 64512 + i
			printf "  - {set: {communities: {add: \"65001:7\"}, med: %d}, then: next}\n", i < n ? 5 : med
		}
	}'
}

# names prints the policies of one direction.
names() { seq "$POLICIES" | sed 's/^/p/' | paste -sd , -; }

routes() { awk -v n="$ROUTES" 'BEGIN { for (i = 0; i < n; i++) printf "%s20.%d.%d.0/24", i ? ", " : "", i / 250, i % 250 }'; }

# write FILE BGP ANNOUNCED [MED]: with a MED, with policies.
write() {
	cat >"$work/$1.yaml" <<END
name: $prefix
node-prefix: $prefix-
routers:
  pe1: {as: 65001, id: 10.10.10.1}
  pe2: {as: 65002, id: 10.10.10.2}
links:
- {ends: {pe1:eth1: {address: 192.168.0.1/30}, pe2:eth1: {address: 192.168.0.2/30}}, bgp: {$2}}
vrfs: {red: {rts: "65001:1"}}
hosts:
  a: {to: pe1, vrf: red, addresses: [10.1.0.2/24], announce: [$3]}
  b: {to: pe2, vrf: red, addresses: [10.2.0.2/24]}
END
	[ -z "${4-}" ] || policies "$4" >>"$work/$1.yaml"
}

with="import-policy: [$(names)], export-policy: [$(names)]"
write few '' 30.0.0.0/8
write many '' "$(routes)"
write few-policies "$with" 30.0.0.0/8 6
write many-policies "$with" "$(routes)" 6
write edited-policies "$with" "$(routes)" 8
write few-edited "$with" 30.0.0.0/8 8

up() { "$PSEUDOWAN" up "$work/$1.yaml" --runtime netns; }

for _ in $(seq "$RUNS"); do
	for kind in '' -policies; do
		record "few$kind" up "few$kind"
		record "routes$kind" up "many$kind"
		back=few
		if [ -n "$kind" ]; then
			record edit up edited-policies
			back=few-edited
		fi
		record "back$kind" up "$back"
		record "down$kind" "$PSEUDOWAN" down "$prefix"
		record "fresh$kind" up "many$kind"
		record "down$kind" "$PSEUDOWAN" down "$prefix"
	done
done
heading "no policies"
compare "up with $ROUTES routes" ms fresh-policies fresh
compare "up adds $ROUTES routes" ms routes-policies routes
compare "up removes them" ms back-policies back
compare "up edits a policy (to: adds)" ms edit routes
