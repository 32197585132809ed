package hosts

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
)

func newNetNSRuntime(t *testing.T) Runtime {
	needRoot(t)
	return newNetNSAt(t, t.TempDir())
}

func newNetNSAt(t *testing.T, dir string) *NetNSRuntime {
	t.Helper()
	r, err := NetNSDriver().Open(Options{StateDir: dir, Enter: []string{"/proc/self/exe", "enter"}})
	if err != nil {
		t.Fatal(err)
	}
	return r.(*NetNSRuntime)
}

func TestRealNetNSRuntime(t *testing.T) { runtimeSuite(t, newNetNSRuntime) }

// runtimeSuite is what every runtime keeps.
func runtimeSuite(t *testing.T, newRuntime func(*testing.T) Runtime) {
	tests := map[string]func(*testing.T, *host){
		"exit codes":          suiteExitCodes,
		"names":               suiteNames,
		"environment":         suiteEnvironment,
		"directories":         suiteDirectories,
		"signals":             suiteSignals,
		"kept as it is":       suiteEnsureTwice,
		"listed by marks":     suiteList,
		"removed, and twice":  suiteRemove,
		"settings of a host":  suiteSettings,
		"wired and reachable": suiteWired,
		"terminal":            suiteTerminal,
		"no terminal":         suiteNoTerminal,
		"half a terminal":     suiteHalfTerminal,
		"own command":         suiteOwnCommand,
		"own command's end":   suiteOwnCommandEnds,
		"log":                 suiteLog,
		"files":               suiteFiles,
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, newSuiteHost(t, newRuntime(t)))
		})
	}
}

// host is one host of a runtime under test.
type host struct {
	Runtime
	spec Spec
	box  Sandbox
}

func newSuiteHost(t *testing.T, r Runtime) *host {
	t.Helper()
	name := unique()
	h := &host{Runtime: r, spec: Spec{
		Lab: name, Node: "node_1", Name: name, Namespace: name,
		Hosts: []HostsEntry{{netip.MustParseAddr("10.9.8.7"), []string{"other", "other.lab"}}},
		Env:   map[string]string{"COLOUR": "blue", "TWO": "a b\nc"},
	}}
	box, err := r.Ensure(context.Background(), h.spec)
	if err != nil {
		t.Fatal(err)
	}
	h.box = box
	t.Cleanup(func() {
		if err := r.Remove(context.Background(), box); err != nil {
			t.Error(err)
		}
	})
	return h
}

func (h *host) command(t *testing.T, e Exec) *exec.Cmd {
	t.Helper()
	cmd, err := h.Command(context.Background(), h.box, e)
	if err != nil {
		t.Fatal(err)
	}
	return cmd
}

// ensure asks for another command of the host's own, and returns the PID.
func (h *host) ensure(t *testing.T, command ...string) int {
	t.Helper()
	h.spec.Command = command
	box, err := h.Ensure(context.Background(), h.spec)
	if err != nil {
		t.Fatal(err)
	}
	return box.PID
}

// sh runs a line of shell inside and returns what it prints.
func (h *host) sh(t *testing.T, line string) string {
	t.Helper()
	cmd := h.command(t, Exec{Argv: []string{"sh", "-c", line}})
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v: %s", line, err, &stderr)
	}
	return strings.TrimSpace(string(out))
}

func suiteExitCodes(t *testing.T, h *host) {
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
		cmd := h.command(t, Exec{Argv: tt.argv})
		out, _ := cmd.CombinedOutput()
		if got := cmd.ProcessState.ExitCode(); got != tt.want {
			t.Errorf("%q: exit code %d, want %d: %s", tt.argv, got, tt.want, out)
		}
		if tt.want > 100 && !bytes.Contains(out, []byte(tt.argv[0])) {
			t.Errorf("%q: the message does not name it: %s", tt.argv, out)
		}
	}
}

func suiteNames(t *testing.T, h *host) {
	if got := h.sh(t, "hostname"); got != "node_1" {
		t.Errorf("hostname: %q", got)
	}
	hosts := h.sh(t, "cat /etc/hosts")
	if !strings.Contains(hosts, "10.9.8.7\tother other.lab") || !strings.Contains(hosts, "localhost") {
		t.Errorf("/etc/hosts:\n%s", hosts)
	}
	if got := h.sh(t, "cat /etc/hostname"); got != "node_1" {
		t.Errorf("/etc/hostname: %q", got)
	}
	if got := h.sh(t, "cat /etc/resolv.conf"); strings.Contains(got, "nameserver") {
		t.Errorf("/etc/resolv.conf: %q", got)
	}
}

func suiteEnvironment(t *testing.T, h *host) {
	cmd := h.command(t, Exec{Argv: []string{"sh", "-c", `echo "$COLOUR $TWO $MORE"; pwd`}, Env: []string{"MORE=yes"}, Dir: "/etc"})
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	if want := "blue a b\nc yes\n/etc\n"; string(out) != want {
		t.Errorf("got %q, want %q", out, want)
	}
}

