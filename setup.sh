#!/bin/sh
# Sets up a bare Debian or Ubuntu server from this checkout:
#
#   sudo sh ./setup.sh demo    build, install, and bring up the first lab
#   sudo sh ./setup.sh test    build and run every test
#
# Both install by apt what is missing and may be repeated in any order. The
# programs that a package starts at once are stopped again when this script
# brought the package; what was there before is left alone.
set -eu

# The Go release to fetch where none that fits is installed.
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

has() { command -v "$1" >/dev/null 2>&1; }

# --- packages ---------------------------------------------------------------

# missing_packages COMMAND:PACKAGE... prints the packages whose command is not
# there. The command counts, not the package: it may have come another way.
missing_packages() {
	for pair in "$@"; do
		has "${pair%%:*}" || printf '%s ' "${pair#*:}"
	done
}

# install_packages COMMAND:PACKAGE... installs what is missing.
install_packages() {
	packages=$(missing_packages "$@")
	[ -n "$packages" ] || return 0
	has apt-get || die "please install what brings these, then run this again: $packages"
	# A fresh server may still be busy with its own upgrades; and what this
	# installs is no reason to restart the services that run (needrestart).
	export DEBIAN_FRONTEND=noninteractive NEEDRESTART_SUSPEND=1
	read_lists
	# The list is split into words on purpose.
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

# read_lists waits for whoever reads them already, as a server does that has just
# booted: apt has no time limit for that lock.
read_lists() {
	say "reading the lists of packages"
	tries=0
	until apt-get update -qq >"$log" 2>&1; do
		tries=$((tries + 1))
		if ! grep -q 'Could not get lock' "$log" || [ $tries -ge 100 ]; then
			cat "$log" >&2
			say "apt-get update failed; going on with the lists that are there"
			return 0
		fi
		sleep 3
	done
}

# available PACKAGE|PACKAGE... prints the first of each group that there is: a
# command is not in the same package everywhere.
available() {
	for group in "$@"; do
		for package in $(printf %s "$group" | tr '|' ' '); do
			[ -z "$(apt-cache madison "$package")" ] || break
		done
		echo "$package"
	done | sort -u | tr '\n' ' '
}

# absent_services PACKAGE... prints the services that the packages are going to
# bring. One that is there already has come another way, and may be in use:
# Docker brings containerd, which a Kubernetes node has, too.
absent_services() {
	for package in "$@"; do
		for service in $(services_of "$package"); do
			has_service "$service" || printf '%s ' "$service"
		done
	done
}

# has_service SERVICE tells whether it is there. A package that was removed may
# have left its script.
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
	esac
}

policy=/usr/sbin/policy-rc.d
policy_mark="Made by pseudowan's setup.sh"

# hold_services keeps packages, and those that they need, from starting what
# nobody has asked for: a Docker daemon would add a bridge and packet filter rules
# to the server's network. What runs may be restarted. An administrator's own
# policy stays; then retire_new undoes what it let through.
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

# retire_new retires the services that this script's packages have brought.
retire_new() {
	new=${services-}
	services=
	for service in $new; do
		! has_service "$service" || retire "$service"
	done
}

# retire SERVICE stops and disables it. A lab and the tests run their own; the
# server's would only listen and wait.
retire() {
	if [ -d /run/systemd/system ]; then
		systemctl disable --now --quiet "$1" >"$log" 2>&1 || say "could not stop $1: $(cat "$log")"
		return 0
	fi
	if [ -x "/etc/init.d/$1" ]; then
		"/etc/init.d/$1" stop >"$log" 2>&1 || true # it mostly does not run
		update-rc.d "$1" disable >"$log" 2>&1 || say "could not disable $1: $(cat "$log")"
	fi
	# What systemd would start, once it runs here.
	unit=$1
	case $unit in *.*) ;; *) unit=$unit.service ;; esac
	if has systemctl; then
		systemctl --root=/ disable --quiet "$unit" >"$log" 2>&1 || true # there may be no unit
	else
		# It wants to be called by a package's script, as it enabled the unit.
		DPKG_MAINTSCRIPT_PACKAGE=$unit deb-systemd-helper disable "$unit" >"$log" 2>&1 || true
	fi
}

# --- Go ---------------------------------------------------------------------

