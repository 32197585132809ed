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

// What the surroundings may ask of these tests, as the virtual machine of
// vmtest does.
const (
	binaryEnv   = "PSEUDOWAN_BINARY"        // the program to test; else it is built
	datapathEnv = "PSEUDOWAN_TEST_DATAPATH" // of all labs whose topology names none
	nicsEnv     = "PSEUDOWAN_TEST_NICS"     // pairs of NICs with a cable between them, as in "eth1:eth2 eth3:eth4"
	slowEnv     = "PSEUDOWAN_TEST_SLOW"     // how many times slower than usual this machine is
)

// buildProgram returns the program to test, built in dir where none is given.
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

// withDatapath makes a topology ask for the datapath that the surroundings
// want.
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

// patience returns a time limit as it has to be on this machine.
func patience(d time.Duration) time.Duration { return d * time.Duration(slowness()) }

// withPatience lets `up` wait longer on a slow machine where the test does not
// say how long.
func withPatience(args []string) []string {
	if slowness() == 1 || args[0] != "up" || slices.Contains(args, "--timeout") {
		return args
	}
	return append(slices.Clone(args), "--timeout", patience(time.Minute).String())
}

// rounds returns how often a test repeats what takes long, at least twice.
func rounds(n int) int { return max(2, n/slowness()) }
