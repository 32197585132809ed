#!/bin/sh
# Sets up a bare Debian or Ubuntu server from this checkout:
#
#   sudo sh ./setup.sh demo    build, install, and bring up the first lab
#   sudo sh ./setup.sh test    build and run every test
#
# Both install missing packages by apt and may be repeated in any order. Services
# that come with a package are stopped and disabled if this script installed it;
# those that were there before are left alone.
set -eu

# The Go release to fetch if no suitable one is installed.
go_release=go1.26.8

cd "$(dirname "$0")"
checkout=$(pwd)
cache=$checkout/.cache
# A root shell made by su or cron may lack the directories of the daemons.
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin
export PATH

say() { printf 'setup: %s\n' "$*"; }

die() {
	printf 'setup: %s\n' "$*" >&2
	exit 1
}

usage() {
	echo "usage: sudo sh ./setup.sh demo|test" >&2
	exit 2
}

has() {
	case $1 in
	/*) [ -e "$1" ] ;; # a file that is no program
	*) command -v "$1" >/dev/null 2>&1 ;;
	esac
}

# --- packages ---------------------------------------------------------------

# missing_packages COMMAND:PACKAGE... prints the packages whose command is missing.
# The command counts, not the package: it may have been installed another way.
missing_packages() {
	for pair in "$@"; do
		has "${pair%%:*}" || printf '%s ' "${pair#*:}"
	done
}

# install_packages COMMAND:PACKAGE... installs what is missing.
install_packages() {
	packages=$(missing_packages "$@")
	[ -n "$packages" ] || return 0
	has apt-get || die "there is no apt-get; install what these Debian packages contain and run this again: $packages"
	# A fresh server may still be busy with its own upgrades. needrestart need not
	# restart services for these packages.
	export DEBIAN_FRONTEND=noninteractive NEEDRESTART_SUSPEND=1
	read_lists
	# The list must be split into words.
	# shellcheck disable=SC2086
	packages=$(available $packages)
	# shellcheck disable=SC2086
	services=$(absent_services $packages)
	say "installing $packages"
	hold_services
	# shellcheck disable=SC2086
	apt-get install -y -qq --no-install-recommends --no-remove -o DPkg::Lock::Timeout=300 $packages >"$log" 2>&1 || {
		cat "$log" >&2
		die "apt-get could not install $packages"
	}
	release_services
	retire_new
}

# read_lists updates the package lists. It waits for another update, such as that of
# a server that has just booted: apt has no timeout for that lock.
read_lists() {
	say "updating the package lists"
	tries=0
	until apt-get update -qq >"$log" 2>&1; do
		tries=$((tries + 1))
		if ! grep -q 'Could not get lock' "$log" || [ $tries -ge 100 ]; then
			cat "$log" >&2
			say "apt-get update failed; continuing with the present lists"
			return 0
		fi
		sleep 3
	done
}

# available PACKAGE|PACKAGE... prints the first package of each group that exists:
# distributions put some commands into different packages.
available() {
	for group in "$@"; do
		for package in $(printf %s "$group" | tr '|' ' '); do
			[ -z "$(apt-cache madison "$package")" ] || break
		done
		echo "$package"
	done | sort -u | tr '\n' ' '
}

# absent_services PACKAGE... prints the services that the packages will add. An
# existing one may be in use: Docker's package adds containerd, which a Kubernetes
# node has, too.
absent_services() {
	for package in "$@"; do
		for service in $(services_of "$package"); do
			has_service "$service" || printf '%s ' "$service"
		done
	done
}

# has_service SERVICE reports whether the service exists. A removed package may have
# left its script.
has_service() {
	for file in "/etc/init.d/$1" "/etc/systemd/system/$1" "/lib/systemd/system/$1"; do
		[ -e "$file" ] || file=$file.service
		[ -e "$file" ] || continue
		owner=$(dpkg-query -S "$file" 2>/dev/null | cut -d : -f 1)
		[ -n "$owner" ] && [ "$(dpkg-query -W -f '${db:Status-Status}' "$owner")" != installed ] || return 0
	done
	return 1
}

# services_of PACKAGE prints the services that the package starts and enables.
services_of() {
	case $1 in
	openvswitch-switch) echo openvswitch-switch ovsdb-server.socket ;;
	gobgpd) echo gobgpd ;;
	bird2) echo bird ;;
	frr) echo frr ;;
	docker.io) echo docker.socket docker containerd ;;
	docker-registry) echo docker-registry ;;
	radvd) echo radvd ;;
	unbound) echo unbound unbound-resolvconf ;;
	tayga) echo tayga ;;
	keepalived) echo keepalived ;;
	lighttpd) echo lighttpd ;;
	mariadb-server) echo mariadb ;;
	kea-dhcp6-server) echo kea-dhcp6-server ;;
	esac
}

policy=/usr/sbin/policy-rc.d
policy_mark="Made by pseudowan's setup.sh"

# hold_services keeps packages and their dependencies from starting services: a
# Docker daemon would add a bridge and packet filter rules to the server's network.
# Running services may be restarted. An administrator's own policy stays; retire_new
# then stops the services that it allows.
hold_services() {
	[ ! -e $policy ] || return 0
	held=yes
	cat >$policy <<-END
		#!/bin/sh
		# $policy_mark while it installs packages.
		case \$* in
		*restart*) ;;
		*start*) exit 101 ;; # "(start)" where there is no runlevel
		esac
	END
	chmod 755 $policy
}

release_services() {
	[ -n "${held-}" ] || return 0
	rm -f $policy
	held=
}

# retire_new retires the services that this script has installed.
retire_new() {
	new=${services-}
	services=
	for service in $new; do
		! has_service "$service" || retire "$service"
	done
}

# retire SERVICE stops and disables a service. Labs and tests run their own; the
# server's would only listen.
retire() {
	if [ -d /run/systemd/system ]; then
		systemctl disable --now --quiet "$1" >"$log" 2>&1 || say "could not stop $1: $(cat "$log")"
		return 0
	fi
	if [ -x "/etc/init.d/$1" ]; then
		"/etc/init.d/$1" stop >"$log" 2>&1 || true # usually it does not run
		update-rc.d "$1" disable >"$log" 2>&1 || say "could not disable $1: $(cat "$log")"
	fi
	# Or systemd would start it at the next boot.
	unit=$1
	case $unit in *.*) ;; *) unit=$unit.service ;; esac
	if has systemctl; then
		systemctl --root=/ disable --quiet "$unit" >"$log" 2>&1 || true # there may be no unit
	else
		# It expects the environment of a package's script.
		DPKG_MAINTSCRIPT_PACKAGE=$unit deb-systemd-helper disable "$unit" >"$log" 2>&1 || true
	fi
}

# --- Go ---------------------------------------------------------------------

# go_fits GO reports whether that go command can build this module. The module's
# toolchain line must not make an old one download another. The tests need the same
# series of releases: the linters read the compiler's export data, whose format
# changes.
go_fits() {
	has "$1" || return 1
	have=$(cd / && GOTOOLCHAIN=local "$1" env GOVERSION 2>/dev/null) || return 1
	want=$(sed -n 's/^go //p' go.mod)
	lower=$(printf '%s\n%s\n' "${have#go}" "$want" | sort -V | head -n 1)
	[ "$lower" = "$want" ] || return 1
	case $job:${have#go}. in run_tests:"$want".* | demo:*) ;; *) return 1 ;; esac
}

# find_go puts a suitable go command first in PATH.
find_go() {
	if ! fitting_go; then
		fetch_go
		fitting_go || die "the Go in .cache/go does not run; remove that directory and run this again"
	fi
	export GOTOOLCHAIN=local
	place_caches
}

# fitting_go finds a suitable Go. sudo's PATH lacks /usr/local/go/bin, where Go's own
# instructions install it.
fitting_go() {
	for go in go /usr/local/go/bin/go "$cache/go/bin/go"; do
		if go_fits "$go"; then
			case $go in */*) PATH=$(dirname "$go"):$PATH ;; esac
			return 0
		fi
	done
	return 1
}

