#!/bin/sh
# Proves setup.sh, and the package, on bare machines:
#
#   sudo sh ./setup_test.sh [SCENARIO...]    (all of them, where none is named)
#
#   demo-first   nothing installed; sudo: demo, test, demo, test
#   test-first   nothing installed; sudo: test, demo, test, demo
#   in-use       an Open vSwitch in use, an old Go, no sudo, no HOME: demo
#   stopped      an Open vSwitch that is stopped, a read-only GOPATH: demo
#   package      what `make deb` has made: apt install, a lab, apt remove
#
# Each runs in a fresh minimal Debian of its own, in its own mount, process and
# network namespaces, from a user's clone of HEAD. Wants debootstrap,
# slirp4netns and git, and some 5 GB of disk in BARE_DIR (default /var/tmp).
set -eu

suite=bookworm
user=alice
checkout=/home/$user/pseudowan

say() { printf '\nbare: %s\n' "$*"; }

die() {
	printf 'bare: FAILED: %s\n' "$*" >&2
	exit 1
}

# --- outside: make the machines ----------------------------------------------

outside() {
	[ "$(id -u)" -eq 0 ] || die "this needs root: sudo sh ./setup_test.sh"
	for command in debootstrap slirp4netns git unshare nsenter pivot_root; do
		command -v $command >/dev/null || die "$command is not installed"
	done
	source=$(cd "$(dirname "$0")" && pwd)
	work=$(mktemp -d "${BARE_DIR:-/var/tmp}/pseudowan-bare.XXXXXX")
	trap clean_up EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM
	say "a minimal Debian $suite"
	debootstrap --variant=minbase --include=sudo $suite "$work/base" >"$work/debootstrap.log" 2>&1 ||
		die "debootstrap: $(tail -n 3 "$work/debootstrap.log")"
	furnish "$work/base"
	for scenario in "$@"; do
		say "scenario $scenario"
		cp -a "$work/base" "$work/machine"
		boot "$work/machine" "$scenario"
		rm -rf --one-file-system "$work/machine"
	done
	say "all as it must be: $*"
}

clean_up() {
	[ -z "${uplink-}" ] || kill "$uplink" 2>/dev/null || true
	[ ! -e "$work/net" ] || umount "$work/net" 2>/dev/null || true
	rm -rf --one-file-system "$work"
}

# furnish DIR gives the machine this server's package sources and trusted
# authorities, a user, and the user's clone.
furnish() {
	rm -f "$1/etc/apt/sources.list"
	cp -a /etc/apt/. "$1/etc/apt/"
	rm -f "$1/etc/apt/apt.conf.d/"*docker* # a container image's, not a server's
	authorities=$1/usr/local/share/ca-certificates
	mkdir -p "$authorities"
	awk -v dir="$authorities" '/BEGIN CERT/ { n++ } n { print > (dir "/server-" n ".crt") }' /etc/ssl/certs/ca-certificates.crt
	echo nameserver 10.0.2.3 >"$1/etc/resolv.conf"
	echo bare >"$1/etc/hostname"
	echo 127.0.0.1 localhost bare >"$1/etc/hosts"
	chroot "$1" useradd --create-home --shell /bin/sh $user
	echo "$user ALL=(ALL) NOPASSWD: ALL" >"$1/etc/sudoers.d/$user"
	git -c safe.directory='*' clone -q --no-hardlinks "$source" "$1$checkout"
	chroot "$1" chown -R $user:$user "$checkout"
	cp "$0" "$1/root/setup_test.sh"
	cp "$source"/bin/pseudowan_*.deb "$1/root/" 2>/dev/null || true
}

