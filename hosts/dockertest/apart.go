package dockertest

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
)

// systemContainerd is the socket of the machine's containerd. A dockerd that
// finds it does not start its own.
const systemContainerd = "/run/containerd/containerd.sock"

// apart is a mount namespace without the machine's containerd. All processes of
// a Daemon run in it, one after another: a restarted daemon must find the
// mounts of its containers and the sockets of their shims. If it does not, it
// considers the shims dead, and when it later hears of the end of a container
// that may be running again, it unmounts the root file system; runc then has no
// directory to start in, and reports that /proc/self/exe does not exist.
type apart struct {
	holder *exec.Cmd
	leave  io.Closer
}

// newApart hides the directory of a containerd's socket. It returns nil if
// there is none.
func newApart(socket string) (*apart, error) {
	if _, err := os.Stat(socket); err != nil {
		return nil, nil
	}
	// It ends with its input, and so with this process.
	holder := exec.Command("unshare", "--mount", "sh", "-c", `mount -t tmpfs tmpfs "$0" && echo ready && exec cat`, filepath.Dir(socket))
	leave, err := holder.StdinPipe()
	if err != nil {
		return nil, err
	}
	said, err := holder.StdoutPipe()
	if err != nil {
		return nil, err
	}
	holder.Stderr = os.Stderr
	if err := holder.Start(); err != nil {
		return nil, err
	}
	a := &apart{holder, leave}
	if _, err := bufio.NewReader(said).ReadString('\n'); err != nil {
		a.end()
		return nil, fmt.Errorf("hide the machine's containerd: %w", err)
	}
	return a, nil
}

// enter returns the prefix of a command that runs in the namespace.
func (a *apart) enter() []string {
	if a == nil {
		return nil
	}
	return []string{"nsenter", fmt.Sprintf("--mount=/proc/%d/ns/mnt", a.holder.Process.Pid)}
}

func (a *apart) end() {
	if a == nil {
		return
	}
	_ = a.leave.Close()
	_ = a.holder.Wait()
}
