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

# The Go release to fetch where none that is new enough is installed.
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
	say "installing $packages"
	export DEBIAN_FRONTEND=noninteractive
	apt-get update -qq
	# The list is split into words on purpose.
	# shellcheck disable=SC2086
	apt-get install -y -qq --no-install-recommends $packages >"$log" 2>&1 || {
		cat "$log" >&2
		die "apt-get could not install $packages"
	}
	for package in $packages; do
		case $package in
		openvswitch-switch | gobgpd) retire_service "$package" ;;
		esac
	done
}

# retire_service SERVICE stops and disables a service that its package has just
# started. A lab runs its own; the server's would only listen and wait.
retire_service() {
	if [ -d /run/systemd/system ]; then
		systemctl disable --now --quiet "$1" || say "could not stop $1"
	elif [ -x "/etc/init.d/$1" ]; then
		"/etc/init.d/$1" stop >/dev/null 2>&1 || say "could not stop $1"
		update-rc.d "$1" disable >/dev/null 2>&1 || say "could not disable $1"
	fi
}

# --- Go ---------------------------------------------------------------------

# go_is_new GO tells whether that go command can build this module. The module's
# own toolchain line must not send an old one off to download another.
go_is_new() {
	has "$1" || return 1
	have=$(cd / && GOTOOLCHAIN=local "$1" env GOVERSION 2>/dev/null) || return 1
	want=$(sed -n 's/^go //p' go.mod)
	lower=$(printf '%s\n%s\n' "${have#go}" "$want" | sort -V | head -n 1)
	[ "$lower" = "$want" ]
}

# find_go puts a go command that is new enough first in PATH. sudo's PATH has
# no /usr/local/go/bin, where Go's own instructions put it.
find_go() {
	fetched=$cache/go/bin
	for go in go /usr/local/go/bin/go "$fetched/go"; do
		if go_is_new "$go"; then
			case $go in */*) PATH=$(dirname "$go"):$PATH ;; esac
			return 0
		fi
	done
	fetch_go
	PATH=$fetched:$PATH
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
	platform=$("$go" env GOOS)-$("$go" env GOARCH)
	module=golang.org/toolchain@v0.0.1-$go_release.$platform
	say "fetching $go_release into .cache"
	modules=$cache/modules
	(cd / && GOTOOLCHAIN=local GOFLAGS= GO111MODULE=on GOMODCACHE=$modules "$go" mod download "$module") ||
		die "could not fetch $go_release; install Go $(sed -n 's/^go //p' go.mod) or newer by hand and run this again"
	rm -rf "$cache/go"
	mv "$modules/$module" "$cache/go"
	repair_go "$cache/go"
	chmod -R u+w "$modules" # module caches are read-only, and this one is done with
	rm -rf "$modules"
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

# --- Docker, for the tests ---------------------------------------------------

# start_docker starts a daemon of our own where none answers. It has its own
# socket and data, no bridge and no packet filter rules, and ends with us.
start_docker() {
	! docker version >/dev/null 2>&1 || return 0
	has dockerd || return 0
	docker_dir=$(mktemp -d /var/tmp/pseudowan-docker.XXXXXX)
	DOCKER_HOST=unix://$docker_dir/docker.sock
	export DOCKER_HOST
	dockerd --host "$DOCKER_HOST" --data-root "$docker_dir/data" --exec-root "$docker_dir/exec" \
		--pidfile "$docker_dir/pid" --bridge none --iptables=false --ip6tables=false \
		>"$docker_dir/log" 2>&1 &
	docker_pid=$!
	tries=0
	until docker version >/dev/null 2>&1; do
		tries=$((tries + 1))
		if [ $tries -gt 150 ] || ! kill -0 "$docker_pid" 2>/dev/null; then
			say "the Docker daemon does not start; tests that need it will say so:"
			tail -n 3 "$docker_dir/log"
			return 0
		fi
		sleep 0.2
	done
}

stop_docker() {
	[ -n "${docker_pid-}" ] || return 0
	kill "$docker_pid" 2>/dev/null || true
	wait "$docker_pid" 2>/dev/null || true
	rm -rf "$docker_dir"
}

# --- the two jobs ------------------------------------------------------------

# What `pseudowan` itself needs, and the build.
runtime="make:make ip:iproute2 ping:iputils-ping ovs-vswitchd:openvswitch-switch"

# What the tests look with, and compare with.
tools="ethtool:ethtool traceroute:traceroute tcpdump:tcpdump tshark:tshark iperf3:iperf3
	gobgpd:gobgpd busybox:busybox-static docker:docker.io"

demo() {
	# shellcheck disable=SC2086
	install_packages $runtime
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

run_tests() {
	# shellcheck disable=SC2086
	install_packages $runtime $tools
	find_go
	start_docker
	make
	make test
}

# clean_up runs however the script ends. What was built belongs to the user who
# called sudo, so that the next `make` without sudo can replace it.
clean_up() {
	stop_docker
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
mkdir -p "$cache"
echo '*' >"$cache/.gitignore"
log=$(mktemp)
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
$job
