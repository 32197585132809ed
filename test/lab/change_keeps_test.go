package lab

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"pseudowan/status"
)

const faulty = `name: NAME
runtime: netns
routers: {pe1: {as: 65001}, pe2: {as: 65001}}
links:
  - ends: [pe1:eth1, pe2:eth1]
    subnets: [192.168.0.0/30]
  - ends: [pe1:eth2, pe2:eth2]
    subnets: [192.168.0.4/30]
vrfs:
  red: {rts: "65000:1"}
  blue: {rts: "65000:2", on: [pe1, pe2]}
hosts:
  h1: {to: pe1, vrf: red, addresses: 10.1.0.2/24}
  h2: {to: pe2, vrf: red, addresses: 10.2.0.2/24}
  b1: {to: pe1, vrf: blue, addresses: 10.1.0.2/24}
`

// isDown tests that an interface of a router is, and stays, down.
func isDown(t *testing.T, l lab, when, node, iface string) {
	t.Helper()
	for range 5 {
		if out := command("nsenter", "--net="+l.netns(node), "ip", "-o", "link", "show", iface).stdout; strings.Contains(strings.SplitN(out, ">", 2)[0], ",UP") || out == "" {
			t.Fatalf("%s, %s:%s is not down: %s", when, node, iface, out)
		}
		time.Sleep(300 * time.Millisecond)
	}
}

// What was done to a lab by hand stays when its nodes stop and start, when a change
// concerns them, and when a change of something else is cut short: links are cut, hosts
// stopped, and injected routes announced.
func TestRealChangeKeepsFaults(t *testing.T) {
	l := fromText(t, t.TempDir(), "pwt-keeps", strings.ReplaceAll(faulty, "NAME", "pwt-keeps"))
	l.up(t)
	in := func(args ...string) string { t.Helper(); return must(t, append(args, "--lab", l.name)...) }
	in("link", "pe1:eth1", "down")
	in("stop", "pe1")
	in("start", "pe1")
	isDown(t, l, "after the start of pe1", "pe1", "eth1")
	killByArgs(syscall.SIGKILL, "agent", l.name)
	must(t, "wait", l.name, "--for", "node=pe1")
	isDown(t, l, "after the agents were killed", "pe1", "eth1")

	var port string
	for _, i := range table[status.Interface](t, l, "interface", "--router", "pe1") {
		if i.VRF == "red" {
			port = i.Name
		}
	}
	in("link", "h1:eth0", "down")
	isDown(t, l, "when it was cut", "pe1", port)
	in("host", "attach", "h1", "to=pe2", "vrf=red", "addresses=10.4.0.2/24")
	isDown(t, l, "after an attachment of its host", "pe1", port)
	in("link", "h1:eth0", "up")
	in("host", "detach", "h1", "eth1")
	in("link", "h1:eth0", "down")

	in("stop", "b1")
	must(t, "inject", l.name, "--router", "pe2", "--vrf", "blue", "--count", "20", "--keep")
	for i := range 6 {
		testCutShort(t, l, i)
	}
	in("host", "del", "h1")
	var rows []status.Node
	if err := json.Unmarshal([]byte(must(t, "ps", "--lab", l.name, "-o", "json")), &rows); err != nil || strings.Contains(fmt.Sprint(rows), port) {
		t.Errorf("%v: of h1's wire is left: %v", err, rows)
	}
}

// testCutShort kills or interrupts a change, and tests that the rest is left alone.
func testCutShort(t *testing.T, l lab, i int) {
	t.Helper()
	cmd := exec.Command(program, "host", "add", "h9", "to=pe1", "vrf=red", "addresses=10.9.0.2/24", "--lab", l.name)
	var said strings.Builder
	cmd.Stderr = &said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	sig := []os.Signal{syscall.SIGKILL, syscall.SIGINT}[i%2]
	time.AfterFunc(time.Duration(30+10*i)*time.Millisecond, func() { _ = cmd.Process.Signal(sig) })
	_ = cmd.Wait() // killed, taken back, or done
	r := pseudowan("vrf", "set", "red", fmt.Sprintf("max-routes=%d", 100+i), "--lab", l.name)
	if r.code != 0 {
		t.Fatalf("the next command: %d\n%s", r.code, r.stderr)
	}
	t.Logf("%s: %s%s", sig, &said, r.stderr)
	isDown(t, l, "after a change that was cut short", "pe1", "eth1")
	if got := nodeState(t, l, "b1"); got != status.NodeStopped {
		t.Errorf("b1 was stopped, and is %s", got)
	}
	eventually(t, 20*time.Second, func() error {
		vrfs := table[status.VRF](t, l, "vrf", "--router", "pe2", "--vrf", "blue")
		if len(vrfs) != 1 || len(vrfs[0].Routes) < 20 {
			return fmt.Errorf("of 20 injected routes there are %v", vrfs)
		}
		return nil
	})
	if out := must(t, "export", "--lab", l.name); strings.Contains(out, "h9") {
		must(t, "host", "del", "h9", "--lab", l.name)
	}
}