# fetch_go downloads the Go release into the checkout. Go publishes its
# toolchains as modules, so any go command, however old, can fetch one, checked
# against the checksum database.
fetch_go() {
	go=go
	has go || go=/usr/local/go/bin/go
	if ! has "$go"; then
		install_packages go:golang-go
		go=go
	fi
	# Not in the checkout, where an older Go would obey go.mod.
	platform=$(cd / && "$go" env GOOS)-$(cd / && "$go" env GOARCH)
	module=golang.org/toolchain@v0.0.1-$go_release.$platform
	say "fetching $go_release into .cache"
	path=$cache/toolchain
	modules=$path/pkg/mod
	(cd / && GOTOOLCHAIN=local GO111MODULE=on GOFLAGS=-modcacherw GOPATH=$path GOMODCACHE=$modules GOCACHE=$cache/build \
		"$go" mod download "$module") ||
		die "could not fetch $go_release; install Go $(sed -n 's/^go //p' go.mod) or newer by hand and run this again"
	repair_go "$modules/$module"
	rm -rf "$cache/go"
	mv "$modules/$module" "$cache/go"
	rm -rf "$path"
}

# repair_go DIR restores what a toolchain loses as a module: the executable bits and
# the inner go.mod files.
repair_go() {
	chmod -R u+w "$1"
	chmod +x "$1"/bin/* "$1"/pkg/tool/*/*
	for hidden in "$1/src/_go.mod" "$1/src/cmd/_go.mod"; do
		[ ! -e "$hidden" ] || cp "$hidden" "${hidden%_go.mod}go.mod"
	done
}

