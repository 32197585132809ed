#!/bin/sh
# Makes a Debian package:
#
#   packaging/deb.sh ARCH PROGRAM DIRECTORY
#
# PROGRAM, built for ARCH, goes into a package in DIRECTORY. bin/pseudowan, built
# for this machine, prints the completions and man pages. VERSION is the output of git
# describe, SOURCE_DATE_EPOCH the date of every file in the package. The
# working directory must be the checkout.
set -eu

ARCH=$1
program=$2
out=$3
go=${GO:-go}
export SOURCE_DATE_EPOCH ARCH VERSION

if [ -z "${VERSION-}" ] || [ -z "${SOURCE_DATE_EPOCH-}" ]; then
	echo "a package needs a version: make it from a git checkout, or give VERSION and SOURCE_DATE_EPOCH" >&2
	exit 1
fi

# Debian's versions begin with a digit, and "-" has a meaning there. A commit
# before the first tag sorts before every release, by time.
case $VERSION in
v[0-9]*) VERSION=$(echo "${VERSION#v}" | sed 's/-/+/; s/-/./g') ;;
*) VERSION=0~$(date -u -d "@$SOURCE_DATE_EPOCH" +%Y%m%d%H%M).$(echo "$VERSION" | tr - .) ;;
esac

umask 022
STAGE=$(mktemp -d)
chmod 755 "$STAGE" # it becomes / of the package
trap 'rm -rf "$STAGE"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
export STAGE

# put MODE DIRECTORY FILE... copies files, whatever their modes in the checkout.
put() {
	mode=$1
	shift
	install -D -m "$mode" -t "$@"
}

share=$STAGE/usr/share
doc=$share/doc/pseudowan
mkdir -p "$STAGE/etc/pseudowan" "$share/bash-completion/completions" "$share/zsh/vendor-completions" \
	"$share/fish/vendor_completions.d" "$share/man/man1"
install -D -m 755 "$program" "$STAGE/usr/bin/pseudowan"
put 644 "$STAGE/usr/lib/systemd/system" packaging/pseudowan@.service
put 644 "$doc" *.md packaging/copyright
put 644 "$doc/docs" docs/*.md docs/*.txt docs/*.yml
put 644 "$doc/docs/pictures" docs/pictures/*.svg
put 644 "$doc/examples" labs/catalog/*.yaml
install -D -m 644 packaging/lintian-overrides "$share/lintian/overrides/pseudowan"
bin/pseudowan completion bash >"$share/bash-completion/completions/pseudowan"
bin/pseudowan completion zsh >"$share/zsh/vendor-completions/_pseudowan"
bin/pseudowan completion fish >"$share/fish/vendor_completions.d/pseudowan.fish"
bin/pseudowan man "$share/man/man1" >/dev/null
gzip -9n "$share"/man/man1/*
sh packaging/licenses.sh | gzip -9n >"$doc/third-party-licenses.gz"
gzip -9n >"$doc/changelog.gz" <<END
pseudowan ($VERSION) unstable; urgency=medium

  * See CHANGELOG.md for what this version brings.

 -- pseudowan maintainers <maintainers@pseudowan.invalid>  $(LC_ALL=C date -u -R -d "@$SOURCE_DATE_EPOCH")
END

mkdir -p "$out"
"$go" tool -modfile=packaging/tools/go.mod nfpm package --config packaging/nfpm.yaml --packager deb --target "$out"
