package labs

import (
	"bufio"
	"os"
	"os/exec"
	"os/signal"
	"testing"

	"golang.org/x/sys/unix"
)

// A command gets this process's signals, and ends in its own way; at a terminal it
// gets Ctrl-C only once.
func TestRelay(t *testing.T) {
	for _, tt := range []struct {
		name       string
		atTerminal bool
		send       []unix.Signal
		code       int
	}{
		{"Ctrl-C from elsewhere", false, []unix.Signal{unix.SIGINT}, 7},
		{"SIGTERM from elsewhere", false, []unix.Signal{unix.SIGTERM}, 8},
		{"Ctrl-C at a terminal", true, []unix.Signal{unix.SIGINT, unix.SIGTERM}, 8},
	} {
		t.Run(tt.name, func(t *testing.T) {
			cmd := exec.Command("/bin/sh", "-c", `trap "exit 7" INT; trap "exit 8" TERM; echo ready; while :; do sleep 0.05; done`)
			// The tests must not depend on the terminal that they are run from.
			cmd.SysProcAttr = &unix.SysProcAttr{Setpgid: true}
			out, err := cmd.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			signals := make(chan os.Signal, 4)
			signal.Notify(signals, unix.SIGINT, unix.SIGQUIT, unix.SIGTERM, unix.SIGHUP)
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = cmd.Process.Kill() })
			stop := relay(signals, cmd.Process, tt.atTerminal)
			if _, err := bufio.NewReader(out).ReadString('\n'); err != nil {
				t.Fatal(err)
			}
			for _, s := range tt.send {
				if err := unix.Kill(os.Getpid(), s); err != nil {
					t.Fatal(err)
				}
			}
			_ = cmd.Wait()
			stop()
			if got := cmd.ProcessState.ExitCode(); got != tt.code {
				t.Errorf("exit code %d, want %d", got, tt.code)
			}
		})
	}
}
