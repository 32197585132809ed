package docker

import (
	"context"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"pseudowan/hosts"
)

// serveDocker answers as a daemon does, and returns where.
func serveDocker(t *testing.T, network, address string) string {
	t.Helper()
	l, err := net.Listen(network, address)
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Api-Version", "1.41")
	})}
	go func() { _ = server.Serve(l) }()
	t.Cleanup(func() { server.Close() })
	return network + "://" + l.Addr().String()
}

// A daemon of another machine, as CI services lend one, is none for a lab.
func TestDockerDaemonElsewhere(t *testing.T) {
	for _, tt := range []struct {
		host, wrong string
	}{
		{serveDocker(t, "unix", filepath.Join(t.TempDir(), "docker.sock")), ""},
		{serveDocker(t, "tcp", "127.0.0.1:0"), "is not on this server"},
	} {
		d, err := open(tt.host, hosts.Options{})
		if err != nil {
			t.Fatal(err)
		}
		err = d.Ready(context.Background())
		if (err == nil) != (tt.wrong == "") || err != nil && !strings.Contains(err.Error(), tt.wrong) {
			t.Errorf("%s: %v; want %q", tt.host, err, tt.wrong)
		}
	}
}
