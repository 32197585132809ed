package bfd

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/rpc"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

const (
	restartPause = 100 * time.Millisecond // before a process that has ended is started again
	endWait      = 2 * time.Second        // how long a process may take to tell its peers that it ends
)

// Process is a Runner in a process of its own, which runs only while there are sessions. A
// router that has a hundred thousand routes to work through is busy for longer than BFD may
// be silent; the other process has nothing else to do.
type Process struct {
	command []string // which runs Serve
	log     *slog.Logger
	changes chan []Change
	news    chan struct{} // there are sessions, and there may be no process

	mu     sync.Mutex
	list   []Config
	client *rpc.Client // nil: there is no process
}

// NewProcess returns a Process whose command runs Serve with its standard input.
func NewProcess(command []string, log *slog.Logger) *Process {
	return &Process{command: command, log: log, changes: make(chan []Change), news: make(chan struct{}, 1)}
}

// Changes returns the channel of the changes of states. Nothing is lost or delayed if the
// receiver is slow.
func (p *Process) Changes() <-chan []Change { return p.changes }

// Configure replaces what is wanted, as Table.Configure does.
func (p *Process) Configure(ctx context.Context, list []Config) {
	p.mu.Lock()
	p.list = list
	client := p.client
	p.mu.Unlock()
	if client != nil {
		// If it fails the process has ended, and the next one begins with the list.
		_ = call(ctx, client, "Configure", list, nil)
	}
	if len(list) > 0 {
		select {
		case p.news <- struct{}{}:
		default:
		}
	}
}

// Sessions lists the sessions, in no order.
func (p *Process) Sessions(ctx context.Context) (list []Session) {
	p.mu.Lock()
	client := p.client
	p.mu.Unlock()
	if client == nil || call(ctx, client, "Sessions", struct{}{}, &list) != nil {
		return nil
	}
	return list
}

// Run has a process while there are sessions, until ctx ends; then their peers are told that
// this is on purpose.
func (p *Process) Run(ctx context.Context) {
	for ctx.Err() == nil {
		if len(p.wanted()) == 0 {
			select {
			case <-ctx.Done():
			case <-p.news:
			}
			continue
		}
		err := p.once(ctx)
		if ctx.Err() != nil || len(p.wanted()) == 0 {
			continue
		}
		p.log.Error("the process of BFD has ended", "error", err)
		select {
		case <-ctx.Done():
		case <-time.After(restartPause):
		}
	}
}

func (p *Process) wanted() []Config {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.list
}

// once runs a process until it or ctx ends.
func (p *Process) once(ctx context.Context) error {
	cmd, client, err := p.start()
	if err != nil {
		return err
	}
	p.mu.Lock() // until it has the list: a newer one comes after that
	p.client = client
	err = call(ctx, client, "Configure", p.list, nil)
	p.mu.Unlock()
	if err == nil {
		err = p.follow(ctx, client)
	}
	p.mu.Lock()
	p.client = nil
	p.mu.Unlock()
	_ = client.Close() // at which it ends, if it has not
	kill := time.AfterFunc(endWait, func() { _ = cmd.Process.Kill() })
	defer kill.Stop()
	return errors.Join(err, cmd.Wait())
}

// start starts the process at the other end of a pair of sockets.
func (p *Process) start() (*exec.Cmd, *rpc.Client, error) {
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, nil, fmt.Errorf("BFD: %w", err)
	}
	ours, theirs := os.NewFile(uintptr(pair[0]), "bfd"), os.NewFile(uintptr(pair[1]), "bfd")
	defer ours.Close()
	defer theirs.Close()
	conn, err := net.FileConn(ours)
	if err != nil {
		return nil, nil, fmt.Errorf("BFD: %w", err)
	}
	cmd := exec.Command(p.command[0], p.command[1:]...)
	cmd.Stdin, cmd.Stderr, cmd.Dir = theirs, os.Stderr, "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true} // so that its priority is of all its threads
	if err := cmd.Start(); err != nil {
		_ = conn.Close()
		return nil, nil, fmt.Errorf("start the process of BFD: %w", err)
	}
	return cmd, rpc.NewClient(conn), nil
}

// follow passes on changes until the process or ctx ends.
func (p *Process) follow(ctx context.Context, client *rpc.Client) error {
	for {
		var changes []Change
		if err := call(ctx, client, "Changes", struct{}{}, &changes); err != nil {
			return err
		}
		select {
		case p.changes <- changes:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// call calls a method of the service, until ctx ends.
func call(ctx context.Context, client *rpc.Client, method string, args, reply any) error {
	if reply == nil {
		reply = new(struct{})
	}
	select {
	case c := <-client.Go(serviceName+"."+method, args, reply, make(chan *rpc.Call, 1)).Done:
		return c.Error
	case <-ctx.Done():
		return ctx.Err()
	}
}
