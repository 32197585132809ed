package kernel

import (
	"context"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"
)

// inContainer has the test run where it is root of a user namespace of its own.
const inContainer = "PSEUDOWAN_TEST_KERNEL_CONTAINER"

// Changes are watched in a container with a user namespace of its own, too, where nobody may
// have larger buffers than the server's limit.
func TestSubscribeInContainer(t *testing.T) {
	if os.Getenv(inContainer) == "" {
		cmd := exec.Command("/proc/self/exe", "-test.run=^"+t.Name()+"$", "-test.v")
		cmd.Env = append(os.Environ(), inContainer+"=1")
		cmd.SysProcAttr = &syscall.SysProcAttr{
			Cloneflags:  syscall.CLONE_NEWUSER | syscall.CLONE_NEWNET,
			UidMappings: []syscall.SysProcIDMap{{HostID: os.Getuid(), Size: 1}},
			GidMappings: []syscall.SysProcIDMap{{HostID: os.Getgid(), Size: 1}},
		}
		out, err := cmd.CombinedOutput()
		if err != nil && len(out) == 0 {
			t.Skip("no user namespaces: ", err)
		}
		if err != nil || !strings.Contains(string(out), "PASS: "+t.Name()) {
			t.Errorf("%v:\n%s", err, out)
		}
		return
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	w, err := Subscribe(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if mayForce() {
		t.Error("buffers may be larger than the limit here: nothing is tested")
	}
	select {
	case u := <-w.Links:
		if e := Link(u); e.Name != "lo" {
			t.Errorf("heard of %+v; want lo", e)
		}
	case <-ctx.Done():
		t.Error("nothing is heard")
	}
}