# go_fits GO tells whether that go command can build this module. The module's
# own toolchain line must not send an old one off to download another. The tests
# want the very series of releases: the programs that check the code read what
# the compiler writes, and a later one writes something else.
go_fits() {
	has "$1" || return 1
	have=$(cd / && GOTOOLCHAIN=local "$1" env GOVERSION 2>/dev/null) || return 1
	want=$(sed -n 's/^go //p' go.mod)
	lower=$(printf '%s\n%s\n' "${have#go}" "$want" | sort -V | head -n 1)
	[ "$lower" = "$want" ] || return 1
	case $job:${have#go}. in run_tests:"$want".* | demo:*) ;; *) return 1 ;; esac
}

# find_go makes a go command that fits the first in PATH.
find_go() {
	if ! fitting_go; then
		fetch_go
		fitting_go || die "the Go in .cache/go does not run; remove that directory and run this again"
	fi
	export GOTOOLCHAIN=local
	place_caches
}

# fitting_go looks where Go may be: sudo's PATH has no /usr/local/go/bin, where Go's
# own instructions put it.
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
# toolchains as modules, so any go command can fetch one, checked against the
# checksum database; one from the distribution will do, however old.
fetch_go() {
	go=go
	has go || go=/usr/local/go/bin/go
	if ! has "$go"; then
		install_packages go:golang-go
		go=go
	fi
	# Not here: an older Go would look for the one that go.mod asks for.
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

# repair_go DIR undoes what being a module did to a toolchain: modules have no
# executable files, and none but their own go.mod.
repair_go() {
	chmod -R u+w "$1"
	chmod +x "$1"/bin/* "$1"/pkg/tool/*/*
	for hidden in "$1/src/_go.mod" "$1/src/cmd/_go.mod"; do
		[ ! -e "$hidden" ] || cp "$hidden" "${hidden%_go.mod}go.mod"
	done
}

# place_caches gives go caches inside the checkout where its usual ones cannot be
# had (no HOME, a read-only file system) or are somebody else's: root's files
# there would stop their owner's next build.
place_caches() {
	[ -n "${HOME-}" ] || export XDG_CACHE_HOME="$cache" # for the other tools
	own_directory "$(cd / && go env GOCACHE)" || export GOCACHE="$cache/build"
	modules=$(cd / && go env GOMODCACHE)
	if own_directory "$modules" && own_directory "$(cd / && go env GOPATH)"; then
		return 0
	fi
	# Modules that are there already need no network.
	GOPROXY=$(cd / && go env GOPROXY)
	[ ! -d "$modules/cache/download" ] || GOPROXY=file://$modules/cache/download,$GOPROXY
	GOFLAGS="$(cd / && go env GOFLAGS) -modcacherw"
	export GOPROXY GOFLAGS GOPATH="$cache/gopath" GOMODCACHE="$cache/gopath/pkg/mod"
}

# own_directory DIR tells whether DIR is root's and can be written, making it
# where it is not there.
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

# What the tests look with, and compare with.
tools="ethtool:ethtool tcpdump:tcpdump tshark:tshark iperf3:iperf3
	gobgpd:gobgpd bird:bird2 vtysh:frr docker-registry:docker-registry
	dockerd:docker.io docker:docker-cli|docker.io"

# find_busybox sees to a static busybox, which the built-in image of containers is
# made from. Where the server has the other one, whose package excludes it, it
# gets a place of its own.
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
		say "no static busybox can be had, and containers need an image: then; $(tail -n 1 "$log")"
	for path in "$unpacked"/bin/busybox "$unpacked"/usr/bin/busybox; do
		[ ! -e "$path" ] || install -D -m 755 "$path" $place/busybox
	done
	rm -rf "$unpacked"
}

# is_static PROGRAM tells whether it runs without shared libraries: else the
# loader's name is at its beginning. ldd would run the program to find that out.
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

		The lab runs. Try next:
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

# What a virtual machine with Debian's kernel needs.
machine="qemu-system-x86_64:qemu-system-x86 mmdebstrap:mmdebstrap cpio:cpio depmod:kmod"

run_tests() {
	wants_machine || machine=
	# shellcheck disable=SC2086
	install_packages $runtime $tools $machine
	find_busybox
	find_go
	make
	make test
	[ -z "$machine" ] || make test-vm-brief
}

# wants_machine tells whether a virtual machine tests what this kernel lacks, the
# datapath of Open vSwitch: in CI, as it takes minutes, on the Debian that has
# what the machine is made of.
wants_machine() {
	if [ -d /sys/module/openvswitch ] || { has modprobe && modprobe --dry-run --quiet openvswitch; }; then
		return 1
	fi
	if [ -z "${CI-}" ]; then
		say "this kernel has no datapath to test; make test-vm tests one in a virtual machine"
		return 1
	fi
	if ! grep -q '^VERSION_CODENAME=bookworm' /etc/os-release || [ "$(uname -m)" != x86_64 ]; then
		say "the kernel's datapath is not tested: this kernel has none, and the virtual machine wants Debian 12 on amd64"
		return 1
	fi
}

# clean_up runs however the script ends. What was built belongs to the user who
# called sudo, so that the next `make` without sudo can replace it.
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
# One that was killed could not take it back.
! grep -qsF "$policy_mark" $policy || rm -f $policy
mkdir -p "$cache"
echo '*' >"$cache/.gitignore"
log=$(mktemp)
trap clean_up EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM
$job
