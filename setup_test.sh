#!/bin/sh
# Proves setup.sh, and the package, on bare machines:
#
#   sudo sh ./setup_test.sh [SCENARIO...]    (default: all)
#
#   demo-first   a server, nothing installed; sudo: demo, test, demo, test
#   test-first   a container, nothing installed; sudo: test, demo, test, demo
#   once         as test-first, but only test: for other releases
#   beside       a server whose Docker is in use, with Debian's usual busybox:
#                demo, and the tests that use Docker
#   in-use       an Open vSwitch in use, an old Go, no sudo, no HOME: demo
#   stopped      a stopped Open vSwitch, a read-only GOPATH: demo
#   package      the package of `make deb`: apt install, its unit, apt remove
#
# Each runs in a fresh minimal Debian of its own, in its own mount, process and
# network namespaces, from a user's clone of HEAD. A "server" runs systemd, a
# "container" has no init system. It needs debootstrap, slirp4netns, git, and some
# 5 GB of disk in BARE_DIR (default /var/tmp). BARE_SUITE is Debian's release
# (default bookworm), BARE_MIRROR its mirror (default: this machine's).
set -eu

suite=${BARE_SUITE:-bookworm}
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
	# apt replaces $(REPO_URI), not the shell.
	# shellcheck disable=SC2016
	mirror=${BARE_MIRROR:-$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Component: main' |
		grep '/debian/$' | head -n 1)}
	work=$(mktemp -d "${BARE_DIR:-/var/tmp}/pseudowan-bare.XXXXXX")
	trap clean_up EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM
	say "a minimal Debian $suite"
	debootstrap --variant=minbase --include=sudo,systemd-sysv,dbus "$suite" "$work/base" "$mirror" >"$work/debootstrap.log" 2>&1 ||
		die "debootstrap: $(tail -n 3 "$work/debootstrap.log")"
	furnish "$work/base"
	for scenario in "$@"; do
		say "scenario $scenario"
		cp -a "$work/base" "$work/machine"
		boot "$work/machine" "$scenario"
		rm -rf --one-file-system "$work/machine"
	done
	say "passed: $*"
}

clean_up() {
	[ -z "${machine-}" ] || kill "$machine" 2>/dev/null || true
	[ -z "${uplink-}" ] || kill "$uplink" 2>/dev/null || true
	[ ! -e "$work/net" ] || umount "$work/net" 2>/dev/null || true
	rm -rf --one-file-system "$work"
	find /sys/fs/cgroup -depth -path "*/pseudowan-bare.$$*" -type d -exec rmdir {} + 2>/dev/null || true
}

# furnish DIR gives the machine this server's package sources and certificates, a
# user, and that user's clone.
furnish() {
	cp -a /etc/apt/apt.conf.d/. "$1/etc/apt/apt.conf.d/"
	rm -f "$1/etc/apt/apt.conf.d/"*docker* # a container image's, not a server's
	echo "deb $mirror $suite main" >"$1/etc/apt/sources.list"
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

# boot DIR SCENARIO runs the scenario on the machine. slirp4netns carries its traffic
# in user space, so that the network of this server stays as it is.
boot() {
	: >"$work/net"
	unshare --net="$work/net" true
	slirp4netns --configure --mtu=65520 --netns-type=path "$work/net" tap0 >"$work/uplink.log" 2>&1 &
	uplink=$!
	until nsenter --net="$work/net" ip route show default | grep -q .; do
		kill -0 $uplink 2>/dev/null || die "slirp4netns: $(tail -n 3 "$work/uplink.log")"
		sleep 0.1
	done
	sh "$0" --isolate "$work/net" "$1" "$2" $$ &
	machine=$!
	touch "$1/root/out"
	tail -n +1 -f --pid=$machine "$1/root/out"
	wait $machine || die "$2"
	machine=
	kill $uplink
	wait $uplink 2>/dev/null || true
	uplink=
	umount "$work/net"
}

# isolate NET DIR SCENARIO ID runs the machine in namespaces of its own, and in a
# control group of this test's.
isolate() {
	while IFS=: read -r _ controllers path; do
		case $controllers in
		"") hierarchy=$(cgroup2_at) ;;
		name=systemd) hierarchy=/sys/fs/cgroup/systemd ;;
		*) continue ;;
		esac
		mkdir -p "$hierarchy$path/pseudowan-bare.$4"
		echo $$ >"$hierarchy$path/pseudowan-bare.$4/cgroup.procs"
	done </proc/self/cgroup
	exec nsenter --net="$1" unshare --mount --pid --uts --ipc --cgroup --fork --kill-child \
		sh "$2/root/setup_test.sh" --enter "$2" "$3"
}