# place_caches moves Go's caches into the checkout if the usual ones are missing (no
# HOME), read-only or somebody else's: root's files there would break their owner's
# next build.
place_caches() {
	[ -n "${HOME-}" ] || export XDG_CACHE_HOME="$cache" # for the other tools
	own_directory "$(cd / && go env GOCACHE)" || export GOCACHE="$cache/build"
	modules=$(cd / && go env GOMODCACHE)
	if own_directory "$modules" && own_directory "$(cd / && go env GOPATH)"; then
		return 0
	fi
	# Modules that are already cached need no network.
	GOPROXY=$(cd / && go env GOPROXY)
	[ ! -d "$modules/cache/download" ] || GOPROXY=file://$modules/cache/download,$GOPROXY
	GOFLAGS="$(cd / && go env GOFLAGS) -modcacherw"
	export GOPROXY GOFLAGS GOPATH="$cache/gopath" GOMODCACHE="$cache/gopath/pkg/mod"
}

# own_directory DIR makes DIR if it is missing, and reports whether it is root's and
# writable.
own_directory() {
	case $1 in /*) ;; *) return 1 ;; esac
	parent=$1
	while [ ! -e "$parent" ]; do parent=$(dirname "$parent"); done
	[ "$(stat -c %u "$parent")" -eq 0 ] || return 1
	mkdir -p "$1" 2>/dev/null && probe=$(mktemp "$1/.pseudowan.XXXXXX" 2>/dev/null) && rm -f "$probe"
}

# --- the two jobs ------------------------------------------------------------

# What the build, `pseudowan` itself and the demo's commands need.
runtime="make:make update-ca-certificates:ca-certificates ip:iproute2 ping:iputils-ping
	traceroute:traceroute ovs-vswitchd:openvswitch-switch"

# What the tests use to observe, and as peers.
tools="ethtool:ethtool tcpdump:tcpdump tshark:tshark iperf3:iperf3
	gobgpd:gobgpd bird:bird2 vtysh:frr exabgp:exabgp radvd:radvd unbound:unbound qemu-system-x86_64:qemu-system-x86
	/usr/lib/ipxe/ipxe.lkrn:ipxe /usr/share/ovmf/OVMF.fd:ovmf docker-registry:docker-registry
	dockerd:docker.io docker:docker-cli|docker.io
	iptables:iptables nft:nftables socat:socat tayga:tayga dnsmasq:dnsmasq-base drill:ldnsutils
	keepalived:keepalived lighttpd:lighttpd dhclient:isc-dhcp-client kea-dhcp6:kea-dhcp6-server dhcpcd:dhcpcd-base curl:curl pgrep:procps
	mariadbd:mariadb-server rsync:rsync"

# find_busybox provides a static busybox for the built-in container image. If the
# server has the dynamic one, whose package conflicts, the static one goes into a
# directory of its own.
find_busybox() {
	place=/usr/local/lib/pseudowan
	! is_static "$(command -v busybox)" && ! is_static $place/busybox || return 0
	if ! has busybox; then
		install_packages busybox:busybox-static
		return
	fi
	say "putting a static busybox into $place"
	unpacked=$(mktemp -d)
	(cd "$unpacked" && apt-get download -qq busybox-static && dpkg-deb -x busybox-static_*.deb .) >"$log" 2>&1 ||
		say "no static busybox is available, so containers need an image: of their own; $(tail -n 1 "$log")"
	for path in "$unpacked"/bin/busybox "$unpacked"/usr/bin/busybox; do
		[ ! -e "$path" ] || install -D -m 755 "$path" $place/busybox
	done
	rm -rf "$unpacked"
}

# is_static PROGRAM reports whether it needs no shared libraries. A dynamic program
# names its loader near the beginning; ldd would run the program to find out.
is_static() {
	[ -e "$1" ] && ! head -c 4096 "$1" | grep -q ld-linux
}

demo() {
	# shellcheck disable=SC2086
	install_packages $runtime
	find_busybox
	find_go
	make install PREFIX=/usr/local
	lab=pseudo-wan
	run pseudowan up $lab
	run pseudowan ps --lab $lab
	run pseudowan show peer --lab $lab
	run pseudowan show vrf --lab $lab --router pe1 --vrf 65001:101
	run pseudowan exec --lab $lab host_001_101 -- ping -c 3 30.1.0.2
	cat <<-END

		The lab is up. Try next:
		  sudo pseudowan show flow --router pe1
		  sudo pseudowan exec host_001_101 -- traceroute -n 130.1.0.1
		  sudo pseudowan exec -it host_001_101
		  pseudowan labs show $lab
		  sudo pseudowan down
	END
}

run() {
	printf '\n# %s\n' "$*"
	"$@"
}

# What the virtual machine with Debian's kernel needs.
machine="qemu-system-x86_64:qemu-system-x86 mmdebstrap:mmdebstrap cpio:cpio depmod:kmod"

run_tests() {
	wants_machine || machine=
	# shellcheck disable=SC2086
	install_packages $runtime $tools $machine
	find_busybox
	find_go
	make
	make test
	[ -z "$machine" ] || make test-vm-brief interop-vm
}

# wants_machine reports whether to test Open vSwitch's kernel datapath, which this
# kernel lacks, in a virtual machine: only in CI, as it takes minutes, and only on
# the release of Debian that the machine is made from.
wants_machine() {
	if [ -d /sys/module/openvswitch ] || { has modprobe && modprobe --dry-run --quiet openvswitch; }; then
		return 1
	fi
	if [ -z "${CI-}" ]; then
		say "this kernel has no Open vSwitch datapath to test; make test-vm tests one in a virtual machine"
		return 1
	fi
	if ! grep -q '^VERSION_CODENAME=bookworm' /etc/os-release || [ "$(uname -m)" != x86_64 ]; then
		say "the kernel's datapath is not tested: this kernel has none, and the virtual machine needs Debian 12 on amd64"
		return 1
	fi
}

# clean_up runs however the script ends. It gives the built files to the user who
# called sudo, so that the next `make` without sudo can replace them.
clean_up() {
	release_services
	retire_new
	rm -f "$log"
	if [ -n "${SUDO_UID-}" ] && [ -n "${SUDO_GID-}" ]; then
		for made in bin .cache; do
			[ ! -e "$made" ] || chown -R "$SUDO_UID:$SUDO_GID" "$made"
		done
	fi
}

[ $# -eq 1 ] || usage
case $1 in
demo) job=demo ;;
test) job=run_tests ;;
*) usage ;;
esac
[ "$(id -u)" -eq 0 ] || die "this needs root: sudo sh ./setup.sh $1"
# A run that was killed may have left its policy.
! grep -qsF "$policy_mark" $policy || rm -f $policy
mkdir -p "$cache"
echo '*' >"$cache/.gitignore"
log=$(mktemp)
trap clean_up EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM
$job
