package interop

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"pseudowan/status"
)

// What the surroundings may ask of these tests.
const (
	binaryEnv = "PSEUDOWAN_BINARY"  // the program to test; else it is built
	wholeEnv  = "PSEUDOWAN_INTEROP" // "all": what takes minutes, too
)

// program is the built pseudowan.
var program string

// A process is taken to be in the namespaces of its main thread, which Go keeps
// also where the goroutine on it must not go on. So nothing but main runs there.
func init() { runtime.LockOSThread() }

func TestMain(m *testing.M) { os.Exit(testMain(m)) }

func testMain(m *testing.M) int {
	if os.Getuid() != 0 {
		fmt.Println("skipped: labs need root")
		return 0
	}
	if program = os.Getenv(binaryEnv); program != "" {
		return m.Run()
	}
	dir, err := os.MkdirTemp("", "pwt-bin-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	program = filepath.Join(dir, "pseudowan")
	if out, err := exec.Command("go", "build", "-o", program, "pseudowan/cmd/pseudowan").CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "build: %v\n%s", err, out)
		return 1
	}
	return m.Run()
}

// whole skips a test that takes long where only the brief form is wanted.
func whole(t *testing.T) {
	t.Helper()
	if os.Getenv(wholeEnv) != "all" {
		t.Skip("takes long: make interop")
	}
}

// needs skips a test that lacks a program of the distribution.
func needs(t *testing.T, programs ...string) {
	t.Helper()
	for _, p := range programs {
		if _, err := exec.LookPath(p); err != nil {
			t.Skipf("there is no %s", p)
		}
	}
}

// result is what a command did.
type result struct {
	code           int
	stdout, stderr string
}

func command(argv ...string) result { return commandWith(nil, argv...) }

// commandWith is command with an input.
func commandWith(in io.Reader, argv ...string) result {
	cmd := exec.Command(argv[0], argv[1:]...)
	var out, errs bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = in, &out, &errs
	err := cmd.Run()
	var exit *exec.ExitError
	switch {
	case errors.As(err, &exit):
		return result{exit.ExitCode(), out.String(), errs.String()}
	case err != nil:
		return result{-1, "", err.Error()}
	}
	return result{0, out.String(), errs.String()}
}

// mustRun fails the test where the command fails.
func mustRun(t testing.TB, argv ...string) string {
	t.Helper()
	r := command(argv...)
	if r.code != 0 {
		t.Fatalf("%s: exit code %d\n%s%s", strings.Join(argv, " "), r.code, r.stdout, r.stderr)
	}
	return r.stdout
}

// eventually waits until check is content.
func eventually(t testing.TB, limit time.Duration, check func() error) {
	t.Helper()
	deadline := time.Now().Add(limit)
	for {
		err := check()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("after %s: %v", limit, err)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// lab is a running lab of ours.
type lab struct{ name, file string }

// upLab starts a lab, or applies the edited text to it, and takes it down when
// the test ends.
func upLab(t testing.TB, name, text string, args ...string) lab {
	t.Helper()
	l := lab{name: name, file: filepath.Join(t.TempDir(), name+".yaml")}
	t.Cleanup(func() { command(program, "down", name) })
	l.apply(t, text, args...)
	return l
}

// apply writes the text and brings the lab to it.
func (l lab) apply(t testing.TB, text string, args ...string) {
	t.Helper()
	if err := os.WriteFile(l.file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	mustRun(t, append([]string{program, "up", l.file, "--runtime", "netns"}, args...)...)
}

// exec runs a command in a node.
func (l lab) exec(node string, argv ...string) result {
	return command(append([]string{program, "exec", "--lab", l.name, node, "--"}, argv...)...)
}

// netns is the path of a node's network namespace.
func (l lab) netns(node string) string { return "/run/netns/pw-" + l.name + "-" + node }

// table reads a `show` table.
func table[T any](t testing.TB, l lab, name string, args ...string) []T {
	t.Helper()
	out := mustRun(t, append([]string{program, "show", name, "--lab", l.name, "-o", "json"}, args...)...)
	var rows []T
	if err := json.Unmarshal([]byte(out), &rows); err != nil {
		t.Fatalf("show %s: %v\n%s", name, err, out)
	}
	return rows
}

// session is how the router sees its session with a peer.
func (l lab) session(t testing.TB, peer string) status.Peer {
	t.Helper()
	p, err := l.trySession(peer)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// trySession is session where the router may be away.
func (l lab) trySession(peer string) (status.Peer, error) {
	r := command(program, "show", "peer", "--lab", l.name, "-o", "json", "--router", "pe1")
	var rows []status.Peer
	if err := json.Unmarshal([]byte(r.stdout), &rows); r.code != 0 || err != nil {
		return status.Peer{}, fmt.Errorf("show peer: exit code %d: %s", r.code, r.stderr)
	}
	for _, p := range rows {
		if p.RemoteAddress.String() == peer {
			return p, nil
		}
	}
	return status.Peer{}, fmt.Errorf("no session with %s is shown", peer)
}

// established waits for the session with a peer.
func (l lab) established(t testing.TB, peer string) {
	t.Helper()
	eventually(t, 30*time.Second, func() error {
		if p := l.session(t, peer); p.State != "established" {
			return fmt.Errorf("session with %s is %s: %s, %s", peer, p.State, p.Reason, p.LastError)
		}
		return nil
	})
}

// path finds the path of a peer to a prefix in a VRF; nil where there is none.
func (l lab) path(t testing.TB, vrf, prefix, nextHop string) *status.Route {
	t.Helper()
	for _, v := range table[status.VRF](t, l, "vrf", "--router", "pe1", "--vrf", vrf) {
		for _, r := range v.Routes {
			if r.Prefix.String() == prefix && r.NextHop.Unmap().String() == nextHop {
				return &r
			}
		}
	}
	return nil
}

// agent is the process of the router's agent.
func (l lab) agent(t testing.TB) int {
	t.Helper()
	var rows []status.Node
	out := mustRun(t, program, "ps", "--lab", l.name, "-o", "json")
	if err := json.Unmarshal([]byte(out), &rows); err != nil {
		t.Fatalf("ps: %v\n%s", err, out)
	}
	for _, n := range rows {
		if n.Node == "pe1" {
			return n.PID
		}
	}
	t.Fatalf("ps does not show pe1:\n%s", out)
	return 0
}
