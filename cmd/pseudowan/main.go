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

	"pseudowan/labs"
)

// A process is taken to be in the namespaces of its main thread, which Go keeps
// also where the goroutine on it must not go on. So nothing but main runs there.
func init() { runtime.LockOSThread() }

func main() {
	os.Exit(mainCode())
}

// mainCode runs the program on the process's own arguments and streams.
func mainCode() int {
	signals := stopSignals(os.Args[1:])
	ctx, stop := signal.NotifyContext(context.Background(), signals...)
	defer stop()
	// The first signal asks; with the handler gone, a second one ends at once. But
	// for HUP, which a command gets twice: from the terminal and from its shell.
	context.AfterFunc(ctx, func() {
		if slices.Contains(signals, os.Signal(syscall.SIGHUP)) {
			signal.Notify(make(chan os.Signal, 1), syscall.SIGHUP) // not Ignore: what is started would, too
		}
		stop()
	})
	surviveReaders(os.Args[1:])
	return run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
}

// surviveReaders has writes fail whose reader has gone, as with `| head`, instead
// of ending the program half-way. What exec copies is its command's, which ends
// like any other.
func surviveReaders(args []string) {
	if len(args) > 0 && slices.Contains([]string{execCommand, enterCommand}, args[0]) {
		return
	}
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE) // not Ignore: what is started would, too
}

// stopSignals are the signals that end a command, which then undoes what it has
// half done. One is that the terminal has gone, as with a lost SSH connection:
// not under nohup, nor where that signal is for others, for the command that
// exec runs or for a keeper, which reads its list again.
func stopSignals(args []string) []os.Signal {
	signals := []os.Signal{os.Interrupt, syscall.SIGTERM}
	elsewhere := len(args) > 0 && slices.Contains([]string{execCommand, enterCommand, labs.KeeperCommand}, args[0])
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
		return exitNoReader // whoever has gone wants no words either
	}
	if err == nil && out.err != nil {
		err = fmt.Errorf("standard output: %w", out.err)
	}
	code := exitCode(ctx, err)
	complain(ctx, stderr, code, err)
	return code
}

// printer is standard output. It remembers that something could not be written:
// not everybody who prints looks.
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

// Fd is the file that is written to; one that does not exist where it is no file.
func (p *printer) Fd() uintptr {
	if f, ok := p.w.(*os.File); ok {
		return f.Fd()
	}
	return ^uintptr(0)
}

// interruptible is a reader that lets go when ctx ends, so that a command that
// waits for its standard input ends on the first Ctrl-C.
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
		own := make([]byte, len(p)) // p is the caller's again once Read has returned
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
