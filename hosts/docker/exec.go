package docker

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"time"

	"github.com/docker/docker/api/types"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/client"
	"github.com/docker/docker/pkg/stdcopy"
	"golang.org/x/sys/unix"
	"golang.org/x/term"

	"pseudowan/hosts"
)

// execLink is the command line of the process that links to a command inside a
// container.
type execLink struct {
	host, container, dir string
	tty                  bool
	env                  []string
}

func (x execLink) args() []string {
	args := []string{runtimeName, "-host", x.host, "-container", x.container, "-dir", x.dir, fmt.Sprintf("-tty=%t", x.tty)}
	for _, e := range x.env {
		args = append(args, "-env", e)
	}
	return append(args, "--")
}

func parseExecLink(args []string) (x execLink, argv []string, err error) {
	set := flag.NewFlagSet(runtimeName, flag.ContinueOnError)
	set.SetOutput(io.Discard)
	set.StringVar(&x.host, "host", "", "")
	set.StringVar(&x.container, "container", "", "")
	set.StringVar(&x.dir, "dir", "", "")
	set.BoolVar(&x.tty, "tty", false, "")
	set.Func("env", "", func(s string) error { x.env = append(x.env, s); return nil })
	if err := set.Parse(args); err != nil {
		return execLink{}, nil, err
	}
	if x.container == "" || set.NArg() == 0 {
		return execLink{}, nil, errors.New("want docker -container NAME [-host URL] [-dir DIR] [-tty] [-env K=V] -- COMMAND")
	}
	return x, set.Args(), nil
}

// enterContainer runs a command inside a container and exits with its exit
// code.
func enterContainer(args []string) error {
	x, argv, err := parseExecLink(args)
	if err != nil {
		return &hosts.ExitError{Code: 125, Err: err}
	}
	code, err := x.run(context.Background(), argv)
	if err != nil {
		return err
	}
	os.Exit(code)
	return nil
}

func (x execLink) run(ctx context.Context, argv []string) (code int, err error) {
	x.tty = x.tty && atTerminal()
	cli, err := client.NewClientWithOpts(client.FromEnv, client.WithHost(x.host), client.WithAPIVersionNegotiation())
	if err != nil {
		return 0, &hosts.ExitError{Code: 125, Err: err}
	}
	defer cli.Close()
	created, err := cli.ContainerExecCreate(ctx, x.container, container.ExecOptions{
		Cmd: argv, Env: x.env, WorkingDir: x.dir, Tty: x.tty, AttachStdin: true, AttachStdout: true, AttachStderr: true,
	})
	if err != nil {
		return 0, &hosts.ExitError{Code: 125, Err: fmt.Errorf("enter container %s: %w", x.container, err)}
	}
	conn, err := cli.ContainerExecAttach(ctx, created.ID, container.ExecAttachOptions{Tty: x.tty})
	if err != nil {
		return 0, notStarted(argv[0], err)
	}
	defer conn.Close()
	s := session{cli: cli, id: created.ID}
	stop := s.forwardSignals(ctx, x.tty)
	defer stop()
	var said head
	if err := s.copy(conn, x.tty, &said); err != nil {
		return 0, &hosts.ExitError{Code: 125, Err: err}
	}
	code, err = s.exitCode(ctx)
	if code == 126 && said.notFound() {
		code = 127
	}
	return code, err
}

// atTerminal reports whether a command can be given a terminal: both standard
// input and output are one. Otherwise a terminal of Docker's would never reach
// the end of the input, or change line endings in the output.
func atTerminal() bool {
	return term.IsTerminal(int(os.Stdin.Fd())) && term.IsTerminal(int(os.Stdout.Fd()))
}

// head keeps the beginning of a command's output. Older daemons report there
// why it did not start, with one exit code for all reasons.
type head struct{ text []byte }

func (h *head) Write(b []byte) (int, error) {
	const enough = 512
	h.text = append(h.text, b[:min(len(b), enough-len(h.text))]...)
	return len(b), nil
}

func (h *head) notFound() bool {
	return bytes.HasPrefix(h.text, []byte("OCI runtime exec failed")) && saysNotFound(string(h.text))
}

// notStarted maps the daemon's message to a shell's exit codes.
func notStarted(name string, err error) error {
	code := 126
	if saysNotFound(err.Error()) {
		code = 127
	}
	return &hosts.ExitError{Code: code, Err: fmt.Errorf("%s: %w", name, err)}
}

func saysNotFound(text string) bool {
	return strings.Contains(text, "not found") || strings.Contains(text, "no such file")
}

// session is one command that runs inside a container.
type session struct {
	cli *client.Client
	id  string
}

// copy connects the standard streams to the command until it closes them, and
// keeps the beginning of its output in said.
func (s session) copy(conn types.HijackedResponse, tty bool, said *head) error {
	if in := int(os.Stdin.Fd()); tty {
		state, err := term.MakeRaw(in)
		if err != nil {
			return err
		}
		defer func() { _ = term.Restore(in, state) }()
	}
	go func() {
		_, _ = io.Copy(conn.Conn, os.Stdin) // until either side closes
		_ = conn.CloseWrite()
	}()
	var err error
	if tty {
		_, err = io.Copy(io.MultiWriter(os.Stdout, said), conn.Reader)
	} else {
		_, err = stdcopy.StdCopy(io.MultiWriter(os.Stdout, said), os.Stderr, conn.Reader)
	}
	return err
}

// forwardSignals passes this process's signals to the command, and changes of
// the terminal's size.
func (s session) forwardSignals(ctx context.Context, tty bool) (stop func()) {
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, unix.SIGTERM, unix.SIGINT, unix.SIGQUIT, unix.SIGUSR1, unix.SIGUSR2, unix.SIGWINCH)
	if !signal.Ignored(unix.SIGHUP) { // as under nohup
		signal.Notify(signals, unix.SIGHUP)
	}
	if tty {
		signals <- unix.SIGWINCH // the initial size
	}
	go func() {
		for sig := range signals {
			if sig == unix.SIGWINCH {
				s.resize(ctx)
				continue
			}
			if pid := s.pid(ctx); pid != 0 {
				_ = unix.Kill(pid, sig.(unix.Signal)) // ESRCH: it has ended
			}
		}
	}()
	return func() { signal.Stop(signals); close(signals) }
}

// pid returns the command's PID on the server, which the daemon knows shortly
// after the start, or 0 if the command does not start.
func (s session) pid(ctx context.Context) int {
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		running, err := s.cli.ContainerExecInspect(ctx, s.id)
		if err != nil {
			return 0
		}
		if running.Pid > 0 && !running.Running {
			return 0 // it has ended: the PID may be reused
		}
		if running.Pid > 0 {
			return running.Pid
		}
	}
	return 0
}

func (s session) resize(ctx context.Context) {
	width, height, err := term.GetSize(int(os.Stdout.Fd()))
	if err != nil {
		return // not a terminal
	}
	_ = s.cli.ContainerExecResize(ctx, s.id, container.ResizeOptions{Width: uint(width), Height: uint(height)})
}

// exitCode waits until the daemon knows the exit code, shortly after the
// command has closed its streams.
func (s session) exitCode(ctx context.Context) (int, error) {
	for wait := time.Millisecond; ; wait = min(2*wait, 100*time.Millisecond) {
		ended, err := s.cli.ContainerExecInspect(ctx, s.id)
		if err != nil {
			return 0, &hosts.ExitError{Code: 125, Err: fmt.Errorf("the container has gone: %w", err)}
		}
		if !ended.Running {
			return ended.ExitCode, nil
		}
		time.Sleep(wait)
	}
}
