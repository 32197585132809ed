package runtimetest

import (
	"bytes"
	"context"
	"errors"
	"net/netip"
	"os/exec"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"pseudowan/hosts"
	"pseudowan/hosts/hoststest"
)

// Suite tests what every runtime must do.
func Suite(t *testing.T, newRuntime func(*testing.T) hosts.Runtime) {
	tests := map[string]func(*testing.T, *Host){
		"exit codes":          suiteExitCodes,
		"names":               Names,
		"environment":         suiteEnvironment,
		"directories":         suiteDirectories,
		"signals":             suiteSignals,
		"kept as it is":       suiteEnsureTwice,
		"listed by marks":     suiteList,
		"removed, and twice":  suiteRemove,
		"settings of a host":  Settings,
		"wired and reachable": suiteWired,
		"terminal":            suiteTerminal,
		"no terminal":         suiteNoTerminal,
		"no terminal, signal": suiteNoTerminalSignals,
		"half a terminal":     suiteHalfTerminal,
		"own command":         suiteOwnCommand,
		"own command's end":   suiteOwnCommandEnds,
		"log":                 suiteLog,
		"files":               suiteFiles,
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, New(t, newRuntime(t)))
		})
	}
}

func suiteExitCodes(t *testing.T, h *Host) {
	for _, tt := range []struct {
		argv []string
		want int
	}{
		{[]string{"true"}, 0},
		{[]string{"sh", "-c", "exit 42"}, 42},
		{[]string{"no-such-program"}, 127},
		{[]string{"/no/such/program"}, 127},
		{[]string{"/etc/hosts"}, 126},
	} {
		cmd := h.InnerCommand(t, hosts.Exec{Argv: tt.argv})
		out, _ := cmd.CombinedOutput()
		if got := cmd.ProcessState.ExitCode(); got != tt.want {
			t.Errorf("%q: exit code %d, want %d: %s", tt.argv, got, tt.want, out)
		}
		if tt.want > 100 && !bytes.Contains(out, []byte(tt.argv[0])) {
			t.Errorf("%q: the message does not name it: %s", tt.argv, out)
		}
	}
}

// Names tests a host's name, and the names that it resolves.
func Names(t *testing.T, h *Host) {
	if got := h.Sh(t, "hostname"); got != "node_1" {
		t.Errorf("hostname: %q", got)
	}
	hosts := h.Sh(t, "cat /etc/hosts")
	if !strings.Contains(hosts, "10.9.8.7\tother other.lab") || !strings.Contains(hosts, "localhost") {
		t.Errorf("/etc/hosts:\n%s", hosts)
	}
	if got := h.Sh(t, "cat /etc/hostname"); got != "node_1" {
		t.Errorf("/etc/hostname: %q", got)
	}
	if got := h.Sh(t, "cat /etc/resolv.conf"); strings.Contains(got, "nameserver") {
		t.Errorf("/etc/resolv.conf: %q", got)
	}
}

func suiteEnvironment(t *testing.T, h *Host) {
	cmd := h.InnerCommand(t, hosts.Exec{Argv: []string{"sh", "-c", `echo "$COLOUR $TWO $MORE"; pwd`}, Env: []string{"MORE=yes"}, Dir: "/etc"})
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	if want := "blue a b\nc yes\n/etc\n"; string(out) != want {
		t.Errorf("got %q, want %q", out, want)
	}
}

// Commands of one host share /run and /tmp; nobody else sees them.
func suiteDirectories(t *testing.T, h *Host) {
	token := hoststest.Unique()
	h.Sh(t, "echo one >/tmp/"+token+"; echo two >/run/"+token)
	if got := h.Sh(t, "cat /tmp/"+token+" /run/"+token); got != "one\ntwo" {
		t.Errorf("read back %q", got)
	}
	for _, dir := range []string{"/tmp/", "/run/"} {
		if out, err := exec.Command("cat", dir+token).CombinedOutput(); err == nil {
			t.Errorf("the server sees %s%s: %s", dir, token, out)
		}
	}
}

func suiteSignals(t *testing.T, h *Host) {
	cmd := h.InnerCommand(t, hosts.Exec{Argv: []string{"sh", "-c", "trap 'exit 7' TERM; echo ready; while :; do sleep 0.05; done"}})
	startReady(t, cmd)
	if err := cmd.Process.Signal(unix.SIGTERM); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	if got := cmd.ProcessState.ExitCode(); got != 7 {
		t.Errorf("exit code %d, want the trap's 7", got)
	}
}

// inode identifies a namespace among those at the same path.
func inode(t *testing.T, path string) uint64 {
	t.Helper()
	var st unix.Stat_t
	if err := unix.Stat(path, &st); err != nil {
		t.Fatal(err)
	}
	return st.Ino
}