# boot DIR SCENARIO runs the scenario on the machine. Its network reaches out
# through a process, so that nothing of this server's own is changed for it.
boot() {
	: >"$work/net"
	unshare --net="$work/net" true
	slirp4netns --configure --mtu=65520 --netns-type=path "$work/net" tap0 >"$work/uplink.log" 2>&1 &
	uplink=$!
	until nsenter --net="$work/net" ip route show default | grep -q .; do
		kill -0 $uplink 2>/dev/null || die "slirp4netns: $(tail -n 3 "$work/uplink.log")"
		sleep 0.1
	done
	nsenter --net="$work/net" unshare --mount --pid --uts --ipc --fork --kill-child \
		sh "$1/root/setup_test.sh" --enter "$1" "$2"
	kill $uplink
	wait $uplink 2>/dev/null || true
	uplink=
	umount "$work/net"
}

# enter DIR SCENARIO makes DIR the root of the new namespaces.
enter() {
	mount --bind "$1" "$1"
	cd "$1"
	mount -t proc proc proc
	mount -t sysfs sysfs sys
	[ ! -d /sys/fs/cgroup ] || mount --rbind /sys/fs/cgroup sys/fs/cgroup
	mount --rbind /dev dev
	mount -t tmpfs -o mode=755 tmpfs run
	mkdir run/lock
	hostname bare
	pivot_root . mnt
	exec env -i TERM=dumb PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
		chroot . sh /root/setup_test.sh --inside "$2"
}

# --- inside: the scenarios -----------------------------------------------------

inside() {
	umount -l /mnt
	mount --make-rshared / # as systemd has it
	cd $checkout
	[ -z "$(installed)" ] || die "not bare: $(installed)"
	case $1 in
	demo-first) first=demo second=test ;;
	test-first) first=test second=demo ;;
	in-use)
		in_use
		return
		;;
	stopped)
		stopped
		return
		;;
	package)
		package
		return
		;;
	*) die "no such scenario: $1" ;;
	esac
	for job in $first $second $first $second; do
		before=$(traces)
		timed "$job" runuser -u $user -- sudo sh ./setup.sh "$job"
		"check_$job"
		check_files
	done
	down_again
	runuser -u $user -- sh -c 'rm -rf bin .cache' || die "the user cannot remove what was built"
}

# installed lists what a bare machine must not have.
installed() {
	for command in make go git ovs-vswitchd docker; do
		command -v $command || true
	done
}

# traces lists what a test might leave behind: processes, interfaces, namespaces,
# files, mounts.
traces() {
	processes=$(for status in /proc/[0-9]*/status; do
		# Kernel threads and the dead have no memory. A process may end here.
		sed -n '/^Name:/h; /^VmRSS:/{x;p}' "$status" 2>/dev/null || true
	done)
	echo "$processes" | sort
	find /sys/class/net /run/netns -mindepth 1 2>/dev/null | sort
	find /tmp /var/tmp /run /var/lib -maxdepth 2 | sort | grep -E 'pwt-|pseudowan' || true
	grep -E 'pwt-|pseudowan' /proc/mounts || true
}

timed() {
	what=$1
	shift
	say "$what: $*"
	start=$(date +%s)
	"$@" || die "$what: exit code $?"
	say "$what: $(($(date +%s) - start)) s"
}

check_demo() {
	pseudowan exec --lab pseudo-wan host_001_101 -- ping -c 1 -W 2 30.1.0.2 || die "no ping across after demo"
	! pseudowan exec --lab pseudo-wan host_002_102 -- ping -c 1 -W 1 30.1.0.2 || die "a ping crosses into another VPN"
}

check_test() {
	after=$(traces)
	[ "$before" = "$after" ] || die "the tests left something:
$(printf '%s\n' "$before" >/root/before && printf '%s\n' "$after" | diff /root/before -)"
}

# check_files proves whose the files are, and that no service has come to stay.
check_files() {
	foreign=$(find $checkout ! -user $user | head -n 5)
	[ -z "$foreign" ] || die "not $user's: $foreign"
	[ ! -e /usr/sbin/policy-rc.d ] || die "policy-rc.d is still there"
	enabled=$(find /etc/rc[2-5].d -name 'S*' | grep -E 'openvswitch|gobgpd|bird|frr|docker|containerd' || true)
	[ -z "$enabled" ] || die "enabled: $enabled"
	! pidof dockerd containerd gobgpd bird zebra || die "a service runs"
	[ ! -S /var/run/openvswitch/db.sock ] || die "the server's Open vSwitch runs"
}

