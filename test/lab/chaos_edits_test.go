package lab

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"pseudowan/topology/random"
)

// Brief: a hundred edits. With PSEUDOWAN_CHAOS, a duration, as many as there is
// time for.
const (
	editsOfALab   = 20 // then comes another lab
	editsAtOnce   = 2  // at most, between two ups
	upsToCompare  = 5  // after so many ups the lab is compared with a fresh one
	briefEditRuns = 100
)

// A running lab, edited in every key of the format, equals a fresh lab of the same
// file: in its routers' tables and flows, in the kernel's addresses and routes, and
// in who reaches whom.
func TestRealChaosEdits(t *testing.T) {
	t.Parallel() // it waits more than it works
	seed := uint64(number(t, "PSEUDOWAN_SEED", 1))
	until, long := chaosUntil(t)
	edits := 0
	for ; long && time.Now().Before(until) || !long && edits < briefEditRuns; seed++ {
		passed := t.Run(fmt.Sprint("seed", seed), func(t *testing.T) { edits += editedLab(t, seed) })
		if !passed && !long {
			break
		}
	}
	t.Logf("%d edits", edits)
}

// chaosUntil returns when a series of chaos ends; long is false if it should be
// brief.
func chaosUntil(t testing.TB) (until time.Time, long bool) {
	t.Helper()
	text := os.Getenv("PSEUDOWAN_CHAOS")
	if text == "" {
		return time.Time{}, false
	}
	d, err := time.ParseDuration(text)
	if err != nil {
		t.Fatalf("PSEUDOWAN_CHAOS: %v", err)
	}
	return time.Now().Add(d), true
}

// serverOf returns what a random lab may use here: BIRD, if installed, and an
// interface that is created for the lab.
func serverOf(t testing.TB, seed uint64) random.Server {
	t.Helper()
	nic := fmt.Sprintf("pwtn%d", seed)
	if r := command("ip", "link", "add", nic, "up", "type", "veth", "peer", "name", nic+"x"); r.code != 0 {
		t.Fatalf("make %s: %s", nic, r.stderr)
	}
	command("ip", "link", "set", nic+"x", "up")
	t.Cleanup(func() { command("ip", "link", "del", nic+"x") })
	_, err := exec.LookPath("bird")
	return random.Server{BIRD: err == nil, NICs: []string{nic}}
}

// editedLab edits one random lab and returns how often.
func editedLab(t *testing.T, seed uint64) (edits int) {
	name := fmt.Sprintf("pwt-e%d", seed)
	r := rand.New(rand.NewPCG(seed, 99))
	lab := random.New(name, seed, serverOf(t, seed))
	l := fromText(t, t.TempDir(), name, string(lab.File()))
	l.up(t)
	var what []string
	for ups := 1; edits < editsOfALab; ups++ {
		for range 1 + r.IntN(editsAtOnce) {
			what = append(what, lab.Edit(r))
			edits++
		}
		l.write(t, string(lab.File()))
		if u := pseudowan("up", l.file, "--runtime", "netns"); u.code != 0 {
			t.Fatalf("after %s:\nup: exit code %d\n%s\n%s", strings.Join(what, "\n"), u.code, u.stderr, lab.File())
		}
		if ups%upsToCompare > 0 && edits < editsOfALab {
			continue
		}
		if v := pseudowan("verify", name); v.code != 0 {
			t.Fatalf("after %s:\nverify: exit code %d\n%s%s\n%s", strings.Join(what, "\n"), v.code, v.stdout, v.stderr, lab.File())
		}
		l.sound(t, "--tables")
		if again := must(t, "up", l.file, "--runtime", "netns"); !strings.Contains(again, "nothing to change") {
			t.Errorf("after %s:\na second up changes something:\n%s", strings.Join(what, "\n"), again)
		}
		l.equalsFresh(t, strings.Join(what, "\n"))
	}
	return edits
}
