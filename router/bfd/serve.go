package bfd

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/rpc"
	"os"
	"runtime"

	"golang.org/x/sys/unix"
)

const (
	serviceName = "BFD"
	urgency     = -10 // the niceness of the process: it takes little, and may not wait
)

// service is what the process of BFD does for a Process.
type service struct {
	ctx    context.Context
	runner *Runner
}

// Configure replaces what is wanted.
func (s service) Configure(list []Config, _ *struct{}) error {
	s.runner.Configure(s.ctx, list)
	return nil
}

// Sessions lists the sessions.
func (s service) Sessions(_ struct{}, list *[]Session) error {
	*list = s.runner.Sessions(s.ctx)
	return nil
}

// Changes waits for changes of states.
func (s service) Changes(_ struct{}, changes *[]Change) error {
	select {
	case *changes = <-s.runner.Changes():
		return nil
	case <-s.runner.ended:
		return errors.New("there are no sessions any more")
	}
}

// Serve is the process of a Process, which is at the other end of the socket. It ends when
// that one does, with ctx, or when nothing is wanted any more and the peers have been told.
func Serve(ctx context.Context, socket *os.File, log *slog.Logger) error {
	conn, err := net.FileConn(socket)
	if err != nil {
		return fmt.Errorf("BFD: standard input is no socket: %w", err)
	}
	defer conn.Close()
	runtime.GOMAXPROCS(1)
	if err := unix.Setpriority(unix.PRIO_PGRP, 0, urgency); err != nil {
		log.Warn("BFD has no priority over other processes", "error", err)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	s := service{ctx, NewRunner(log)}
	server := rpc.NewServer()
	if err := server.RegisterName(serviceName, s); err != nil {
		return err
	}
	go func() {
		defer cancel()
		server.ServeConn(conn)
	}()
	s.runner.Run(ctx)
	return nil
}
