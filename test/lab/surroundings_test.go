package lab

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"time"
)

// Environment variables for these tests, which the virtual machine of vmtest sets.
const (
	binaryEnv   = "PSEUDOWAN_BINARY"        // the program to test; by default it is built
	datapathEnv = "PSEUDOWAN_TEST_DATAPATH" // of all labs whose topology names none
	nicsEnv     = "PSEUDOWAN_TEST_NICS"     // pairs of NICs with a cable between them, as in "eth1:eth2 eth3:eth4"
	slowEnv     = "PSEUDOWAN_TEST_SLOW"     // how many times slower than usual this machine is
)

// buildProgram returns the program to test. If none is given, it builds it in dir.
func buildProgram(dir string) (string, error) {
	if given := os.Getenv(binaryEnv); given != "" {
		return given, nil
	}
	path := filepath.Join(dir, "pseudowan")
	build := exec.Command("go", "build", "-o", path, "pseudowan/cmd/pseudowan")
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build: %w\n%s", err, out)
	}
	return path, nil
}

// withDatapath makes a topology request the datapath of datapathEnv.
func withDatapath(text string) string {
	if wanted := os.Getenv(datapathEnv); wanted != "" {
		return "datapath: " + wanted + "\n" + text
	}
	return text
}

func slowness() int {
	if n, err := strconv.Atoi(os.Getenv(slowEnv)); err == nil && n > 1 {
		return n
	}
	return 1
}

// patience adapts a time limit to this machine.
func patience(d time.Duration) time.Duration { return d * time.Duration(slowness()) }

// withPatience lets `up` wait longer on a slow machine, unless the test sets a
// timeout.
func withPatience(args []string) []string {
	if slowness() == 1 || args[0] != "up" || slices.Contains(args, "--timeout") {
		return args
	}
	return append(slices.Clone(args), "--timeout", patience(time.Minute).String())
}

// rounds returns how often a test repeats a slow step, at least twice.
func rounds(n int) int { return max(2, n/slowness()) }
