package labs

import "testing"

func TestWaitingFor(t *testing.T) {
	for _, tt := range []struct {
		starting       []string
		missing, total int
		want           string
	}{
		{[]string{"pe1", "pe2"}, 5, 264, "waiting for router pe1, pe2 to start"},
		{nil, 112, 264, "waiting for 112 of 264 links, hosts, sessions and routes"},
		{nil, 2, 1, "waiting for 1 of 1 links, hosts, sessions and routes"},
		{nil, 0, 264, "converged"},
	} {
		if got := waitingFor(tt.starting, tt.missing, tt.total); got != tt.want {
			t.Errorf("%q, want %q", got, tt.want)
		}
	}
}
