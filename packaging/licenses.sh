#!/bin/sh
# Prints the licences of every module that the program contains, which must
# accompany each copy. The working directory must be the checkout.
set -eu

# shellcheck disable=SC2016
format='{{with .Module}}{{if not .Main}}{{.Path}} {{.Version}} {{.Dir}}{{end}}{{end}}'
${GO:-go} list -deps -f "$format" ./cmd/pseudowan | LC_ALL=C sort -u | while read -r module version dir; do
	found=
	for file in "$dir"/LICENSE* "$dir"/LICENCE* "$dir"/COPYING* "$dir"/NOTICE*; do
		[ -f "$file" ] || continue
		found=yes
		printf '\n==== %s %s: %s\n\n' "$module" "$version" "${file##*/}"
		cat "$file"
	done
	if [ -z "$found" ]; then
		echo "no licence in $module $version" >&2
		exit 1
	fi
done
