package lab

import (
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// tenChanges are changes, each of which is possible after those before it; the last ones
// take the first ones back.
var tenChanges = []string{
	"vrf add blue rts=65000:2 on=pe1",
	"host add h9 to=pe1 vrf=blue addresses=10.9.0.2/24",
	"route add blue 172.16.0.0/16 10.9.0.2",
	"host attach h9 to=pe2 vrf=red addresses=10.10.0.2/24",
	"vrf set blue max-routes=100",
	"vrf set red label-mode=per-vrf",
	"host detach h9 eth1",
	"route del blue 172.16.0.0/16",
	"host del h9",
	"vrf del blue",
}

// killPoints is in how many moments of each change each of the victims is killed;
// PSEUDOWAN_KILLS overrides it. By default only one of them is, in turn.
const killPoints = 0

// Whatever is killed during a change - the command itself, the agents, the keeper, or a
// router's switch - the next command finds a lab that is as before the change or as after
// it, says which if it had to settle that, and hosts reach each other as they should.
func TestRealChangeKilled(t *testing.T) {
	t.Parallel()
	l := fromText(t, t.TempDir(), "pwt-cut", strings.ReplaceAll(changeable, "NAME", "pwt-cut"))
	l.up(t)
	victims := []string{"command", "agent", "keeper", "switch"}
	points := number(t, "PSEUDOWAN_KILLS", killPoints)
	settled := 0
	for i, change := range tenChanges {
		began := time.Now()
		must(t, "vrf", "set", "red", "max-routes="+strconv.Itoa(100+i), "--lab", l.name)
		takes := time.Since(began)
		if points == 0 {
			settled += killDuring(t, l, change, victims[i%4], takes*time.Duration(i+1)/10)
			continue
		}
		for p := range points {
			for _, v := range victims {
				settled += killDuring(t, l, change, v, takes*time.Duration(p+1)/time.Duration(points))
				if p < points-1 || v != victims[3] {
					undoChange(t, l, i)
				}
			}
		}
	}
	t.Logf("%d changes were settled by the next command", settled)
}

// killDuring kills a victim some time after a change has begun, and tests what is then. The
// change is done at the end. It returns 1 if the next command had something to settle.
func killDuring(t *testing.T, l lab, change, victim string, after time.Duration) (settled int) {
	t.Helper()
	before := must(t, "export", l.name)
	cmd := exec.Command(program, append(strings.Fields(change), "--lab", l.name)...)
	var said strings.Builder
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	time.Sleep(after) // the moment is what is tested
	switch victim {
	case "command":
		_ = cmd.Process.Kill()
	case "switch":
		for _, pid := range l.daemon(t, "pe1", "ovs-vswitchd") {
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
	default:
		killByArgs(syscall.SIGKILL, victim, l.name)
	}
	failed := cmd.Wait() != nil
	where := change + ", " + victim + " killed after " + after.String()
	next := pseudowan("vrf", "set", "red", "max-routes-threshold=70", "--lab", l.name)
	if next.code != 0 {
		t.Fatalf("%s: the command said %s; the next one: %d, %s", where, &said, next.code, next.stderr)
	}
	must(t, "vrf", "set", "red", "max-routes-threshold=", "--lab", l.name)
	now := must(t, "export", l.name)
	switch asBefore := now == before; {
	case strings.Contains(next.stderr, "as before it") && !asBefore, strings.Contains(next.stderr, "as after it") && asBefore:
		t.Errorf("%s: the next command says %q, and the lab is\n%s", where, next.stderr, now)
	case !failed && asBefore:
		t.Errorf("%s: the command said it was done, and the lab is as before:\n%s", where, &said)
	case failed && !asBefore && victim != "command" && !strings.Contains(said.String()+next.stderr, "as after it"):
		t.Logf("%s: done, and the command said %s", where, &said)
	}
	if strings.Contains(next.stderr, "an interrupted change was") {
		settled = 1
	}
	l.sound(t)
	if now == before {
		must(t, append(strings.Fields(change), "--lab", l.name)...)
	}
	return settled
}

// undoChange takes one of tenChanges back.
func undoChange(t *testing.T, l lab, i int) {
	t.Helper()
	undo := []string{
		"vrf del blue", "host del h9", "route del blue 172.16.0.0/16", "host detach h9 eth1", "vrf set blue max-routes=", "vrf set red label-mode=",
		tenChanges[3], tenChanges[2], tenChanges[1], tenChanges[0],
	}[i]
	must(t, append(strings.Fields(undo), "--lab", l.name)...)
}
