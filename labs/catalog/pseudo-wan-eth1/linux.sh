#!/bin/sh
# The other end of the lab pseudo-wan-eth1 on a Linux box with a kernel that has MPLS
# and VRFs (Debian's and Ubuntu's have), below FRR with frr.conf. Run it as root before
# FRR starts; its argument is the NIC that is wired to eth1 of pseudowan's server.
#
# Each VPN has one host, 30.N.0.2, and ten LANs, 130.N.0.0/24 to 130.N.9.0/24, here
# addresses of a dummy interface, so that they answer. For real customers put their
# interfaces into the VRFs instead: ip link set eth2 master vpn101.
set -eu
nic=${1:-eth1}

modprobe -a mpls_router mpls_iptunnel vrf dummy
sysctl -qw net.mpls.platform_labels=1048575 net.mpls.conf."$nic".input=1 \
	net.ipv4.ip_forward=1 net.ipv4.conf.all.rp_filter=0 net.ipv4.conf."$nic".rp_filter=0
ip link set "$nic" up
ip address replace 192.168.0.2/30 dev "$nic"

n=0
for vpn in 101 102 103 201 202 203 301 302 401 402; do
	n=$((n + 1))
	ip link add "vpn$vpn" type vrf table "$vpn" 2>/dev/null || true
	ip link add "site$vpn" type dummy 2>/dev/null || true
	ip link set "vpn$vpn" up
	ip link set "site$vpn" master "vpn$vpn" up
	sysctl -qw net.ipv4.conf."vpn$vpn".rp_filter=0
	ip address replace "30.$n.0.2/24" dev "site$vpn"
	for lan in 0 1 2 3 4 5 6 7 8 9; do
		ip address replace "130.$n.$lan.1/24" dev "site$vpn"
	done
done
