package hoststest

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// EnterCommand is the argv prefix with which the test program starts itself to
// call enter in Main.
var EnterCommand = []string{"/proc/self/exe", enterWord}

const enterWord = "enter"

// exitStatuser is an error with an exit code for the process.
type exitStatuser interface {
	error
	ExitStatus() int
}

// Main runs the tests and then end, and fails if they leave anything on the
// machine. A process started with EnterCommand calls enter instead.
func Main(m *testing.M, enter func(args []string) error, end func()) {
	if len(os.Args) > 1 && os.Args[1] == enterWord {
		err := enter(os.Args[2:])
		fmt.Fprintln(os.Stderr, err)
		var exit exitStatuser
		if errors.As(err, &exit) {
			os.Exit(exit.ExitStatus())
		}
		os.Exit(1)
	}
	code := m.Run()
	end()
	if left := leftovers(); left != "" {
		fmt.Fprintf(os.Stderr, "the tests left behind:\n%s", left)
		code = 1
	}
	os.Exit(code)
}

// leftovers lists what on the machine has a name of these tests. Other test
// programs make and remove things of their own meanwhile.
func leftovers() string {
	var left strings.Builder
	ours := fmt.Sprintf("pwt-%d-", os.Getpid())
	for _, source := range []string{"ip netns list", "ip link show", "cat /proc/self/mountinfo", "ps -eo args"} {
		argv := strings.Fields(source)
		out, _ := exec.Command(argv[0], argv[1:]...).Output()
		for line := range strings.Lines(string(out)) {
			if strings.Contains(line, ours) {
				left.WriteString(source + ": " + line)
			}
		}
	}
	return left.String()
}

// NeedRoot skips a test that cannot run without root.
func NeedRoot(t testing.TB) {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("needs root: network namespaces")
	}
}

var serial atomic.Int64

// Unique returns a name that no other test has, in this process or another.
func Unique() string { return fmt.Sprintf("pwt-%d-%d", os.Getpid(), serial.Add(1)) }

// Eventually polls a condition until it holds.
func Eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	deadline := time.Now().Add(15 * time.Second)
	for !ok() {
		if time.Now().After(deadline) {
			t.Fatalf("not within 15 s: %s", what)
		}
		time.Sleep(5 * time.Millisecond)
	}
}
