package keeper

import (
	"context"
	"errors"
	"net"
	"net/http"
	"os"
	"time"

	"pseudowan/labs/store"
)

// apiRetry is the pause before the API's socket is opened again.
const apiRetry = time.Second

// serveAPI serves the lab's API on its socket, which only root may open, until ctx ends.
func (k *keeper) serveAPI(ctx context.Context, h http.Handler) {
	for ctx.Err() == nil {
		if err := serveOn(ctx, store.APISocket(k.lab), h); err != nil && ctx.Err() == nil {
			k.log.Error("cannot serve the API", "error", err)
		}
		select {
		case <-ctx.Done():
		case <-time.After(apiRetry):
		}
	}
}

func serveOn(ctx context.Context, path string, h http.Handler) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err // of an earlier keeper, which has ended
	}
	l, err := net.Listen("unix", path)
	if err != nil {
		return err
	}
	if err := os.Chmod(path, 0o600); err != nil {
		l.Close()
		return err
	}
	s := &http.Server{Handler: h, ReadHeaderTimeout: 5 * time.Second, MaxHeaderBytes: 16 << 10, BaseContext: func(net.Listener) context.Context { return ctx }}
	ended := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(ended)
		end(s)
	})
	err = s.Serve(l)
	if !stop() {
		<-ended
	}
	return err
}

// lastWords is how long answers may take to end when the keeper does.
const lastWords = 500 * time.Millisecond

// end lets answers come to their end, so that clients know that nothing is missing, as
// those about events when the lab is removed.
func end(s *http.Server) {
	ctx, cancel := context.WithTimeout(context.Background(), lastWords)
	defer cancel()
	_ = s.Shutdown(ctx)
	_ = s.Close()
}
