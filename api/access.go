package api

import (
	"crypto/subtle"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"time"
)

// leastToken is how long a token must be, in octets.
const leastToken = 16

// ReadToken reads a token from a file that nobody but its owner may read.
func ReadToken(file string) (string, error) {
	info, err := os.Stat(file)
	if err != nil {
		return "", fmt.Errorf("token: %w", err)
	}
	if open := info.Mode().Perm() & 0o077; open != 0 {
		return "", fmt.Errorf("token: others may read %s; use: chmod 600 %[1]s", file)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return "", fmt.Errorf("token: %w", err)
	}
	token := strings.TrimSpace(string(text))
	if len(token) < leastToken {
		return "", fmt.Errorf("token: %s has %d octets, and %d are the least; make one with: openssl rand -hex 16", file, len(token), leastToken)
	}
	return token, nil
}

// Loopback reports why an address is not one of the server itself; nil if it is.
func Loopback(listen string) error {
	host, _, err := net.SplitHostPort(listen)
	if err != nil {
		return err
	}
	if ip := net.ParseIP(host); ip == nil || !ip.IsLoopback() {
		return fmt.Errorf("%s is not a loopback address: use 127.0.0.1 or [::1], and ssh -L to ask from elsewhere", host)
	}
	return nil
}

// Guard passes on requests with the token, as the bearer's or as a password (RFC 6750,
// RFC 7617), that are meant for the address it listens on: a web page of somebody else
// can make a browser send requests here, also by a name that leads here.
func Guard(token, listen string, h http.Handler) http.Handler {
	_, port, _ := net.SplitHostPort(listen)
	here := []string{listen, "localhost:" + port}
	if port == "80" { // clients leave it out
		for _, at := range here[:2] {
			here = append(here, strings.TrimSuffix(at, ":80"))
		}
	}
	return http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		origin := q.Header.Get("Origin")
		switch {
		case !slices.Contains(here, q.Host):
			refuse(w, "this is not "+q.Host, http.StatusMisdirectedRequest)
		case origin != "" && !slices.Contains(here, strings.TrimPrefix(origin, "http://")):
			refuse(w, "not for pages of "+origin, http.StatusForbidden)
		case subtle.ConstantTimeCompare([]byte(given(q)), []byte(token)) != 1:
			w.Header().Set("WWW-Authenticate", `Bearer realm="pseudowan"`)
			w.Header().Add("WWW-Authenticate", `Basic realm="pseudowan"`)
			refuse(w, "the token is missing or wrong", http.StatusUnauthorized)
		default:
			h.ServeHTTP(w, q)
		}
	})
}

// refuse answers who may be anybody, and ends the connection: also if the body that was
// announced does not come, for which a server waits before it goes on.
func refuse(w http.ResponseWriter, why string, code int) {
	_ = http.NewResponseController(w).SetReadDeadline(time.Now()) // a connection without deadlines ends by itself
	w.Header().Set("Connection", "close")
	w.Header().Set("Content-Type", "application/problem+json") // RFC 9457
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(map[string]any{"title": http.StatusText(code), "status": code, "detail": why}) // the client may have gone
}

// given returns the token of a request.
func given(q *http.Request) string {
	if bearer, ok := strings.CutPrefix(q.Header.Get("Authorization"), "Bearer "); ok {
		return bearer
	}
	_, password, _ := q.BasicAuth()
	return password
}
