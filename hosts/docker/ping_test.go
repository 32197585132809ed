package docker

import (
	"context"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pseudowan/hosts"
)

// serveDocker answers as a daemon does, and returns its address.
func serveDocker(t *testing.T, network, address string) string {
	t.Helper()
	l, err := net.Listen(network, address)
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Api-Version", "1.41")
		switch {
		case strings.HasSuffix(r.URL.Path, "/info"):
			_, _ = io.WriteString(w, `{"ServerVersion": "28.0", "CgroupVersion": "2", "CgroupDriver": "systemd"}`)
		case strings.Contains(r.URL.Path, "/images/"):
			w.WriteHeader(http.StatusNotFound)
		}
	})}
	go func() { _ = server.Serve(l) }()
	t.Cleanup(func() { server.Close() })
	return network + "://" + l.Addr().String()
}

// A daemon on another machine, as CI services provide, is of no use to a lab.
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

// Daemon describes a daemon that answers and one that does not.
func TestDockerIsDescribed(t *testing.T) {
	there, err := open(serveDocker(t, "unix", filepath.Join(t.TempDir(), "docker.sock")), hosts.Options{})
	if err != nil {
		t.Fatal(err)
	}
	gone, err := open("unix://"+filepath.Join(t.TempDir(), "none.sock"), hosts.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if d := there.Daemon(t.Context(), []string{"nginx"}); d.Problem != "" || d.Version != "28.0" || d.API != "1.41" || d.Cgroup != "v2 by systemd" || !slices.Equal(d.Absent, []string{"nginx"}) {
		t.Errorf("that answers: %+v", d)
	}
	if d := gone.Daemon(t.Context(), nil); !strings.HasPrefix(d.Problem, "no daemon answers at unix://") || d.Version != "" {
		t.Errorf("that does not answer: %+v", d)
	}
}
