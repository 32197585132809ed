package dockertest

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
)

// systemContainerd is where a containerd of the machine listens. A dockerd that
// finds one there starts none of its own.
const systemContainerd = "/run/containerd/containerd.sock"

// apart is a mount namespace without the machine's containerd. It lasts as long
// as a Daemon, whose one process after another runs in it: a daemon that comes
// back must find the mounts of its containers, and the sockets of their shims. One
// that does not takes the shims for dead. It then hears of the end of a container
// when that may run again, and takes its root file system away: runc has no
// directory to start in any more, and says that /proc/self/exe does not exist.
type apart struct {
	holder *exec.Cmd
	leave  io.Closer
}

// newApart hides the directory of a containerd's socket. It returns nil where
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

// enter is the beginning of a command that runs in the namespace.
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
	_ = a.holder.Wait() // it has nothing to say
}
