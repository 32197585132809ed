package main

import (
	"errors"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"pseudowan": func() { os.Exit(mainCode()) },
	})
}

// TestTranscripts runs the command lines of testdata. They need no running lab;
// those that ask for one need root and say so.
func TestTranscripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata",
		Condition: func(name string) (bool, error) {
			return name == "root" && os.Getuid() == 0, nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits": exits,
			"usage": usage,
		},
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
	})
}

// exits runs a command and checks its exit code: exits CODE COMMAND [ARG...].
func exits(ts *testscript.TestScript, _ bool, args []string) {
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	var exit *exec.ExitError
	if err := ts.Exec(args[1], args[2:]...); errors.As(err, &exit) {
		got = exit.ExitCode()
	} else {
		ts.Check(err)
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}

// usage checks that a command line is refused with one line: usage PATTERN
// [ARG...].
func usage(ts *testscript.TestScript, _ bool, args []string) {
	exits(ts, false, append([]string{"2", "pseudowan"}, args[1:]...))
	said := ts.ReadFile("stderr")
	if !regexp.MustCompile("^pseudowan: .*" + args[0]).MatchString(said) {
		ts.Fatalf("stderr does not match %q", args[0])
	}
	if strings.Count(said, "\n") != 1 || ts.ReadFile("stdout") != "" {
		ts.Fatalf("stderr has more than one line")
	}
}
