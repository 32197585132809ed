package lab

import (
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// killed is a change during which something is killed, and what takes it back.
type killed struct{ change, undo string }

// killedChanges are of every kind, each possible after those before it. The last ones take
// others back.
var killedChanges = []killed{
	{"vrf add blue rts=65000:2 on=pe1", "vrf del blue"},
	{"lan add office to=pe1 vrf=blue subnets=[10.9.0.0/24]", "lan del office"},
	{"host add h9 to=office addresses=10.9.0.2/24", "host del h9"},
	{"host move h9 to=pe1 vrf=blue addresses=10.11.0.2/24", "host move h9 to=office addresses=10.9.0.2/24"},
	{"route add blue 172.16.0.0/16 10.11.0.2", "route del blue 172.16.0.0/16"},
	{"host attach h9 to=pe2 vrf=red addresses=10.10.0.2/24", "host detach h9 eth1"},
	{"prefix-list add tens 10.0.0.0/8", "prefix-list del tens"},
	{`policy add prefer {"match":{"prefixes":"tens"},"set":{"local-pref":200}}`, "policy del prefer"},
	{"neighbor set pe2 --router pe1 import-policy=prefer", "neighbor set pe2 --router pe1 import-policy="},
	{"prefix-list set tens 10.0.0.0/9", "prefix-list set tens 10.0.0.0/8"},
	{`policy set prefer {"set":{"local-pref":300}}`, `policy set prefer {"match":{"prefixes":"tens"},"set":{"local-pref":200}}`},
	{"neighbor add h2 as=65102", "neighbor del h2"},
	{"bmp add pe1 to=10.1.0.2:5000 vrf=red", "bmp del pe1 to=10.1.0.2:5000"},
	{"maintenance pe1 on", "maintenance pe1 off"},
	{"redistribute del blue connected", "redistribute add blue connected"},
	{"vrf set red label-mode=per-vrf", "vrf set red label-mode="},
	{"redistribute add blue connected hosts", "redistribute del blue connected"},
	{"bmp del pe1 to=10.1.0.2:5000", "bmp add pe1 to=10.1.0.2:5000 vrf=red"},
	{"neighbor del h2", "neighbor add h2 as=65102"},
	{"host detach h9 eth1", "host attach h9 to=pe2 vrf=red addresses=10.10.0.2/24"},
	{"route del blue 172.16.0.0/16", "route add blue 172.16.0.0/16 10.11.0.2"},
	{"host del h9", "host add h9 to=pe1 vrf=blue addresses=10.11.0.2/24"},
	{"lan del office", "lan add office to=pe1 vrf=blue subnets=[10.9.0.0/24]"},
	{"neighbor set pe2 --router pe1 import-policy=", "neighbor set pe2 --router pe1 import-policy=prefer"},
	{"policy del prefer", `policy add prefer {"set":{"local-pref":300}}`},
	{"prefix-list del tens", "prefix-list add tens 10.0.0.0/9"},
	{"vrf del blue", "vrf add blue rts=65000:2 on=pe1"},
}

// killPoints is in how many moments of each change each of the victims is killed;
// PSEUDOWAN_KILLS overrides it. By default only one of them is, in turn, during one of
// three changes; PSEUDOWAN_SEED says which.
const killPoints = 0

// Whatever is killed during a change - the command itself, the agents, the keeper, or a
// router's switch - the next command finds a lab that is as before the change or as after
// it, says which if it had to settle that, and hosts reach each other as they should.
func TestRealChangeKilled(t *testing.T) {
	t.Parallel()
	l := fromText(t, t.TempDir(), "pwt-kills", strings.ReplaceAll(changeable, "NAME", "pwt-kills"))
	l.up(t)
	victims := []string{"command", "agent", "keeper", "switch"}
	points, seed := number(t, "PSEUDOWAN_KILLS", killPoints), number(t, "PSEUDOWAN_SEED", 1)
	settled := 0
	for i, k := range killedChanges {
		began := time.Now()
		must(t, "vrf", "set", "red", "max-routes="+strconv.Itoa(100+i), "--lab", l.name)
		takes := time.Since(began)
		if points == 0 && (i+seed)%3 > 0 {
			l.change(t, k.change)
			continue
		}
		if points == 0 {
			settled += killDuring(t, l, k.change, victims[i/3%4], takes*time.Duration(i+1)/time.Duration(len(killedChanges)))
			continue
		}
		for p := range points {
			for _, v := range victims {
				settled += killDuring(t, l, k.change, v, takes*time.Duration(p+1)/time.Duration(points))
				if p < points-1 || v != victims[3] {
					l.change(t, k.undo)
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
		l.change(t, change)
	}
	return settled
}

// change makes a change of the lab by the words of its command.
func (l lab) change(t *testing.T, words string) {
	t.Helper()
	must(t, append(strings.Fields(words), "--lab", l.name)...)
}
