package lab

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"pseudowan/labs/catalog"
)

// program is the built pseudowan.
var program string

// A process counts as being in the namespaces of its main thread, which Go keeps
// even if the goroutine on it cannot continue. So only main may run there.
func init() { runtime.LockOSThread() }

func TestMain(m *testing.M) { os.Exit(testMain(m)) }

func testMain(m *testing.M) int {
	if os.Getuid() != 0 {
		fmt.Println("skipped: labs need root")
		return 0
	}
	dir, err := os.MkdirTemp("", "pwt-bin-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	if program, err = buildProgram(dir); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer endShared()
	defer func() { endDaemon() }()
	return m.Run()
}

// result is the outcome of a command.
type result struct {
	code           int
	stdout, stderr string
}

func command(argv ...string) result {
	cmd := exec.Command(argv[0], argv[1:]...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	code := 0
	var exit *exec.ExitError
	switch {
	case errors.As(err, &exit):
		code = exit.ExitCode()
	case err != nil:
		return result{-1, "", err.Error()}
	}
	return result{code, out.String(), errs.String()}
}

func pseudowan(args ...string) result {
	return command(append([]string{program}, withPatience(args)...)...)
}

// must runs pseudowan, and fails the test if it fails.
func must(t testing.TB, args ...string) string {
	t.Helper()
	r := pseudowan(args...)
	if r.code != 0 {
		t.Fatalf("pseudowan %s: exit code %d\n%s%s", strings.Join(args, " "), r.code, r.stdout, r.stderr)
	}
	return r.stdout
}

// lab is a running lab.
type lab struct {
	name string
	file string
}

// nameLine is the line of a topology that names the lab.
var nameLine = regexp.MustCompile(`(?m)^name: .*$`)

// fromCatalog writes a lab of the catalogue under another name, so that tests do not
// collide with each other's labs or those of the server's users.
func fromCatalog(t testing.TB, dir, catalogName, name string, edits ...func(string) string) lab {
	t.Helper()
	data, ok := catalog.Get(catalogName)
	if !ok {
		t.Fatalf("no lab %s in the catalogue", catalogName)
	}
	text := nameLine.ReplaceAllString(string(data), "name: "+name)
	for _, edit := range edits {
		text = edit(text)
	}
	return fromText(t, dir, name, text)
}

// labsOf is the test that has a lab of a name: others run at the same time.
var labsOf sync.Map

func fromText(t testing.TB, dir, name, text string) lab {
	t.Helper()
	test, _, _ := strings.Cut(t.Name(), "/")
	if of, taken := labsOf.LoadOrStore(name, test); taken && of != test {
		t.Fatalf("%v has a lab %s at the same time", of, name)
	}
	t.Cleanup(func() { labsOf.Delete(name) })
	l := lab{name: name, file: filepath.Join(dir, name+".yaml")}
	if err := os.WriteFile(l.file, []byte(withDatapath(text)), 0o600); err != nil {
		t.Fatal(err)
	}
	return l
}

// up starts the lab and takes it down when the test ends.
func (l lab) up(t testing.TB, args ...string) {
	t.Helper()
	l.upSaying(t, args...)
}

// upSaying is up, and returns what it printed.
func (l lab) upSaying(t testing.TB, args ...string) string {
	t.Helper()
	t.Cleanup(func() {
		if r := pseudowan("down", l.name); r.code != 0 && r.code != 4 {
			t.Errorf("down %s: exit code %d\n%s", l.name, r.code, r.stderr)
		}
	})
	return must(t, append([]string{"up", l.file, "--runtime", "netns"}, args...)...)
}

// exec runs a command in a node.
func (l lab) exec(node string, argv ...string) result {
	return pseudowan(append([]string{"exec", "--lab", l.name, node, "--"}, argv...)...)
}

// mustExec fails the test if the command fails.
func (l lab) mustExec(t testing.TB, node string, argv ...string) string {
	t.Helper()
	r := l.exec(node, argv...)
	if r.code != 0 {
		t.Fatalf("in %s: %s: exit code %d\n%s%s", node, strings.Join(argv, " "), r.code, r.stdout, r.stderr)
	}
	return r.stdout
}

// table reads a `show` table.
func table[T any](t testing.TB, l lab, name string, args ...string) []T {
	t.Helper()
	out := must(t, append([]string{"show", name, "--lab", l.name, "-o", "json"}, args...)...)
	var rows []T
	if err := json.Unmarshal([]byte(out), &rows); err != nil {
		t.Fatalf("show %s: %v\n%s", name, err, out)
	}
	return rows
}

// eventually waits until check succeeds, longer on a slow machine.
func eventually(t testing.TB, limit time.Duration, check func() error) {
	t.Helper()
	limit = patience(limit)
	deadline := time.Now().Add(limit)
	for {
		err := check()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("after %s: %v", limit, err)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// netns returns the path of a node's network namespace.
func (l lab) netns(node string) string { return "/run/netns/pw-" + l.name + "-" + node }

// shared is one pseudo-wan lab for all tests that only read it.
var shared struct {
	sync.Once
	lab lab
	dir string
}

func sharedLab(t testing.TB) lab {
	t.Helper()
	shared.Do(func() {
		var err error
		if shared.dir, err = os.MkdirTemp("", "pwt-lab-"); err != nil {
			t.Fatal(err)
		}
		l := fromCatalog(t, shared.dir, "pseudo-wan", "pwt-shared")
		must(t, "up", l.file, "--runtime", "netns")
		shared.lab = l
	})
	if shared.lab.name == "" {
		t.Fatal("the shared lab did not come up")
	}
	return shared.lab
}

// alone takes the shared lab down, for a test of commands that mean the only running
// lab.
func alone(t testing.TB) {
	t.Helper()
	endShared()
	shared.Once, shared.lab, shared.dir = sync.Once{}, lab{}, ""
}

func endShared() {
	if shared.lab.name != "" {
		if r := pseudowan("down", shared.lab.name); r.code != 0 {
			fmt.Fprintf(os.Stderr, "down %s: %s\n", shared.lab.name, r.stderr)
		}
	}
	os.RemoveAll(shared.dir)
}
