package client

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// What is done to links and nodes is asked for by the paths of the API, whatever the names.
func TestLinksAndNodes(t *testing.T) {
	var asked string
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		body, _ := io.ReadAll(q.Body)
		asked = q.Method + " " + q.URL.EscapedPath() + " " + string(body)
		_, _ = io.WriteString(w, `{"lab":"l","links":["a"],"means":["netem"],"node":"pe1","action":"stop"}`)
	}))
	defer s.Close()
	c := NewAt(strings.TrimPrefix(s.URL, "http://"), "token")
	link, err := c.Link(t.Context(), "pe1:eth1", "down")
	if err != nil || link.Links[0] != "a" || asked != "POST /v1/links/pe1:eth1/down " {
		t.Errorf("%s: %+v, %v", asked, link, err)
	}
	if link, err = c.Impair(t.Context(), "../x", Impairment{Loss: "5%", Delay: 20 * time.Millisecond, Rate: "1M"}); err != nil || link.Means[0] != "netem" ||
		asked != `POST /v1/links/..%2Fx/impair {"delay":"20ms","loss":"5%","rate":"1M"}` {
		t.Errorf("%s: %+v, %v", asked, link, err)
	}
	node, err := c.Power(t.Context(), "pe1", "stop")
	if err != nil || node.Action != "stop" || asked != "POST /v1/nodes/pe1/stop " {
		t.Errorf("%s: %+v, %v", asked, node, err)
	}
}
