package lab

import (
	"bytes"
	"cmp"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// briefKills is the default duration of the kill series.
const briefKills = 30 * time.Second

// cut runs pseudowan and signals it after a while. It returns the exit code, -1 if
// the signal ended it, and the output.
func cut(after time.Duration, sig syscall.Signal, args ...string) (int, string) {
	cmd := exec.Command(program, args...)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		return -1, err.Error()
	}
	timer := time.AfterFunc(after, func() { cmd.Process.Signal(sig) })
	defer timer.Stop()
	_ = cmd.Wait() // its exit code says it
	return cmd.ProcessState.ExitCode(), out.String()
}

// down takes the lab down, and fails the test if anything of it is left.
func (l lab) down(t testing.TB) {
	t.Helper()
	if r := pseudowan("down", l.name); r.code != 0 && r.code != 4 {
		t.Fatalf("down: exit code %d\n%s", r.code, r.stderr)
	}
	l.gone(t)
}

// upAgain brings the lab up from whatever state it is in, and checks that it works.
func (l lab) upAgain(t testing.TB) {
	t.Helper()
	must(t, "up", l.file, "--runtime", "netns")
	l.works(t)
	must(t, "verify", l.name)
	l.sound(t, "--tables")
}

// Every signal interrupts up and down, at moments spread over their duration: the
// up or down that follows at once works.
func TestRealCommandsCutShort(t *testing.T) {
	t.Parallel() // it waits more than it works
	l := smallLab(t, "pwt-cut")
	t.Cleanup(func() { pseudowan("down", l.name) })
	begin := time.Now()
	must(t, "up", l.file, "--runtime", "netns")
	took := map[string]time.Duration{"up": time.Since(begin)}
	begin = time.Now()
	l.down(t)
	took["down"] = time.Since(begin)
	moments := rounds(8)
	i := 0
	for _, first := range []string{"up", "down"} {
		for _, sig := range []syscall.Signal{syscall.SIGKILL, syscall.SIGINT} {
			for m := range moments {
				i++
				at := took[first] * time.Duration(m+1) / time.Duration(moments+1)
				then := []string{"up", "down"}[i%2]
				args := []string{"up", l.file, "--runtime", "netns"}
				if first == "down" {
					must(t, args...)
					args = []string{"down", l.name}
				}
				code, said := cut(at, sig, args...)
				if t.Failed() {
					return
				}
				t.Logf("%s, %s after %s (exit code %d), then %s", first, sig, at, code, then)
				if sig == syscall.SIGINT && code != 130 && code != 0 && at > patience(50*time.Millisecond) {
					t.Errorf("exit code %d after an interrupt\n%s", code, said)
				}
				if first == "up" && sig == syscall.SIGINT && code == 130 {
					l.gone(t)
				}
				if then == "up" {
					l.upAgain(t)
				}
				l.down(t)
			}
		}
	}
}

// Doctor reports an interrupted removal, and does not count it as a running lab.
func TestRealDoctorTellsOfACutRemoval(t *testing.T) {
	l := smallLab(t, "pwt-cutdown")
	l.up(t)
	if out := pseudowan("doctor"); strings.Contains(out.stdout, "removal was interrupted") {
		t.Errorf("doctor on a lab that runs:\n%s", out.stdout)
	}
	// A down that is killed as soon as it has begun.
	eventually(t, 30*time.Second, func() error {
		cut(2*time.Millisecond+time.Duration(rand.IntN(40))*time.Millisecond, syscall.SIGKILL, "down", l.name)
		if _, err := os.Stat("/run/pseudowan/" + l.name + "/.down"); err != nil {
			must(t, "up", l.file, "--runtime", "netns")
			return fmt.Errorf("no down was killed halfway")
		}
		return nil
	})
	if out := pseudowan("doctor"); !strings.Contains(out.stdout, "removal was interrupted") {
		t.Errorf("doctor:\n%s", out.stdout)
	}
	l.upAgain(t)
}

// TestRealChaosKill kills what belongs to a lab at random moments: commands that
// change it, its keeper, agents, switches, and hosts' processes. The next up always
// makes the lab work again, and the next down leaves nothing.
func TestRealChaosKill(t *testing.T) {
	limit := cmp.Or(chaosTime(t), briefKills)
	seed := uint64(number(t, "PSEUDOWAN_SEED", int(time.Now().Unix())))
	t.Logf("seed %d, for %s", seed, limit)
	c := chaos{lab: smallLab(t, "pwt-chaos"), rand: rand.New(rand.NewPCG(seed, 0))}
	c.other = filepath.Join(t.TempDir(), "other.yaml")
	text, err := os.ReadFile(c.lab.file)
	if err != nil {
		t.Fatal(err)
	}
	edited := string(text) + "  h3: {to: pe1, vrf: red, addresses: [10.3.0.2/24]}\n"
	if err := os.WriteFile(c.other, []byte(edited), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { pseudowan("down", c.lab.name) })
	kills := 0
	for deadline := time.Now().Add(limit); time.Now().Before(deadline); {
		kills += c.round(t)
	}
	t.Logf("%d kills", kills)
}

type chaos struct {
	lab   lab
	other string // a file of the same lab, edited
	rand  *rand.Rand
}

// round kills a few things and checks the invariants of the lab.
func (c *chaos) round(t *testing.T) int {
	t.Helper()
	var did []string
	defer func() {
		if t.Failed() {
			t.Logf("after:\n  %s", strings.Join(did, "\n  "))
		}
	}()
	if c.rand.IntN(2) == 0 {
		must(t, "up", c.lab.file, "--runtime", "netns")
	}
	n := 1 + c.rand.IntN(4)
	for range n {
		did = append(did, c.kill())
		time.Sleep(time.Duration(c.rand.IntN(200)) * time.Millisecond) // the random moment
	}
	if c.rand.IntN(3) > 0 {
		did = append(did, "up")
		c.lab.upAgain(t)
	}
	did = append(did, "down")
	c.lab.down(t)
	return n
}

// kill kills one thing and returns its name.
func (c *chaos) kill() string {
	after := time.Duration(c.rand.IntN(700)) * time.Millisecond
	commands := [][]string{
		{"up", c.lab.file, "--runtime", "netns"},
		{"up", c.other, "--runtime", "netns"},
		{"down", c.lab.name},
	}
	if c.rand.IntN(2) == 0 {
		args := commands[c.rand.IntN(len(commands))]
		sig := []syscall.Signal{syscall.SIGKILL, syscall.SIGKILL, syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP}[c.rand.IntN(5)]
		code, _ := cut(after, sig, args...)
		return fmt.Sprintf("%v, %s after %s: exit code %d", args, sig, after, code)
	}
	all := c.processes()
	if len(all) == 0 {
		return "nothing runs"
	}
	p := all[c.rand.IntN(len(all))]
	syscall.Kill(p.pid, syscall.SIGKILL)
	return "kill -9 " + p.name
}

type victim struct {
	pid  int
	name string
}

// processes returns the lab's processes: keeper, agents, switches, hosts' commands.
func (c *chaos) processes() []victim {
	var found []victim
	names, _ := filepath.Glob("/run/netns/pw-" + c.lab.name + "*")
	for _, ns := range names {
		for _, pid := range processesIn(ns) {
			line, _ := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/cmdline")
			name := string(bytes.ReplaceAll(line, []byte{0}, []byte{' '}))
			found = append(found, victim{pid, name})
		}
	}
	slices.SortFunc(found, func(a, b victim) int { return strings.Compare(a.name, b.name) })
	return found
}