cgroup2_at() {
	[ -d /sys/fs/cgroup/unified ] && echo /sys/fs/cgroup/unified || echo /sys/fs/cgroup
}

# enter DIR SCENARIO makes DIR the root of the new namespaces.
enter() {
	mount --bind "$1" "$1"
	cd "$1"
	mount -t proc proc proc
	mount -t sysfs sysfs sys
	mount_cgroups
	make_devices
	mount -t tmpfs -o mode=755 tmpfs run
	mkdir run/lock
	hostname bare
	pivot_root . mnt
	case $2 in
	demo-first | beside | package) as_server "$2" ;;
	*)
		exec env -i TERM=dumb PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
			chroot . sh /root/setup_test.sh --inside "$2" >>root/out 2>&1
		;;
	esac
}

mount_cgroups() {
	if [ "$(cgroup2_at)" = /sys/fs/cgroup ]; then
		mount -t cgroup2 cgroup2 sys/fs/cgroup
		return
	fi
	mount -t tmpfs -o mode=755 tmpfs sys/fs/cgroup
	while IFS=: read -r _ controllers _; do
		case $controllers in
		"") hierarchy=sys/fs/cgroup/unified && set -- -t cgroup2 ;;
		name=*) hierarchy=sys/fs/cgroup/${controllers#name=} && set -- -t cgroup -o "none,$controllers" ;;
		*) hierarchy=sys/fs/cgroup/$controllers && set -- -t cgroup -o "$controllers" ;;
		esac
		mkdir "$hierarchy"
		mount "$@" cgroup "$hierarchy"
	done </proc/self/cgroup
}

make_devices() {
	mount -t tmpfs -o mode=755 tmpfs dev
	mkdir dev/pts dev/shm dev/net
	for device in null zero full random urandom tty net/tun; do
		: >dev/$device
		mount --bind /dev/$device dev/$device
	done
	ln -s /proc/self/fd dev/fd
	ln -s pts/ptmx dev/ptmx
	mount -t devpts -o newinstance,ptmxmode=666 devpts dev/pts
	mount -t tmpfs -o mode=1777 tmpfs dev/shm
}

# as_server SCENARIO boots the machine with the scenario as a unit, whose exit code
# becomes the machine's. There are no timers, which would start processes while
# tests look for leftovers, and no sysctl, as the kernel is this server's.
as_server() {
	ln -s /dev/null etc/systemd/system/timers.target
	ln -s /dev/null etc/systemd/system/systemd-sysctl.service
	cat >etc/systemd/system/scenario.service <<-END
		[Unit]
		Requires=multi-user.target
		After=multi-user.target
		SuccessAction=exit-force
		FailureAction=exit-force
		[Service]
		Type=oneshot
		StandardOutput=append:/root/out
		StandardError=append:/root/out
		ExecStart=/bin/sh /root/setup_test.sh --inside $1
	END
	# Newer systemds need this to accept control groups of version 1.
	exec env -i container=pseudowan SYSTEMD_CGROUP_ENABLE_LEGACY_FORCE=1 \
		TERM=dumb PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
		chroot . /lib/systemd/systemd --unit=scenario.service --show-status=no
}

# --- inside: the scenarios -----------------------------------------------------

inside() {
	umount -l /mnt
	mount --make-rshared / # as under systemd
	cd $checkout
	[ -z "$(installed)" ] || die "not bare: $(installed)"
	case $1 in
	demo-first) jobs="demo test demo test" ;;
	test-first) jobs="test demo test demo" ;;
	once) jobs="test" ;;
	in-use)
		in_use
		return
		;;
	beside | stopped | package)
		"$1"
		return
		;;
	*) die "no such scenario: $1" ;;
	esac
	for job in $jobs; do
		before=$(traces)
		timed "$job" runuser -u $user -- sudo sh ./setup.sh "$job"
		"check_$job"
		check_files
	done
	[ "$jobs" = test ] || down_again
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
		# Kernel threads and zombies have no memory. A process may end here.
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

# check_files proves the ownership of the files, and that no service has stayed.
check_files() {
	foreign=$(find $checkout ! -user $user | head -n 5)
	[ -z "$foreign" ] || die "not $user's: $foreign"
	[ ! -e /usr/sbin/policy-rc.d ] || die "policy-rc.d is still there"
	enabled=$(enabled | grep -E "$brought|containerd" || true)
	[ -z "$enabled" ] || die "enabled: $enabled"
	! pidof dockerd containerd docker-registry gobgpd bird zebra || die "a service runs"
	[ ! -S /var/run/openvswitch/db.sock ] || die "the server's Open vSwitch runs"
}

