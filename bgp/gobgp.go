package bgp

import (
	"context"
	"errors"
	"fmt"
	"net"
	"reflect"
	"sync/atomic"

	api "github.com/osrg/gobgp/v3/api"
	"github.com/osrg/gobgp/v3/pkg/server"
)

// engine wraps GoBGP in the types of this package.
type engine struct {
	server  *server.BgpServer
	as      uint32
	carries carriage
	log     *engineLog
	conns   chan<- *net.TCPConn // connections for GoBGP
	socket  *apiSocket          // nil: no API is served
	held    *hold               // nil: nothing is held back

	isRestarting atomic.Bool // announced to new peers
	done         context.Context
	cancel       context.CancelFunc
}

// startEngine starts GoBGP without listeners. Its events go to the sink.
func startEngine(ctx context.Context, cfg Config, to sink) (*engine, error) {
	e := &engine{as: cfg.AS, carries: cfg.carries(), log: &engineLog{log: cfg.Log}}
	e.done, e.cancel = context.WithCancel(context.Background())
	options := []server.ServerOption{server.LoggerOption(e.log)}
	if cfg.APISocket != "" {
		var err error
		if e.socket, err = prepareSocket(cfg.APISocket); err != nil {
			return nil, err
		}
		options = append(options, server.GrpcListenAddress("unix://"+e.socket.temporary), server.GrpcOption(beforePaths(func() {
			if err := e.watchLocal(to); err != nil {
				cfg.Log.Error("bgp: paths that the gobgp command adds stay unknown", "error", err)
			}
		})))
	}
	e.server = server.NewBgpServer(options...)
	if err := e.run(ctx, cfg, to); err != nil {
		return nil, errors.Join(err, e.stop(ctx))
	}
	return e, nil
}

func (e *engine) run(ctx context.Context, cfg Config, to sink) error {
	var err error
	if e.conns, err = replaceAcceptChannel(e.server); err != nil {
		return err
	}
	go e.server.Serve()
	err = e.server.StartBgp(ctx, &api.StartBgpRequest{Global: &api.Global{
		Asn:        cfg.AS,
		RouterId:   cfg.RouterID.String(),
		ListenPort: -1,
		// Without it, the older of two equal external paths wins, and what peers
		// receive depends on the order of arrival.
		RouteSelectionOptions: &api.RouteSelectionOptionsConfig{ExternalCompareRouterId: true},
	}})
	if err != nil {
		return fmt.Errorf("bgp: start: %w", err)
	}
	if err := e.watch(to); err != nil {
		return fmt.Errorf("bgp: watch: %w", err)
	}
	if cfg.Restarting {
		e.isRestarting.Store(true)
		if e.held, err = e.holdBack(ctx, cfg.inside()); err != nil {
			return err
		}
	}
	if e.socket != nil {
		return e.socket.publish(ctx, e.log)
	}
	return nil
}

// stop ends every session with a notification, and closes the API.
func (e *engine) stop(ctx context.Context) error {
	e.cancel()
	if e.held != nil {
		e.held.conn.Close()
	}
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		e.server.Stop()
	}()
	var err error
	select {
	case <-stopped:
	case <-ctx.Done():
		err = fmt.Errorf("bgp: stop: %w", ctx.Err())
	}
	if e.socket != nil {
		err = errors.Join(err, e.socket.remove())
	}
	return err
}

// deliver passes a connection to the session with its remote address.
func (e *engine) deliver(conn *net.TCPConn) {
	select {
	case e.conns <- conn:
	case <-e.done.Done():
		abort(conn)
	}
}

// replaceAcceptChannel makes the server receive connections from our channel
// instead of that of its listeners. GoBGP has no interface for that, and its own
// dialling takes at least one to two seconds. It must be called before the server
// serves. A version of GoBGP without this channel is refused.
func replaceAcceptChannel(s *server.BgpServer) (chan<- *net.TCPConn, error) {
	field := reflect.ValueOf(s).Elem().FieldByName("acceptCh")
	if !field.IsValid() || field.Type() != reflect.TypeFor[chan *net.TCPConn]() {
		return nil, errors.New("bgp: this version of GoBGP has no channel for accepted connections")
	}
	conns := make(chan *net.TCPConn, 32)
	*(*chan *net.TCPConn)(field.Addr().UnsafePointer()) = conns
	return conns, nil
}
