#!/bin/sh
# Runs the project's real tests in a virtual machine with Debian's kernel, which
# has what a bare test machine may lack: Open vSwitch's kernel datapath, MPLS,
# VRF and dummy devices.
#
#   sh vmtest/run.sh DATAPATH [PACKAGE [TEST-FLAG...]]
#
# DATAPATH is system, netdev or auto, which the labs of the tests request. PACKAGE
# is labs, ovs, hosts or server, several of them with commas, or "all". The machine has no network, but two pairs of
# NICs, each connected by a cable. The exit code is that of the tests, or 1 with a
# message if the machine ended before them or exceeded PSEUDOWAN_VM_LIMIT.
# PSEUDOWAN_VM_SCRIPT names a shell script to run instead of the tests, with
# pseudowan in its PATH.
set -eu
cd "$(dirname "$0")/.."

limit=${PSEUDOWAN_VM_LIMIT:-20m}
# An emulated processor is slower than a real one by about this factor.
slow=${PSEUDOWAN_VM_SLOW:-10}
GO=${GO:-go}

die() {
	printf 'vmtest: %s\n' "$*" >&2
	exit 1
}

datapath=${1:-}
case $datapath in
system | netdev | auto) shift ;;
*) die "usage: sh vmtest/run.sh system|netdev|auto [all|labs|ovs|hosts|server [TEST-FLAG...]]" ;;
esac
package=${1:-all}
[ $# = 0 ] || shift

command -v qemu-system-x86_64 >/dev/null ||
	die "no qemu-system-x86_64: apt-get install qemu-system-x86"
image=$(sh vmtest/image.sh)

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
inside=$work/root/vmtest
mkdir -p "$inside"
export CGO_ENABLED=0
$GO build -buildvcs=false -o "$inside/pseudowan" ./cmd/pseudowan
for pair in labs:./test/lab ovs:./ovs hosts:./hosts server:./hosts/server; do
	case ,$package, in
	,all, | *,"${pair%%:*}",*) $GO test -c -o "$inside/${pair%%:*}.test" "${pair#*:}" ;;
	esac
done
cp "${PSEUDOWAN_VM_SCRIPT:-vmtest/suite}" "$inside/suite"
install -m 755 vmtest/init "$work/root/init"
chmod 755 "$inside/suite"
cat >"$inside/env" <<END
export PSEUDOWAN_BINARY=/vmtest/pseudowan
export PSEUDOWAN_TEST_DATAPATH=$datapath
export PSEUDOWAN_TEST_SLOW=$slow
END
cp -r test/lab/testdata "$inside/testdata"
printf '%s\n' "$@" >"$inside/flags"
(cd "$work/root" && find . | cpio --quiet -o -H newc -R 0:0) >"$work/tests.cpio"
cat "$image/root.cpio" "$work/tests.cpio" >"$work/initrd"

# cable DRIVER N
cable() {
	for end in a b; do
		printf '%s\n' -netdev "hubport,id=n$2$end,hubid=$2" -device "$1,netdev=n$2$end,romfile="
	done
}

# The options are split into words on purpose.
# shellcheck disable=SC2046
timeout --foreground "$limit" qemu-system-x86_64 -accel tcg,thread=multi -cpu max -m 3072 -smp 2 \
	-display none -monitor none -no-reboot $(cable e1000 0) $(cable virtio-net-pci 1) \
	-kernel "$image/vmlinuz" -initrd "$work/initrd" \
	-append "console=ttyS0 quiet panic=-1 random.trust_cpu=on mitigations=off" \
	-serial stdio -serial "file:$work/exit" </dev/null || die "the machine ended with code $?"
code=$(tr -cd 0-9 <"$work/exit")
[ -n "$code" ] || die "the machine ended before its tests"
exit "$code"
