#!/bin/sh
# Proves both datapaths on Debian's kernel: the kernel's with everything that
# forwards, netdev beside a kernel that could do it too, with what meets it.
set -eu
cd "$(dirname "$0")"

begin=$(date +%s)
code=0
sh run.sh system labs || code=$?
sh run.sh system ovs || code=$?
sh run.sh netdev hosts || code=$?
sh run.sh netdev labs -test.run '^TestReal(Full|Inside|Isolation|Labels|Overlapping|Router|Flow)' || code=$?
echo "vmtest: ended with code $code after $(($(date +%s) - begin)) s"
exit "$code"
