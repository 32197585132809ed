package main

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// The token reads; who may change a lab is root, which takes a flag.
func TestServeAllowsChanges(t *testing.T) {
	const token, at = "0123456789abcdef", "127.0.0.1:8080"
	for _, c := range []struct {
		changes      bool
		method, path string
		code         int
		detail       string
	}{
		{false, http.MethodPost, "/v1/hosts", http.StatusForbidden, "--allow-changes"},
		{false, http.MethodPost, "/v1/changes", http.StatusForbidden, "--allow-changes"},
		{false, http.MethodPatch, "/v1/vrfs/red", http.StatusForbidden, "--allow-changes"},
		{false, http.MethodDelete, "/v1/hosts/h1", http.StatusForbidden, "--allow-changes"},
		{false, http.MethodPut, "/v1/anything", http.StatusForbidden, "--allow-changes"},
		{false, http.MethodGet, "/v1/trace?to=10.0.0.1", http.StatusUnprocessableEntity, "validation"},
		{false, http.MethodGet, "/v1/openapi.json", http.StatusOK, ""},
		{true, http.MethodPost, "/v1/hosts", http.StatusUnprocessableEntity, "validation"}, // of an empty host
	} {
		q := httptest.NewRequest(c.method, c.path, strings.NewReader("{}"))
		q.Host = at
		q.Header.Set("Authorization", "Bearer "+token)
		q.Header.Set("Content-Type", "application/json")
		w := httptest.NewRecorder()
		newServer("lab", token, at, c.changes).Handler.ServeHTTP(w, q)
		var problem struct {
			Status        int
			Title, Detail string
		}
		if w.Code != c.code {
			t.Errorf("%s %s: %d %s; want %d", c.method, c.path, w.Code, w.Body, c.code)
		}
		if err := json.Unmarshal(w.Body.Bytes(), &problem); c.code >= 400 && (err != nil || problem.Status != c.code || problem.Title == "" ||
			!strings.Contains(problem.Detail, c.detail) || w.Header().Get("Content-Type") != "application/problem+json") {
			t.Errorf("%s %s: %s: %v: %s", c.method, c.path, w.Header().Get("Content-Type"), err, w.Body)
		}
	}
}

func TestServeEndsIdleConnections(t *testing.T) {
	if s := newServer("lab", "0123456789abcdef", "127.0.0.1:8080", false); s.IdleTimeout <= 0 || s.IdleTimeout > time.Minute || s.ReadHeaderTimeout <= 0 {
		t.Errorf("idle %s, header %s", s.IdleTimeout, s.ReadHeaderTimeout)
	}
}
