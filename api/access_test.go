package api

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const secret = "0123456789abcdef"

func TestGuard(t *testing.T) {
	h := Guard(secret, "127.0.0.1:8080", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte("in")) }))
	for _, c := range []struct {
		name, host, origin, auth, password string
		want                               int
	}{
		{"bearer", "127.0.0.1:8080", "", "Bearer " + secret, "", http.StatusOK},
		{"password", "localhost:8080", "http://localhost:8080", "", secret, http.StatusOK},
		{"no token", "127.0.0.1:8080", "", "", "", http.StatusUnauthorized},
		{"wrong token", "127.0.0.1:8080", "", "Bearer " + secret + "0", "", http.StatusUnauthorized},
		{"wrong password", "127.0.0.1:8080", "", "", "x", http.StatusUnauthorized},
		{"another name that leads here", "evil.example:8080", "", "Bearer " + secret, "", http.StatusMisdirectedRequest},
		{"another port", "127.0.0.1:80", "", "Bearer " + secret, "", http.StatusMisdirectedRequest},
		{"page of somebody else", "127.0.0.1:8080", "http://evil.example", "Bearer " + secret, "", http.StatusForbidden},
		{"page of nobody", "127.0.0.1:8080", "null", "Bearer " + secret, "", http.StatusForbidden},
	} {
		q := httptest.NewRequest(http.MethodGet, "/", nil)
		q.Host = c.host
		if c.origin != "" {
			q.Header.Set("Origin", c.origin)
		}
		if c.auth != "" {
			q.Header.Set("Authorization", c.auth)
		}
		if c.password != "" {
			q.SetBasicAuth("any", c.password)
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, q)
		if w.Code != c.want || (w.Body.String() == "in") != (c.want == http.StatusOK) {
			t.Errorf("%s: %d %s; want %d", c.name, w.Code, w.Body, c.want)
		}
		if w.Code != http.StatusOK && (w.Header().Get("Content-Type") != "application/problem+json" || !strings.Contains(w.Body.String(), `"detail":`)) {
			t.Errorf("%s: %s %s", c.name, w.Header().Get("Content-Type"), w.Body)
		}
	}
}

// To port 80, clients name no port.
func TestGuardPort80(t *testing.T) {
	for _, c := range []struct {
		listen, host string
		want         int
	}{
		{"127.0.0.1:80", "127.0.0.1", http.StatusOK},
		{"127.0.0.1:80", "127.0.0.1:80", http.StatusOK},
		{"127.0.0.1:80", "localhost", http.StatusOK},
		{"[::1]:80", "[::1]", http.StatusOK},
		{"127.0.0.1:80", "evil.example", http.StatusMisdirectedRequest},
		{"127.0.0.1:8080", "127.0.0.1", http.StatusMisdirectedRequest},
		{"127.0.0.1:8080", "localhost", http.StatusMisdirectedRequest},
	} {
		q := httptest.NewRequest(http.MethodGet, "/", nil)
		q.Host = c.host
		q.Header.Set("Origin", "http://"+c.host)
		q.SetBasicAuth("", secret)
		w := httptest.NewRecorder()
		Guard(secret, c.listen, http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})).ServeHTTP(w, q)
		if w.Code != c.want {
			t.Errorf("%s at %s: %d; want %d", c.host, c.listen, w.Code, c.want)
		}
	}
}

// Who has no token keeps no connection, even with a body that never comes.
func TestGuardHoldsNoConnection(t *testing.T) {
	s := httptest.NewUnstartedServer(nil)
	at := s.Listener.Addr().String()
	s.Config.Handler = Guard(secret, at, http.NotFoundHandler())
	s.Start()
	defer s.Close()
	for _, head := range []string{"GET / HTTP/1.1\r\n", "POST / HTTP/1.1\r\nContent-Length: 100\r\n"} {
		c, err := net.Dial("tcp", at)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		_ = c.SetDeadline(time.Now().Add(10 * time.Second))
		if _, err := c.Write([]byte(head + "Host: " + at + "\r\n\r\n")); err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(c)
		if err != nil || !strings.HasPrefix(string(text), "HTTP/1.1 401 ") {
			t.Errorf("%q: %v, %s", head, err, text)
		}
	}
}

func TestReadToken(t *testing.T) {
	file := filepath.Join(t.TempDir(), "token")
	for _, c := range []struct {
		text string
		mode os.FileMode
		want string
	}{
		{secret + "\n", 0o600, ""}, {secret, 0o400, ""},
		{secret, 0o640, "chmod 600"}, {secret, 0o604, "chmod 600"}, {"short\n", 0o600, "16 are the least"}, {"", 0o600, "0 octets"},
	} {
		os.Remove(file)
		if err := os.WriteFile(file, []byte(c.text), c.mode); err != nil {
			t.Fatal(err)
		}
		token, err := ReadToken(file)
		if c.want == "" && (err != nil || token != secret) || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%q with mode %o: %q, %v", c.text, c.mode, token, err)
		}
	}
}

func TestLoopback(t *testing.T) {
	for listen, ok := range map[string]bool{
		"127.0.0.1:8080": true, "[::1]:8080": true, "0.0.0.0:8080": false, ":8080": false, "192.0.2.1:80": false, "localhost:80": false, "127.0.0.1": false,
	} {
		if err := Loopback(listen); (err == nil) != ok {
			t.Errorf("%s: %v", listen, err)
		}
	}
}