down_again() {
	say "down"
	pseudowan down pseudo-wan
	left=$(ls /run/netns; pidof ovs-vswitchd ovsdb-server pseudowan || true)
	[ -z "$left" ] || die "down left: $left"
}

# in_use: the server's own switch must not notice, and root may do without sudo.
in_use() {
	say "an Open vSwitch in use, and Debian's Go"
	apt-get update -qq
	echo 'exit 101' >/usr/sbin/policy-rc.d
	chmod 755 /usr/sbin/policy-rc.d
	apt-get install -y -qq --no-install-recommends openvswitch-switch golang-go git iproute2 >/root/log 2>&1 ||
		die "apt-get: $(tail -n 3 /root/log)"
	rm /usr/sbin/policy-rc.d
	go version
	# Not its service: that wants the kernel module, which a server may lack.
	/usr/share/openvswitch/scripts/ovs-ctl --no-ovs-vswitchd --system-id=random start
	ovs-vswitchd --detach --pidfile --log-file
	ovs-vsctl add-br br-user -- set bridge br-user datapath_type=netdev -- add-port br-user p1 -- set interface p1 type=internal
	server_switch >/root/before
	timed demo env -u HOME sh ./setup.sh demo
	check_demo
	server_switch | diff /root/before - || die "the server's Open vSwitch has changed"
	down_again_beside
	server_switch | diff /root/before - || die "the server's Open vSwitch has changed"
}

server_switch() {
	ovs-vsctl show
	ovs-ofctl dump-ports-desc br-user
	cat /var/run/openvswitch/ovs-vswitchd.pid /var/run/openvswitch/ovsdb-server.pid
	find /etc/rc?.d | sort
}

# down_again_beside is down_again where the server has a switch of its own.
down_again_beside() {
	pseudowan down pseudo-wan
	[ -z "$(ls /run/netns)" ] || die "down left: $(ls /run/netns)"
}

# stopped: what its administrator has stopped stays as it is.
stopped() {
	say "an Open vSwitch that is stopped, and a read-only GOPATH"
	apt-get update -qq
	apt-get install -y -qq --no-install-recommends openvswitch-switch iproute2 >/root/log 2>&1 ||
		die "apt-get: $(tail -n 3 /root/log)"
	/etc/init.d/openvswitch-switch stop >/dev/null 2>&1 || true
	find /etc/rc?.d | sort >/root/before
	mkdir -p /root/go
	mount -t tmpfs -o ro tmpfs /root/go
	timed demo runuser -u $user -- sudo sh ./setup.sh demo
	check_demo
	find /etc/rc?.d | sort | diff /root/before - || die "the services have changed"
	! pidof -s ovs-vswitchd >/dev/null || [ ! -S /var/run/openvswitch/db.sock ] || die "the server's Open vSwitch runs"
	down_again
}

# package: installing starts no lab, removing leaves none.
package() {
	ls /root/*.deb || die "no package; run make deb before"
	apt-get update -qq
	timed "apt install" apt-get install -y -qq --no-install-recommends iputils-ping /root/*.deb
	! pidof pseudowan || die "the package has started something"
	[ -z "$(find /etc -name 'pseudowan@*')" ] || die "the package has enabled its unit"
	pseudowan up pseudo-wan
	pseudowan exec host_001_101 -- ping -c 1 -W 2 30.1.0.2 || die "no ping across"
	timed "apt remove" apt-get purge -y -qq pseudowan
	! pidof pseudowan || die "a lab runs without its program"
	left=$(ls /run/netns)$(find / -xdev -name '*pseudowan*' ! -path '/root/*' ! -path "$checkout*" ! -path '/var/lib/dpkg/*')
	[ -z "$left" ] || die "the package has left $left"
}

case ${1-} in
--enter) enter "$2" "$3" ;;
--inside) inside "$2" ;;
"") outside demo-first test-first in-use stopped package ;;
*) outside "$@" ;;
esac