# brought matches the services in the packages that setup.sh installs.
brought='openvswitch|ovs|gobgpd|bird|frr|docker'

# enabled lists what starts at boot.
enabled() {
	find /etc/rc[2-5].d -name 'S*'
	find /etc/systemd/system -path '*.wants/*'
}

down_again() {
	say "down"
	pseudowan down pseudo-wan
	left=$(ls /run/netns; pidof ovs-vswitchd ovsdb-server pseudowan || true)
	[ -z "$left" ] || die "down left: $left"
}

# in_use: the server's own switch stays as it is, and root needs no sudo.
in_use() {
	say "an Open vSwitch in use, and Debian's Go"
	apt-get update -qq
	echo 'exit 101' >/usr/sbin/policy-rc.d
	chmod 755 /usr/sbin/policy-rc.d
	apt-get install -y -qq --no-install-recommends openvswitch-switch golang-go git iproute2 >/root/log 2>&1 ||
		die "apt-get: $(tail -n 3 /root/log)"
	rm /usr/sbin/policy-rc.d
	go version
	# Not its service: that needs the kernel module, which a server may lack.
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

# stopped: a service stopped by its administrator stays stopped.
stopped() {
	say "a stopped Open vSwitch, and a read-only GOPATH"
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

# beside: a Docker daemon in use stays as it is, as tests run their own.
beside() {
	say "a Docker in use"
	apt-get update -qq
	mkdir -p /etc/docker
	echo '{"bridge": "none", "iptables": false, "ip6tables": false}' >/etc/docker/daemon.json
	# In later releases the client has a package of its own.
	client=$(apt-cache madison docker-cli)
	apt-get install -y -qq --no-install-recommends docker.io ${client:+docker-cli} busybox >/root/log 2>&1 ||
		die "apt-get: $(tail -n 3 /root/log)"
	systemctl is-active -q docker containerd || die "Docker does not run"
	timed demo sh ./setup.sh demo
	check_demo
	image=$(docker inspect --format '{{.Config.Image}}' host_001_101)
	pseudowan down
	docker run -d --name sleeper --network none "$image" >/root/log
	server_docker >/root/before
	timed test env TESTFLAGS='-run=Docker' sh ./setup.sh test
	server_docker | diff /root/before - || die "the server's Docker has changed"
	enabled=$(enabled | grep -E "$brought" | grep -v docker || true)
	[ -z "$enabled" ] || die "enabled: $enabled"
	! pidof docker-registry gobgpd bird zebra ovs-vswitchd || die "a service runs"
}

server_docker() {
	docker ps --all --no-trunc --format '{{.ID}} {{.Names}} {{.State}}'
	docker images --no-trunc --format '{{.ID}} {{.Repository}}'
	docker network ls --no-trunc
	docker volume ls
	pidof dockerd containerd
	ctr namespaces ls
	ctr --namespace moby containers ls
	systemctl is-enabled docker docker.socket containerd
	grep -c docker /proc/mounts
}

# package: installing starts no lab, removing leaves none; the unit, once enabled,
# keeps a lab up.
package() {
	ls /root/*.deb || die "no package; run make deb before"
	apt-get update -qq
	timed "apt install" apt-get install -y -qq --no-install-recommends iputils-ping /root/*.deb
	! pidof pseudowan || die "the package has started something"
	[ -z "$(find /etc -name 'pseudowan@*')" ] || die "the package has enabled its unit"
	systemctl enable -q --now pseudowan@pseudo-wan
	pseudowan exec host_001_101 -- ping -c 1 -W 2 30.1.0.2 || die "no ping across"
	systemctl reload pseudowan@pseudo-wan
	systemctl stop pseudowan@pseudo-wan
	left=$(ls /run/netns; pidof pseudowan || true)
	[ -z "$left" ] || die "left after stop: $left"
	systemctl start pseudowan@pseudo-wan
	pseudowan exec host_001_101 -- ping -c 1 -W 2 30.1.0.2 || die "no ping across after a restart"
	timed "apt remove" apt-get purge -y -qq pseudowan
	! pidof pseudowan || die "a lab runs without its program"
	left=$(ls /run/netns)$(find / -xdev -name '*pseudowan*' ! -path '/root/*' ! -path "$checkout*" ! -path '/var/lib/dpkg/*')
	[ -z "$left" ] || die "the package has left $left"
}

case ${1-} in
--isolate) isolate "$2" "$3" "$4" "$5" ;;
--enter) enter "$2" "$3" ;;
--inside) inside "$2" ;;
"") outside demo-first test-first beside in-use stopped package ;;
*) outside "$@" ;;
esac
