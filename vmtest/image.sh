#!/bin/sh
# Builds the test VM's kernel and root from Debian's packages, or finds those already
# built from the same inputs, and prints their directory:
#
#   vmlinuz     the kernel
#   root.cpio   an initramfs: programs and modules
#
# The packages are unpacked, not installed: nothing in them runs here. It needs root
# only to set the owners of the files.
set -eu
cd "$(dirname "$0")"

cache=../.cache/vmtest
suite=bookworm
# By default, packages come from this machine's own sources.
mirror=${PSEUDOWAN_DEBIAN_MIRROR:-$(apt-get indextargets --format '$(REPO_URI)' "Codename: $suite" 'Created-By: Packages' | head -n 1)}

# The programs that the tests and pseudowan call, and the shell that starts them.
packages="base-files bash bird2 busybox-static coreutils dash ethtool frr gobgpd
grep hostname iperf3 iproute2 iputils-ping kmod linux-image-amd64 mount
openvswitch-switch procps sed tcpdump traceroute tshark util-linux"

# Modules that the kernel of a server has and that of a bare test machine may lack. depmod
# and modprobe find their dependencies.
modules="e1000 virtio_net virtio_pci openvswitch veth tun bridge dummy vrf
mpls_router mpls_iptunnel 8021q macvlan sch_netem sch_tbf sch_htb sch_ingress cls_matchall act_police overlay"

say() { printf 'vmtest: %s\n' "$*" >&2; }

die() {
	say "$*"
	exit 1
}

[ -n "$mirror" ] || die "this machine has no package source for $suite: name one in PSEUDOWAN_DEBIAN_MIRROR"

# want COMMAND PACKAGE
want() {
	command -v "$1" >/dev/null || die "no $1: apt-get install $2"
}

# unpack DIRECTORY
unpack() {
	printf 'deb %s %s main\n' "$mirror" "$suite" |
		mmdebstrap --quiet --mode=root --variant=extract \
			--aptopt='APT::Install-Recommends "false"' \
			--include="$(printf %s "$packages" | tr " \n" ,)" \
			--setup-hook='for d in bin sbin lib lib64; do mkdir -p "$1/usr/$d"; ln -s "usr/$d" "$1/$d"; done' \
			"$suite" "$1" -
}

# finish ROOT does what the packages' scripts would have done.
finish() {
	echo 'hosts: files' >"$1/etc/nsswitch.conf"
	for user in root:0 tcpdump:101 bird:102 frr:103 frrvty:104 nobody:65534; do
		id=${user#*:}
		echo "${user%:*}:x:$id:$id::/root:/bin/sh" >>"$1/etc/passwd"
		echo "${user%:*}:x:$id:" >>"$1/etc/group"
	done
	sed -i 's/^frrvty:.*/&frr/' "$1/etc/group"
	echo '127.0.0.1 localhost' >"$1/etc/hosts"
	echo vm >"$1/etc/hostname"
	ln -s traceroute.db "$1/usr/bin/traceroute"
	ln -s ../lib/openvswitch-switch/ovs-vswitchd "$1/usr/sbin/ovs-vswitchd"
}

# strip ROOT VERSION keeps only the listed modules and what the tests use.
strip() {
	depmod -b "$1" "$2"
	for module in $modules; do
		modprobe -d "$1" -S "$2" --show-depends "$module"
	done | sed -n 's/^insmod \([^ ]*\).*/\1/p' | sort -u >"$1/keep"
	[ -s "$1/keep" ] || die "no kernel modules found"
	find "$1/usr/lib/modules/$2/kernel" -name '*.ko' |
		sed "s|^$1/usr|$1|" | sort | comm -23 - "$1/keep" | xargs rm -f
	rm "$1/keep"
	depmod -b "$1" "$2"
	echo "$modules" >"$1/etc/modules"
	rm -rf "$1"/usr/share/doc "$1"/usr/share/man "$1"/usr/share/info \
		"$1"/usr/share/locale "$1"/usr/share/perl* "$1"/usr/lib/python3* \
		"$1"/usr/bin/python3* "$1"/usr/bin/perl* "$1"/var/cache "$1"/var/lib/apt
}

# build DIRECTORY
build() {
	root=$(pwd -P)/$1/root
	mkdir -p "$root"
	unpack "$root"
	version=$(ls "$root/usr/lib/modules")
	finish "$root"
	strip "$root" "$version"
	mv "$root/boot/vmlinuz-$version" "$1/vmlinuz"
	rm -rf "${root:?}/boot"
	(cd "$root" && find . | cpio --quiet -o -H newc -R 0:0) >"$1/root.cpio"
	rm -rf "$root"
}

inputs=$(sha256sum <image.sh | cut -c 1-16)
image=$cache/$inputs
if [ ! -e "$image/root.cpio" ]; then
	[ "$(id -u)" = 0 ] || die "building the VM's root wants root"
	want mmdebstrap mmdebstrap
	want cpio cpio
	want depmod kmod
	say "building the VM from Debian's packages"
	rm -rf "$cache"
	mkdir -p "$cache"
	trap 'rm -rf "$image.new"' EXIT
	build "$image.new"
	mv "$image.new" "$image"
fi
cd "$image"
pwd -P
