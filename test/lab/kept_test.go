package lab

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// What hosts keep outlives a reboot, and an up after it that fails and is undone, killed
// half-way or not; down removes it.
func TestRealKeptAfterAFailedUp(t *testing.T) {
	s, dir := newIsolated(t), t.TempDir()
	write := func(service string) string {
		file := filepath.Join(dir, "kept.yaml")
		text := strings.ReplaceAll(`
name: pwt-kept
runtime: netns
node-prefix: pwt-kept-
routers: {pe1: {as: 65000}}
vrfs: {red: {rts: "65000:1"}}
hosts:
  a: {to: pe1, vrf: red, addresses: [10.1.0.2/24], keep: /var/lib/pwt, services: {s: {command: [sh, -c, "SERVICE"], ready: is up, restart: never}}}
`, "SERVICE", service)
		if err := os.WriteFile(file, []byte(withDatapath(text)), 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	const good, bad = "echo s is up; exec sleep 1000", "exit 1"
	reboot := func() {
		t.Helper()
		s.must(t, `for p in $(ls /proc | grep -E '^[0-9]+$'); do [ $p -eq 1 ] || ! tr '\0' ' ' </proc/$p/cmdline | grep -qE '^/proc/self/exe |^ovs' || kill -9 $p; done 2>/dev/null
			for n in $(ip netns list | grep -o '^pw-[^ ]*'); do ip netns pids $n | xargs -r kill -9; ip netns del $n; done; rm -rf /run/pseudowan`)
	}
	s.must(t, "$PW up "+write(good)+" && $PW exec a -- sh -c 'echo kept >/var/lib/pwt/file'")
	reboot()
	if r := s.run("$PW up " + write(bad)); r.code != 3 {
		t.Errorf("up with a service that ends: exit code %d\n%s", r.code, r.stderr)
	}
	s.must(t, "grep -rq kept /var/lib/pseudowan/pwt-kept/keep")
	s.run("timeout -s KILL 0.4 $PW up " + write(bad)) // while it starts, or undoes
	s.must(t, "$PW up "+write(good)+" && $PW exec a -- grep kept /var/lib/pwt/file")
	s.must(t, "$PW down pwt-kept && ! ls -A /var/lib/pseudowan/ | grep kept")
}
