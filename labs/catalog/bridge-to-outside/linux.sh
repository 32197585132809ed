#!/bin/sh
# The other end of the lab bridge-to-outside: a LAN with a router, which gives IPv4
# addresses by DHCP (dnsmasq) and advertises two IPv6 prefixes (radvd), those of the LXC
# articles. Run as root on a machine behind the server's NIC, or in a namespace:
#
#   ip netns add lan; ip link add eth0 type veth peer name eth0 netns lan
#   ip netns exec lan sh linux.sh eth0
#
# It stays in the foreground; Ctrl-C ends both daemons.
set -eu
nic=${1:-eth0}
dir=$(mktemp -d)
chmod 755 "$dir"
ip link set lo up
ip link set "$nic" up
ip address replace 192.168.215.1/24 dev "$nic"
ip address replace 2001:db8:ebbd:2080::1/64 dev "$nic" nodad
ip address replace fd6a:c19d:b07:2080::1/64 dev "$nic" nodad
sysctl -qw net.ipv6.conf.all.forwarding=1

cat >"$dir/radvd.conf" <<END
interface $nic {
  AdvSendAdvert on;
  MinRtrAdvInterval 3;
  MaxRtrAdvInterval 10;
  prefix 2001:db8:ebbd:2080::/64 { };
  prefix fd6a:c19d:b07:2080::/64 { };
};
END
radvd -n -C "$dir/radvd.conf" -p "$dir/radvd.pid" -m stderr &
radvd=$!
trap 'kill $radvd; rm -rf "$dir"' EXIT
trap 'exit 0' INT TERM
dnsmasq --keep-in-foreground --conf-file=/dev/null --port=0 --interface="$nic" --bind-interfaces \
	--leasefile-ro --pid-file= --log-facility=- --user=root --no-ping \
	--dhcp-range=192.168.215.100,192.168.215.250,1h --dhcp-option=option:router,192.168.215.1 \
	--dhcp-host=00:16:3e:cf:be:f5,192.168.215.104 --dhcp-host=00:16:3e:7f:b6:a5,192.168.215.232 \
	--dhcp-host=00:16:3e:63:45:44,192.168.215.208 --dhcp-host=00:16:3e:72:44:b6,192.168.215.198
