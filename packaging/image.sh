#!/bin/sh
# Builds the image of a pod that runs a site: this program and what its labs call, from
# Debian's packages, which are unpacked, not installed. No registry and no container
# engine is needed. The result is for docker load, ctr import, kind load image-archive:
#
#   sh packaging/image.sh PROGRAM NAME:TAG FILE.tar
set -eu
program=$1 name=$2 out=$3
suite=bookworm
# By default, packages come from this machine's own sources.
mirror=${PSEUDOWAN_DEBIAN_MIRROR:-$(apt-get indextargets --format '$(REPO_URI)' "Codename: $suite" 'Created-By: Packages' | head -n 1)}

# tini is the first process: it reaps what the lab's processes leave.
packages="base-files bash busybox-static coreutils dash ethtool grep hostname iperf3 iproute2
iputils-ping mount nftables openvswitch-switch procps sed tcpdump tini traceroute util-linux"

die() {
	printf 'image: %s\n' "$*" >&2
	exit 1
}

[ -n "$mirror" ] || die "this machine has no package source for $suite: name one in PSEUDOWAN_DEBIAN_MIRROR"
command -v mmdebstrap >/dev/null || die "no mmdebstrap: apt-get install mmdebstrap"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
root=$work/root
mkdir "$root"
printf 'deb %s %s main\n' "$mirror" "$suite" |
	mmdebstrap --quiet --mode=root --variant=extract \
		--aptopt='APT::Install-Recommends "false"' \
		--include="$(printf %s "$packages" | tr " \n" ,)" \
		--setup-hook='for d in bin sbin lib lib64; do mkdir -p "$1/usr/$d"; ln -s "usr/$d" "$1/$d"; done' \
		"$suite" "$root" -

# What the packages' scripts would have done.
ln -s ../lib/openvswitch-switch/ovs-vswitchd "$root/usr/sbin/ovs-vswitchd"
ln -s traceroute.db "$root/usr/bin/traceroute"
printf 'root:x:0:0::/root:/bin/sh\ntcpdump:x:101:101::/nonexistent:/bin/sh\nnobody:x:65534:65534::/nonexistent:/bin/sh\n' >"$root/etc/passwd"
printf 'root:x:0:\ntcpdump:x:101:\nnogroup:x:65534:\n' >"$root/etc/group"
echo 'hosts: files dns' >"$root/etc/nsswitch.conf"

# Where a read-only root has volumes, or mounts of hosts.
mkdir -p "$root/etc/pseudowan" "$root/etc/netns" "$root/var/lib/pseudowan" "$root/run" "$root/tmp" "$root/root"
rm -rf "$root"/usr/share/man "$root"/usr/share/info "$root"/usr/share/locale "$root"/usr/share/perl* \
	"$root"/usr/lib/python3* "$root"/usr/bin/python3* "$root"/usr/bin/perl* "$root"/var/cache "$root"/var/lib/apt
install -D -m 755 "$program" "$root/usr/local/bin/pseudowan"

date=@${SOURCE_DATE_EPOCH:-0}
pack() { tar --sort=name --mtime="$date" --owner=0 --group=0 --numeric-owner "$@"; }

pack -C "$root" -cf "$work/layer.tar" .
cat >"$work/config.json" <<END
{"architecture": "$(dpkg --print-architecture)", "os": "linux",
"config": {"Entrypoint": ["/usr/bin/tini", "--", "/usr/local/bin/pseudowan"], "Cmd": ["--help"],
"Env": ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"],
"Labels": {"org.opencontainers.image.title": "pseudowan", "org.opencontainers.image.description": "A site of an MPLS L3VPN lab"}},
"rootfs": {"type": "layers", "diff_ids": ["sha256:$(sha256sum "$work/layer.tar" | cut -d ' ' -f 1)"]}}
END
printf '[{"Config": "config.json", "RepoTags": ["%s"], "Layers": ["layer.tar"]}]\n' "$name" >"$work/manifest.json"
mkdir -p "$(dirname "$out")"
pack -C "$work" -cf "$out" manifest.json config.json layer.tar