// Commands of one host share /run and /tmp; nobody else sees them.
func suiteDirectories(t *testing.T, h *host) {
	token := unique()
	h.sh(t, "echo one >/tmp/"+token+"; echo two >/run/"+token)
	if got := h.sh(t, "cat /tmp/"+token+" /run/"+token); got != "one\ntwo" {
		t.Errorf("read back %q", got)
	}
	for _, dir := range []string{"/tmp/", "/run/"} {
		if out, err := exec.Command("cat", dir+token).CombinedOutput(); err == nil {
			t.Errorf("the server sees %s%s: %s", dir, token, out)
		}
	}
}

func suiteSignals(t *testing.T, h *host) {
	cmd := h.command(t, Exec{Argv: []string{"sh", "-c", "trap 'exit 7' TERM; echo ready; while :; do sleep 0.05; done"}})
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := out.Read(make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Process.Signal(unix.SIGTERM); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	if got := cmd.ProcessState.ExitCode(); got != 7 {
		t.Errorf("exit code %d, want the trap's 7", got)
	}
}

func suiteEnsureTwice(t *testing.T, h *host) {
	before := namespaceID(h.box.NetNS)
	h.spec.Hosts = append(h.spec.Hosts, HostsEntry{netip.MustParseAddr("2001:db8::7"), []string{"later"}})
	box, err := h.Ensure(context.Background(), h.spec)
	if err != nil {
		t.Fatal(err)
	}
	if box.NetNS != h.box.NetNS || namespaceID(box.NetNS) != before {
		t.Errorf("made again: %+v, was %+v", box, h.box)
	}
	if got := h.sh(t, "cat /etc/hosts"); !strings.Contains(got, "2001:db8::7\tlater") {
		t.Errorf("/etc/hosts does not follow:\n%s", got)
	}
	h.spec.Node = "another"
	if _, err := h.Ensure(context.Background(), h.spec); !errors.Is(err, ErrForeign) {
		t.Errorf("a name in use by another node: %v, want ErrForeign", err)
	}
}

func suiteList(t *testing.T, h *host) {
	got, err := h.List(context.Background(), h.spec.Lab)
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != 1 || got[0] != h.box {
		t.Errorf("List: %+v, want %+v", got, h.box)
	}
	if got, err := h.List(context.Background(), "no-such-lab"); err != nil || len(got) != 0 {
		t.Errorf("List of another lab: %+v, %v", got, err)
	}
}

func suiteRemove(t *testing.T, h *host) {
	cmd := h.command(t, Exec{Argv: []string{"sh", "-c", "trap '' TERM HUP; echo ready; while :; do sleep 0.05; done"}})
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = cmd.Wait() }()
	if _, err := out.Read(make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	for range 2 {
		if err := h.Remove(context.Background(), h.box); err != nil {
			t.Fatal(err)
		}
	}
	if took := time.Since(start); took > 15*time.Second {
		t.Errorf("Remove took %v", took)
	}
	if got, err := h.List(context.Background(), h.spec.Lab); err != nil || len(got) != 0 {
		t.Errorf("still listed: %+v, %v", got, err)
	}
}

func suiteSettings(t *testing.T, h *host) {
	for path, want := range map[string]string{
		"ipv6/conf/default/disable_ipv6": "0",
		"ipv6/conf/default/accept_dad":   "0",
		"ipv4/conf/all/arp_notify":       "1",
		"ipv6/conf/all/ndisc_notify":     "1",
		"ipv4/icmp_ratelimit":            "0",
	} {
		if got := h.sh(t, "cat /proc/sys/net/"+path); got != want {
			t.Errorf("%s is %s, want %s", path, got, want)
		}
	}
}

func suiteWired(t *testing.T, h *host) {
	other := newHost(t)
	_, err := EnsureWires(context.Background(), []Wire{{
		A: WireEnd{Namespace: other.Path(), Name: "eth0", Alias: "other:eth0", NoOffload: true},
		B: WireEnd{Namespace: h.box.NetNS, Name: "eth0", Alias: "node_1:eth0", NoOffload: true},
	}})
	if err != nil {
		t.Fatal(err)
	}
	configureHost(t, other, Network{Interfaces: []Interface{{Name: "eth0", Addresses: prefixes("10.0.0.1/24", "2001:db8::1/64")}}})
	n := Network{
		Interfaces: []Interface{
			{Name: "eth0", Addresses: prefixes("10.0.0.2/24", "2001:db8::2/64")},
			{Name: "eth1", LAN: true, Addresses: prefixes("110.0.0.1/24")},
		},
		Routes: []Route{{netip.MustParsePrefix("0.0.0.0/0"), netip.MustParseAddr("10.0.0.1"), "eth0"}},
	}
	for range 2 {
		if _, err := Configure(context.Background(), h.box.NetNS, n); err != nil {
			t.Fatal(err)
		}
	}
	h.sh(t, "ping -c1 -W5 10.0.0.1 && ping -c1 -W5 2001:db8::1")
	if got := h.sh(t, "ls /sys/class/net"); !strings.Contains(got, "eth1") {
		t.Errorf("/sys shows %q", got)
	}
}
