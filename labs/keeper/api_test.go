package keeper

import (
	"context"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"testing"
	"time"
)

// When the keeper ends, answers that end with it are whole, and those that do not are cut.
func TestAnswersEndWithTheKeeper(t *testing.T) {
	for path, whole := range map[string]bool{"/ends": true, "/stays": false} {
		socket := filepath.Join(t.TempDir(), "s")
		ctx, end := context.WithCancel(t.Context())
		defer end()
		stay := make(chan bool)
		h := http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
			_ = http.NewResponseController(w).Flush()
			<-q.Context().Done()
			if !whole {
				<-stay
			}
			time.Sleep(lastWords / 10)
			_, _ = io.WriteString(w, "last words")
		})
		served := make(chan error, 1)
		go func() { served <- serveOn(ctx, socket, h) }()
		c := http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{DialContext: func(context.Context, string, string) (conn net.Conn, err error) {
			for range 100 {
				if conn, err = net.Dial("unix", socket); err == nil {
					return conn, nil
				}
				time.Sleep(10 * time.Millisecond)
			}
			return nil, err
		}}}
		a, err := c.Get("http://lab" + path)
		if err != nil {
			t.Fatal(err)
		}
		defer a.Body.Close()
		end()
		text, err := io.ReadAll(a.Body)
		if (err == nil) != whole || whole && string(text) != "last words" {
			t.Errorf("%s: %q, %v", path, text, err)
		}
		<-served
		close(stay)
	}
}
