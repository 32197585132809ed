#!/bin/sh
# Tests both datapaths on Debian's kernel: the kernel's, which a lab chooses there by
# default, with everything that forwards; and netdev, although the kernel has a
# datapath. `run.sh system` also runs what does not depend on the datapath.
#
#   sh vmtest/all.sh          everything: a quarter of an hour
#   sh vmtest/all.sh brief    the kernel's datapath and what is on the wire: five minutes
set -eu
cd "$(dirname "$0")"

if [ "${1-}" = brief ]; then
	exec sh run.sh auto labs -test.run '^TestReal(Datapath|BGPDrives|Isolation|Overlapping|Router|Traceroute|FullSize|Labels|TTL|Flow)'
fi

begin=$(date +%s)
code=0
sh run.sh auto labs -test.run '^TestReal(Datapath|BGPDrives|DualStack|IPv6Core|PathMTU|Isolation|Overlapping|Router|Traceroute|UpAndDown|AgentCrash|FullSize|MACChange|HostGone|Inside|Labels|TTL|Flow|NIC|Customer|DualHomed)' || code=$?
# Ten VPNs, each of whose sites is pinged, in a machine of their own: its time limit is not that of all others.
sh run.sh auto labs -test.run '^TestRealOtherEnd' || code=$?
sh run.sh system ovs || code=$?
sh run.sh netdev hosts,server || code=$?
sh run.sh netdev labs -test.run '^TestReal(Datapath|FullSize|Inside|Isolation|Labels|Flow)' || code=$?
echo "vmtest: ended with code $code after $(($(date +%s) - begin)) s"
exit "$code"
