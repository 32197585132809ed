package lab

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"pseudowan/labs/catalog"
	"pseudowan/topology"
)

// labsEnv asks for what other tests cover, too, as test/labs.sh does.
const labsEnv = "PSEUDOWAN_LABS"

// Every ready lab comes up, and each pair of its hosts reaches each other or not,
// as its route targets say, and what its file suggests to try succeeds. Bringing it up
// again changes nothing. Labs that may have containers are brought up with them, too.
func TestRealCatalogueIsAsIntended(t *testing.T) {
	docker := canDocker(t)
	for _, name := range catalog.Names() {
		if name == "pseudo-wan-eth1" || name == "bridge-to-outside" {
			continue // TestRealOtherSide and TestRealBridgeToOutside have something behind the NIC
		}
		if name == "pseudo-wan" && os.Getenv(labsEnv) == "" {
			tryAll(t, sharedLab(t), name)
			continue // covered by the other tests
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			wanted := catalogRuntime(t, name)
			if wanted != "docker" {
				asIntended(t, name, "netns")
			}
			if wanted != "netns" && docker {
				asIntended(t, name, "docker")
			}
		})
	}
}

// canDocker has this test use a Docker daemon, if the server has the program.
func canDocker(t *testing.T) bool {
	t.Helper()
	for _, program := range []string{"dockerd", "docker"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Log("no labs with containers: there is no ", program)
			return false
		}
	}
	useDocker(t)
	return true
}

// catalogRuntime returns the runtime that a ready lab wants; empty if it may be any.
func catalogRuntime(t *testing.T, name string) string {
	t.Helper()
	data, _ := catalog.Get(name)
	parsed, err := topology.Parse(name, data)
	if err != nil {
		t.Fatal(err)
	}
	return parsed.Runtime
}

// asIntended tests a ready lab in a runtime, and says how long each step takes.
func asIntended(t *testing.T, name, runtime string) {
	t.Helper()
	l := fromCatalog(t, t.TempDir(), name, "pwt-cat-"+name)
	times := ""
	step := func(what string, run func()) {
		begin := time.Now()
		run()
		times += fmt.Sprintf(" %s %.1f s", what, time.Since(begin).Seconds())
	}
	step("up", func() { l.up(t, "--runtime", runtime) })
	step("verify", func() { must(t, "verify", l.name) })
	step("try", func() { tryAll(t, l, name) })
	if again := must(t, "up", l.file, "--runtime", runtime); !strings.Contains(again, "nothing to change") {
		t.Errorf("%s: up again says %q", runtime, again)
	}
	step("down", func() { must(t, "down", l.name) })
	t.Logf("lab %s %s%s", name, runtime, times)
}

// tryAll runs the commands that a ready lab's file suggests.
func tryAll(t *testing.T, l lab, name string) {
	t.Helper()
	file, _ := catalog.Get(name)
	_, after, found := strings.Cut(string(file), "\n# Try:")
	if !found {
		t.Fatalf("lab %s suggests nothing to try", name)
	}
	for line := range strings.Lines(after) {
		line = strings.TrimPrefix(line, "#")
		if !strings.HasPrefix(line, "  ") {
			break
		}
		line, comment, _ := strings.Cut(line, "#")
		words := strings.Fields(strings.Replace(line, "-c 3", "-c 1 -W 1", 1))[1:]
		args := append([]string{words[0], "--lab", l.name}, words[1:]...)
		r := pseudowan(args...)
		if refused := strings.Contains(comment, "no route"); (r.code != 0) != refused {
			t.Errorf("%s: %s: exit code %d\n%s%s", name, line, r.code, r.stdout, r.stderr)
		}
	}
}
