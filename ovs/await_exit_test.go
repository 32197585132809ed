package ovs

import (
	"context"
	"errors"
	"os/exec"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func TestAwaitExit(t *testing.T) {
	cmd := exec.Command("sleep", "600")
	check(t, cmd.Start())
	fd, err := unix.PidfdOpen(cmd.Process.Pid, 0)
	check(t, err)
	defer unix.Close(fd)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if err := awaitExit(ctx, fd); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a process that runs: %v", err)
	}
	ended := make(chan error, 1)
	go func() { ended <- awaitExit(context.Background(), fd) }()
	check(t, cmd.Process.Kill())
	check(t, <-ended)
	_ = cmd.Wait() // says "killed"
	check(t, awaitExit(t.Context(), fd))
}
