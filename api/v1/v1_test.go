package v1

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"pseudowan/labs"
)

func TestOpenAPI(t *testing.T) {
	w := httptest.NewRecorder()
	New("lab", labs.NewQueue()).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/v1/openapi.json", nil))
	var doc struct {
		OpenAPI string
		Paths   map[string]map[string]struct{ Summary string }
	}
	if err := json.Unmarshal(w.Body.Bytes(), &doc); err != nil || w.Code != http.StatusOK {
		t.Fatalf("%d: %v: %.300s", w.Code, err, w.Body)
	}
	if !strings.HasPrefix(doc.OpenAPI, "3.1") {
		t.Errorf("OpenAPI %s", doc.OpenAPI)
	}
	for _, path := range []string{"/v1/peers", "/v1/peers/{peer}/{view}", "/v1/vrfs", "/v1/nodes", "/v1/verify", "/v1/trace", "/v1/explain", "/v1/events", "/v1/changes", "/v1/routes", "/v1/lsps", "/v1/ping", "/v1/traceroute"} {
		if doc.Paths[path] == nil {
			t.Errorf("%s is not described", path)
		}
	}
	if text := w.Body.String(); strings.Count(text, `"name":"vrf"`) < 11 || strings.Count(text, `"name":"longer"`) != 5 {
		t.Errorf("parameters are missing: %s", text)
	}
	if strings.Contains(w.Body.String(), `"format":"ipv4"`) {
		t.Error("addresses are those of IPv4 alone")
	}
	for path, methods := range doc.Paths {
		for method, op := range methods {
			if op.Summary == "" || !strings.HasPrefix(path, "/v1/") {
				t.Errorf("%s %s: %q", method, path, op.Summary)
			}
		}
	}
}

// What is not as described is refused before any lab is looked for, by RFC 9457.
func TestRefusals(t *testing.T) {
	for _, c := range []struct {
		method, path, body string
		code               int
		detail             string
	}{
		{"GET", "/v1/mpls?prefix=10.1.0.1/24", "", 422, "prefix"},
		{"GET", "/v1/trace?host=h1&to=nowhere", "", 422, "validation"},
		{"GET", "/v1/trace?to=10.0.0.1", "", 422, "validation"},
		{"GET", "/v1/peers/pe1/told", "", 422, "validation"},
		{"GET", "/v1/explain?router=pe1&vrf=red&prefix=10", "", 422, "prefix"},
		{"GET", "/v1/ping?router=pe1&to=x", "", 422, "validation"},
		{"GET", "/v1/ping?router=pe1&to=10.0.0.1&count=1000", "", 422, "validation"},
		{"GET", "/v1/ping?router=pe1&to=10.0.0.1&size=9000", "", 422, "validation"},
		{"GET", "/v1/traceroute?to=10.0.0.1", "", 422, "validation"},
		{"GET", "/v1/nothing", "", 404, "there is no /v1/nothing"},
		{"PUT", "/v1/vrfs", "{}", 405, "takes GET, POST, not PUT"},
		{"POST", "/v1/vrfs/red", "{}", 405, "takes PATCH, DELETE, not POST"},
		{"POST", "/v1/vrfs", `{"name":"red"}`, 422, "validation"},
		{"POST", "/v1/vrfs", `{"name":"red","settings":{},"more":1}`, 422, "validation"},
		{"POST", "/v1/vrfs", `{`, 400, ""},
		{"POST", "/v1/changes", `{"edits":[]}`, 422, "validation"},
		{"POST", "/v1/changes", `{"edits":[{"op":"reboot","name":"x"}]}`, 422, "validation"},
		{"DELETE", "/v1/routes?vrf=red&prefix=1", "", 422, "prefix"},
		{"POST", "/v1/links/pe1:eth1/sideways", "", 422, "validation"},
		{"POST", "/v1/links/pe1:eth1/impair", "", 400, "body"},
		{"POST", "/v1/links/pe1:eth1/impair", `{}`, 422, "needs a loss, a delay or a rate"},
		{"POST", "/v1/links/pe1:eth1/impair", `{"loss":5}`, 422, "validation"},
		{"POST", "/v1/links/pe1:eth1/impair", `{"loss":"NaN%"}`, 422, "not a percentage"},
		{"POST", "/v1/links/pe1:eth1/impair", `{"delay":"-1s"}`, 422, "not between 0 and 1m"},
		{"POST", "/v1/links/pe1:eth1/impair", `{"rate":"1"}`, 422, "not between 8K and 100G"},
		{"POST", "/v1/links/pe1:eth1/impair", `{"loss":"5%","jitter":"1ms"}`, 422, "validation"},
		{"GET", "/v1/links/pe1:eth1/down", "", 405, "takes POST, not GET"},
		{"POST", "/v1/nodes/pe1/explode", "", 422, "validation"},
		{"DELETE", "/v1/nodes/pe1/stop", "", 405, "takes POST, not DELETE"},
		{"PATCH", "/v1/routers/pe1", `{"as":1}`, 422, "validation"},
		{"PATCH", "/v1/routers/pe1", `{"maintenance":"on"}`, 422, "validation"},
	} {
		q := httptest.NewRequest(c.method, c.path, strings.NewReader(c.body))
		if c.body != "" {
			q.Header.Set("Content-Type", "application/json")
		}
		w := httptest.NewRecorder()
		New("lab", labs.NewQueue()).ServeHTTP(w, q)
		var problem struct {
			Status int
			Detail string
		}
		if err := json.Unmarshal(w.Body.Bytes(), &problem); err != nil || w.Code != c.code || problem.Status != c.code || !strings.Contains(problem.Detail, c.detail) || w.Header().Get("Content-Type") != "application/problem+json" {
			t.Errorf("%s %s %s: %d %s: %s", c.method, c.path, c.body, w.Code, w.Header().Get("Content-Type"), w.Body)
		}
	}
}

// What is right reaches the lab, which is not there, with addresses of either family.
func TestAddresses(t *testing.T) {
	for _, q := range []*http.Request{
		httptest.NewRequest("POST", "/v1/routes", strings.NewReader(`{"vrf":"red","prefix":"2001:db8::/64","next_hop":"2001:db8::2"}`)),
		httptest.NewRequest("POST", "/v1/changes", strings.NewReader(`{"edits":[{"op":"route-add","name":"red","prefix":"2001:db8::/64","next_hop":"2001:db8::2"}]}`)),
		httptest.NewRequest("POST", "/v1/routes", strings.NewReader(`{"vrf":"red","prefix":"10.0.0.0/8","next_hop":"10.1.0.2"}`)),
		httptest.NewRequest("GET", "/v1/trace?host=h1&to=2001:db8::2", nil),
	} {
		q.Header.Set("Content-Type", "application/json")
		w := httptest.NewRecorder()
		New("lab", labs.NewQueue()).ServeHTTP(w, q)
		if w.Code == http.StatusUnprocessableEntity || w.Code == http.StatusBadRequest || w.Code == http.StatusOK {
			t.Errorf("%s %s: %d: %s", q.Method, q.URL, w.Code, w.Body)
		}
	}
}