func suiteEnsureTwice(t *testing.T, h *Host) {
	before := inode(t, h.Box.NetNS)
	h.Spec.Hosts = append(h.Spec.Hosts, hosts.HostsEntry{Addr: netip.MustParseAddr("2001:db8::7"), Names: []string{"later"}})
	box, err := h.Ensure(context.Background(), h.Spec)
	if err != nil {
		t.Fatal(err)
	}
	if box.NetNS != h.Box.NetNS || inode(t, box.NetNS) != before {
		t.Errorf("made again: %+v, was %+v", box, h.Box)
	}
	if got := h.Sh(t, "cat /etc/hosts"); !strings.Contains(got, "2001:db8::7\tlater") {
		t.Errorf("/etc/hosts is outdated:\n%s", got)
	}
	h.Spec.Node = "another"
	if _, err := h.Ensure(context.Background(), h.Spec); !errors.Is(err, hosts.ErrForeign) {
		t.Errorf("a name in use by another node: %v, want hosts.ErrForeign", err)
	}
}

func suiteList(t *testing.T, h *Host) {
	got, err := h.List(context.Background(), h.Spec.Lab)
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != 1 || got[0] != h.Box {
		t.Errorf("List: %+v, want %+v", got, h.Box)
	}
	if got, err := h.List(context.Background(), "no-such-lab"); err != nil || len(got) != 0 {
		t.Errorf("List of another lab: %+v, %v", got, err)
	}
}

func suiteRemove(t *testing.T, h *Host) {
	cmd := h.InnerCommand(t, hosts.Exec{Argv: []string{"sh", "-c", "trap '' TERM HUP; echo ready; while :; do sleep 0.05; done"}})
	startReady(t, cmd)
	defer func() { _ = cmd.Wait() }()
	start := time.Now()
	for range 2 {
		if err := h.Remove(context.Background(), h.Box); err != nil {
			t.Fatal(err)
		}
	}
	if took := time.Since(start); took > 15*time.Second {
		t.Errorf("Remove took %v", took)
	}
	if got, err := h.List(context.Background(), h.Spec.Lab); err != nil || len(got) != 0 {
		t.Errorf("still listed: %+v, %v", got, err)
	}
}

// Settings tests the kernel settings of a host.
func Settings(t *testing.T, h *Host) {
	for path, want := range map[string]string{
		"ipv6/conf/default/disable_ipv6": "0",
		"ipv6/conf/default/accept_dad":   "0",
		"ipv4/conf/all/arp_notify":       "1",
		"ipv6/conf/all/ndisc_notify":     "1",
		"ipv4/icmp_ratelimit":            "0",
	} {
		if got := h.Sh(t, "cat /proc/sys/net/"+path); got != want {
			t.Errorf("%s is %s, want %s", path, got, want)
		}
	}
}

func prefixes(list ...string) []netip.Prefix {
	var ps []netip.Prefix
	for _, s := range list {
		ps = append(ps, netip.MustParsePrefix(s))
	}
	return ps
}

func suiteWired(t *testing.T, h *Host) {
	other := NewPeer(t)
	_, err := hosts.EnsureWires(context.Background(), []hosts.Wire{{
		A: hosts.WireEnd{Namespace: other.Path(), Name: "eth0", Alias: "other:eth0", NoOffload: true},
		B: hosts.WireEnd{Namespace: h.Box.NetNS, Name: "eth0", Alias: "node_1:eth0", NoOffload: true},
	}})
	if err != nil {
		t.Fatal(err)
	}
	n := hosts.Network{Interfaces: []hosts.Interface{{Name: "eth0", Addresses: prefixes("10.0.0.1/24", "2001:db8::1/64")}}}
	if _, err := hosts.Configure(context.Background(), other.Path(), n); err != nil {
		t.Fatal(err)
	}
	n = hosts.Network{
		Interfaces: []hosts.Interface{
			{Name: "eth0", Addresses: prefixes("10.0.0.2/24", "2001:db8::2/64")},
			{Name: "eth1", LAN: true, Addresses: prefixes("110.0.0.1/24")},
		},
		Routes: []hosts.Route{{Prefix: netip.MustParsePrefix("0.0.0.0/0"), Via: netip.MustParseAddr("10.0.0.1"), Interface: "eth0"}},
	}
	for range 2 {
		if _, err := hosts.Configure(context.Background(), h.Box.NetNS, n); err != nil {
			t.Fatal(err)
		}
	}
	h.Sh(t, "ping -c1 -W5 10.0.0.1 && ping -c1 -W5 2001:db8::1")
	if got := h.Sh(t, "ls /sys/class/net"); !strings.Contains(got, "eth1") {
		t.Errorf("/sys shows %q", got)
	}
}
