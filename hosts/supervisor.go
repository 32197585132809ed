package hosts

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"syscall"

	"golang.org/x/sys/unix"
)

// The files that a supervisor inherits.
const (
	lockFD   = 3 + iota // held for its lifetime
	reportFD            // gets runs, or an error
)

// runs is a supervisor's report of a successful start.
const runs = "runs"

// StartSupervisor starts a process that starts a command of a node and waits for its
// end, and returns when the command runs. The supervisor is inside the network
// namespace at path from its first moment, so that ending the processes there cannot
// miss it, and has the lock, which it holds for its lifetime.
func StartSupervisor(path string, supervisor *exec.Cmd, lock *os.File) error {
	report, told, err := os.Pipe()
	if err != nil {
		return err
	}
	defer report.Close()
	supervisor.ExtraFiles = []*os.File{lock, told}
	err = Within(path, supervisor.Start)
	told.Close()
	if err != nil {
		return err
	}
	go func() { _ = supervisor.Wait() }() // reaped while this process is its parent
	said, err := io.ReadAll(report)
	if err != nil || string(said) != runs {
		return errors.Join(err, errors.New(cmp.Or(string(said), "its supervisor has ended")))
	}
	return nil
}

// StartReport is what a supervisor tells whoever has started it.
type StartReport struct{ file *os.File }

// SupervisorReport returns the report of the calling process, which StartSupervisor has
// started. Its command inherits neither the report nor the lock.
func SupervisorReport() *StartReport {
	unix.CloseOnExec(lockFD)
	unix.CloseOnExec(reportFD)
	return &StartReport{os.NewFile(reportFD, "report")}
}

// Runs reports that the command runs. Only the first report is heard.
func (r *StartReport) Runs() { r.tell(runs) }

// Fail reports why the command does not run.
func (r *StartReport) Fail(err error) { r.tell(err.Error()) }

func (r *StartReport) tell(what string) {
	fmt.Fprint(r.file, what)
	r.file.Close()
}

// WriteRecord writes what a supervisor records as JSON. Whoever reads the file finds the
// former record or this one, whole.
func WriteRecord(path string, record any) error {
	b, err := json.Marshal(record)
	if err != nil {
		return err
	}
	if err := os.WriteFile(path+".new", b, 0o600); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}

// ExitStatus returns a process's exit code, or as in a shell 128 plus the signal that
// ended it.
func ExitStatus(p *os.ProcessState) int {
	const signalled = 128
	if s, ok := p.Sys().(syscall.WaitStatus); ok && s.Signaled() {
		return signalled + int(s.Signal())
	}
	return p.ExitCode()
}
