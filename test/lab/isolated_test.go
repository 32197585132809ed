package lab

import (
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"
)

// isolated is a server of its own for labs that change the server: network, processes,
// /run and /var/lib are nobody else's, so that its state can be compared as a whole.
type isolated struct{ pid string }

// outsideOf is what every isolated server has: a NIC eth0 with static addresses and
// default routes, and behind it a machine with an address beyond.
const outsideOf = `
mount --make-rprivate /; mount -t tmpfs -o mode=755 tmpfs /run; mount -t tmpfs -o mode=755 tmpfs /var/lib
mkdir /run/.cg; mount --rbind /sys/fs/cgroup /run/.cg; mount -t sysfs sysfs /sys; mount --rbind /run/.cg /sys/fs/cgroup
echo 0 >/proc/sys/net/ipv4/ip_forward; ip link set lo up; ip netns add out
ip link add eth0 type veth peer name eth0 netns out
ip addr add 192.0.2.2/24 dev eth0; ip addr add 2001:db8:ffff::2/64 dev eth0 nodad; ip link set eth0 up
ip -n out addr add 192.0.2.1/24 dev eth0; ip -n out addr add 2001:db8:ffff::1/64 dev eth0 nodad; ip -n out link set eth0 up
ip -n out link set lo up; ip -n out addr add 203.0.113.9/32 dev lo; ip -n out addr add 2001:db8:9::9/128 dev lo
ip route add default via 192.0.2.1; ip -6 route add default via 2001:db8:ffff::1 metric 2048
while ip -6 addr show dev eth0 | grep -q tentative; do sleep 0.05; done
`

// newIsolated makes an isolated server for the duration of the test.
func newIsolated(t *testing.T) isolated {
	t.Helper()
	cmd := exec.Command("unshare", "--mount", "--net", "--uts", "--ipc", "--pid", "--fork", "--kill-child", "--mount-proc",
		"sh", "-c", outsideOf+"echo ready; exec sleep infinity")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var errs strings.Builder
	cmd.Stderr = &errs
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	said := make([]byte, 5)
	if _, err := out.Read(said); err != nil || string(said) != "ready" {
		t.Fatalf("isolated server: %v: %s", err, errs.String())
	}
	children := command("ps", "-o", "pid=", "--ppid", strconv.Itoa(cmd.Process.Pid))
	return isolated{pid: strings.Fields(children.stdout)[0]}
}

// run runs a shell command on the server.
func (s isolated) run(script string) result {
	return command("nsenter", "-t", s.pid, "-m", "-n", "-u", "-i", "-p", "sh", "-c", "PW="+program+"; "+script)
}

// must runs a shell command on the server, and fails the test if it fails.
func (s isolated) must(t *testing.T, script string) string {
	t.Helper()
	r := s.run(script)
	if r.code != 0 {
		t.Fatalf("%s: exit code %d\n%s%s", script, r.code, r.stdout, r.stderr)
	}
	return r.stdout
}

// soon waits until a shell command succeeds on the server.
func (s isolated) soon(t *testing.T, script string) string {
	t.Helper()
	var r result
	for deadline := time.Now().Add(patience(20 * time.Second)); ; time.Sleep(100 * time.Millisecond) {
		if r = s.run(script); r.code == 0 {
			return r.stdout
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s: exit code %d\n%s%s", script, r.code, r.stdout, r.stderr)
		}
	}
}

// state is what down has to leave as it was.
func (s isolated) state(t *testing.T) string {
	t.Helper()
	return s.must(t, `nft list ruleset; tc qdisc show dev eth0; tc filter show dev eth0 ingress; tc filter show dev eth0 egress
ip -o link | sed 's/^[0-9]*: //'; ip -o addr | sed 's/^[0-9]*: //; s/[0-9]*sec//g; s/tentative //'; ip rule; ip -6 rule; ip -4 route show table all
ip -6 route show table all | grep -v '^multicast\|fe80::' | sed 's/expires [0-9]*sec//'
cd /proc/sys/net; grep -r . ipv4/ip_forward ipv4/conf/*/forwarding ipv4/conf/*/rp_filter ipv6/conf/*/forwarding ipv6/conf/*/accept_ra ipv6/conf/*/accept_dad
ls -A /run/pseudowan /var/lib/pseudowan 2>/dev/null; true`)
}
