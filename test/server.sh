#!/bin/sh
# Runs a command on a server of its own: network, processes, state of labs and of Docker.
# All that it starts ends with it.
#
#   sudo sh test/server.sh COMMAND...
set -eu

# The kernel's settings in /sys are those of the network in which it is mounted, and the
# control groups below it are no namespace's.
exec unshare --mount --net --pid --uts --ipc --fork --kill-child --mount-proc sh -euc '
mount --make-rprivate /
groups=$(mktemp -d)
mount --rbind /sys/fs/cgroup "$groups"
mount -t sysfs sysfs /sys
mount --rbind "$groups" /sys/fs/cgroup
umount -l "$groups"
rmdir "$groups"
mount -t tmpfs tmpfs /run
mkdir -p /run/lock /run/openvswitch
for dir in /var/lib/pseudowan /var/log/pseudowan /var/lib/docker /var/lib/containerd; do
	mkdir -p "$dir"
	mount -t tmpfs tmpfs "$dir"
done
ip link set lo up
"$@"' sh "$@"
