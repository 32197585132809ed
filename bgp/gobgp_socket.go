package bgp

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"sync"
	"time"

	"google.golang.org/grpc"
)

// maxSocketPath is the longest path of a unix socket, in octets.
const maxSocketPath = 107

// apiSocket is the unix socket of the engine's API. The engine opens it in a
// private directory, so that nobody else can ever connect; then it is moved to its
// final path.
type apiSocket struct {
	final     string
	temporary string
}

func prepareSocket(path string) (*apiSocket, error) {
	if conn, err := net.Dial("unix", path); err == nil {
		_ = conn.Close()
		return nil, fmt.Errorf("bgp: API socket %s: another speaker serves it", path)
	}
	dir, err := os.MkdirTemp(filepath.Dir(path), ".")
	if err != nil {
		return nil, fmt.Errorf("bgp: API socket: %w", err)
	}
	s := &apiSocket{final: path, temporary: filepath.Join(dir, "s")}
	if n := max(len(path), len(s.temporary)); n > maxSocketPath {
		return nil, errors.Join(fmt.Errorf("bgp: API socket %s: the path is %d octets too long", path, n-maxSocketPath), s.remove())
	}
	return s, nil
}

// publish waits until the engine listens, then moves the socket into place.
func (s *apiSocket) publish(ctx context.Context, log *engineLog) error {
	for !s.answers() {
		if err := log.fatalError(); err != nil {
			return fmt.Errorf("bgp: API socket: %w", err)
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("bgp: API socket: %w", ctx.Err())
		case <-time.After(time.Millisecond):
		}
	}
	if err := os.Chmod(s.temporary, 0o600); err != nil {
		return fmt.Errorf("bgp: API socket: %w", err)
	}
	if err := os.Rename(s.temporary, s.final); err != nil {
		return fmt.Errorf("bgp: API socket: %w", err)
	}
	return os.RemoveAll(filepath.Dir(s.temporary))
}

func (s *apiSocket) answers() bool {
	conn, err := net.Dial("unix", s.temporary)
	if err != nil {
		return false
	}
	_ = conn.Close()
	return true
}

// remove deletes the socket wherever it is.
func (s *apiSocket) remove() error {
	err := os.Remove(s.final)
	if errors.Is(err, os.ErrNotExist) {
		err = nil
	}
	return errors.Join(err, os.RemoveAll(filepath.Dir(s.temporary)))
}

// beforePaths are options of the API's server that call do once, before the first path is
// added by it.
func beforePaths(do func()) []grpc.ServerOption {
	once := sync.OnceFunc(do)
	note := func(method string) {
		if method == "/apipb.GobgpApi/AddPath" || method == "/apipb.GobgpApi/AddPathStream" {
			once()
		}
	}
	return []grpc.ServerOption{
		grpc.UnaryInterceptor(func(ctx context.Context, request any, info *grpc.UnaryServerInfo, handle grpc.UnaryHandler) (any, error) {
			note(info.FullMethod)
			return handle(ctx, request)
		}),
		grpc.StreamInterceptor(func(service any, stream grpc.ServerStream, info *grpc.StreamServerInfo, handle grpc.StreamHandler) error {
			note(info.FullMethod)
			return handle(service, stream)
		}),
	}
}
