package lab

import (
	"math/rand/v2"
	"strings"
	"syscall"
	"testing"
	"time"
)

// nothingIsLeft checks that a lab with containers has left no trace.
func nothingIsLeft(t *testing.T, l lab, when string) {
	t.Helper()
	if left := residue(l); len(left) > 0 {
		t.Errorf("%s: left behind:\n%s", when, strings.Join(left, "\n"))
	}
	if left := containers(t); left != "" {
		t.Errorf("%s: containers left behind:\n%s", when, left)
	}
}

// moments are rounds that end a command in each part of its duration, in both ways.
func moments(lasts time.Duration, try func(after time.Duration, s syscall.Signal)) {
	const parts = 2
	for i := range parts {
		after := time.Duration((float64(i) + rand.Float64()) / parts * float64(lasts))
		for _, s := range []syscall.Signal{syscall.SIGKILL, syscall.SIGINT} {
			try(after, s)
		}
	}
}

// After an up or a down of a lab with containers was interrupted, at any moment and
// in any way, the next command can continue: down removes everything if it says so,
// and up brings up a working lab, although Docker's daemon may complete the last
// request only after the command has ended.
func TestRealChaosDocker(t *testing.T) {
	useDocker(t)
	l := fourHostLab(t, "pwt-dkcut", "h2: {to", `h2: {files: {/etc/word: here}, to`)
	begin := time.Now()
	l.upIn(t, "--runtime", "docker")
	upLasts := time.Since(begin)
	begin = time.Now()
	must(t, "down", l.name)
	downLasts := time.Since(begin)
	down := func(when string) {
		t.Helper()
		if r := pseudowan("down", l.name); r.code != 0 && r.code != 4 {
			t.Errorf("%s, then down: exit code %d\n%s", when, r.code, r.stderr)
		}
		nothingIsLeft(t, l, when+", then down")
	}
	up := func(when string) {
		t.Helper()
		if r := pseudowan("up", l.file, "--runtime", "docker"); r.code != 0 {
			t.Errorf("%s, then up: exit code %d\n%s", when, r.code, r.stderr)
			return
		}
		if got := docker(t, "exec", l.name+"-h2", "cat", "/etc/word"); got != "here" {
			t.Errorf("%s, then up: the file says %q", when, got)
		}
		if err := pings(l.name+"-h1", "10.2.0.2")(); err != nil {
			t.Errorf("%s, then up: %v", when, err)
		}
	}
	for limit := chaosTime(t); ; {
		moments(upLasts, func(after time.Duration, s syscall.Signal) {
			when := "up, after " + after.String() + " " + s.String()
			code, said := cut(after, s, "up", l.file, "--runtime", "docker")
			if s == syscall.SIGINT && code != 0 && code != -1 { // -1: before the handler was installed
				if code != 130 {
					t.Errorf("%s: exit code %d\n%s", when, code, said)
				}
				nothingIsLeft(t, l, when)
			}
			down(when)
		})
		moments(upLasts, func(after time.Duration, s syscall.Signal) {
			when := "up, after " + after.String() + " " + s.String()
			cut(after, s, "up", l.file, "--runtime", "docker")
			up(when)
			must(t, "down", l.name)
			nothingIsLeft(t, l, when+", up, down")
		})
		moments(downLasts, func(after time.Duration, s syscall.Signal) {
			up("a new lab")
			when := "down, after " + after.String() + " " + s.String()
			if code, said := cut(after, s, "down", l.name); code == 0 {
				nothingIsLeft(t, l, when)
			} else if s == syscall.SIGINT && code != 130 && code != -1 {
				t.Errorf("%s: exit code %d\n%s", when, code, said)
			}
			up(when)
			cut(after, s, "down", l.name)
			down(when)
		})
		if time.Since(begin) >= limit || t.Failed() {
			return
		}
	}
}
