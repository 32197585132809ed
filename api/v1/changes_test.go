package v1

import (
	"errors"
	"fmt"
	"net/http"
	"testing"

	"github.com/danielgtaylor/huma/v2"

	"pseudowan/labs"
	"pseudowan/status"
	"pseudowan/topology"
)

func TestDetail(t *testing.T) {
	for want, p := range map[string]topology.Problem{
		"it is wrong":         {Message: "it is wrong"},
		"it is wrong; use it": {Message: "it is wrong", Remedy: "use it"},
	} {
		if d := detail(p); d.Message != want {
			t.Errorf("%q; want %q", d.Message, want)
		}
	}
}

// Why a change is refused is its status.
func TestDone(t *testing.T) {
	for _, c := range []struct {
		err  error
		want int
	}{
		{topology.Problems{{Message: "it is wrong"}}, http.StatusUnprocessableEntity},
		{fmt.Errorf("link: %w", &labs.StateError{}), http.StatusConflict},
		{&labs.NotConvergedError{}, http.StatusGatewayTimeout},
		{status.NotFound("no such node"), http.StatusNotFound},
		{errors.New("disk on fire"), http.StatusServiceUnavailable},
	} {
		var got huma.StatusError
		if _, err := done("", c.err); !errors.As(err, &got) || got.GetStatus() != c.want {
			t.Errorf("%v: %v; want %d", c.err, err, c.want)
		}
	}
	if a, err := done("it is done", nil); err != nil || a.Body != "it is done" {
		t.Errorf("%v, %v", a, err)
	}
}
