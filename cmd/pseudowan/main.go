package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"slices"
	"syscall"

	"pseudowan/labs/keeper"
)

// The namespaces of a process are those of its main thread. Go keeps that thread
// even if its goroutine has left it in another namespace, so only main may run
// there.
func init() { runtime.LockOSThread() }

func main() {
	os.Exit(mainCode())
}

// mainCode runs the program on the process's own arguments and streams.
func mainCode() int {
	signals := stopSignals(os.Args[1:])
	ctx, stop := signal.NotifyContext(context.Background(), signals...)
	defer stop()
	// The first signal asks the command to stop. Without the handler, a second one
	// kills it, except for HUP, which comes twice: from the terminal and from the
	// shell.
	context.AfterFunc(ctx, func() {
		if slices.Contains(signals, os.Signal(syscall.SIGHUP)) {
			signal.Notify(make(chan os.Signal, 1), syscall.SIGHUP) // not Ignore, which children inherit
		}
		stop()
	})
	surviveReaders(os.Args[1:])
	return run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
}

// surviveReaders makes writes fail once their reader is gone, as after `| head`,
// instead of killing the program half-way. exec keeps the default, which is what
// the command inside expects.
func surviveReaders(args []string) {
	if len(args) > 0 && slices.Contains([]string{execCommand, enterCommand}, args[0]) {
		return
	}
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE) // not Ignore, which children inherit
}

// stopSignals returns the signals on which a command stops and undoes its
// unfinished work. HUP, as from a lost SSH connection, is one of them, except under
// nohup and where it has another meaning: for the command that exec runs, and for a
// keeper, which reads its list again.
func stopSignals(args []string) []os.Signal {
	signals := []os.Signal{os.Interrupt, syscall.SIGTERM}
	elsewhere := len(args) > 0 && slices.Contains([]string{execCommand, enterCommand, keeper.Command}, args[0])
	if elsewhere || signal.Ignored(syscall.SIGHUP) {
		return signals
	}
	return append(signals, syscall.SIGHUP)
}

// run executes one command line and returns its exit code.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	out := &printer{w: stdout}
	root := newRoot(streams{interruptible{ctx, stdin}, out, stderr})
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	if errors.Is(out.err, syscall.EPIPE) && (err == nil || errors.Is(err, syscall.EPIPE)) {
		return exitNoReader // nobody reads the error
	}
	if err == nil && out.err != nil {
		err = fmt.Errorf("standard output: %w", out.err)
	}
	code := exitCode(ctx, err)
	complain(ctx, stderr, code, err)
	return code
}

// printer is standard output. It remembers the first failed write, which callers
// may ignore.
type printer struct {
	w   io.Writer
	err error
}

func (p *printer) Write(b []byte) (int, error) {
	n, err := p.w.Write(b)
	if err != nil && p.err == nil {
		p.err = err
	}
	return n, err
}

// Fd returns the file descriptor, or an invalid one if the output is not a file.
func (p *printer) Fd() uintptr {
	if f, ok := p.w.(*os.File); ok {
		return f.Fd()
	}
	return ^uintptr(0)
}

// interruptible is a reader whose Read returns when ctx ends, so that the first
// Ctrl-C ends a command that waits for standard input.
type interruptible struct {
	ctx context.Context
	r   io.Reader
}

func (i interruptible) Read(p []byte) (int, error) {
	type result struct {
		data []byte
		err  error
	}
	done := make(chan result, 1)
	go func() {
		own := make([]byte, len(p)) // p is the caller's again after Read returns
		n, err := i.r.Read(own)
		done <- result{own[:n], err}
	}()
	select {
	case r := <-done:
		return copy(p, r.data), r.err
	case <-i.ctx.Done():
		return 0, i.ctx.Err()
	}
}
