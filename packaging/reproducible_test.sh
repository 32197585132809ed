#!/bin/sh
# Proves that a release depends on the commit alone: two clones in directories of
# different names, each with an empty build cache, give the same files. It also
# proves that the programs are static.
set -eu

source=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d /var/tmp/pseudowan-release.XXXXXX)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

git -c safe.directory='*' clone -q --bare "$source" "$work/source"
for clone in one/short two/with/a-longer-name; do
	git clone -q "$work/source" "$work/$clone"
	(cd "$work/$clone" && GOCACHE=$work/cache make -s release)
	rm -rf "$work/cache"
done
cat "$work/one/short/bin/release/SHA256SUMS"
diff -r "$work/one/short/bin/release" "$work/two/with/a-longer-name/bin/release"
for program in "$work"/one/short/bin/release/pseudowan_*_linux_*; do
	file -b "$program" | grep -q 'statically linked' || {
		echo "$program is not static" >&2
		exit 1
	}
done
echo "the release is reproducible and static"
