package ovs

import (
	"context"
	"fmt"
	"net"
	"path/filepath"
	"testing"
	"time"

	"pseudowan/ovs/openflow"
)

// Every error of an exchange whose switch goes away is recognized as a lost
// connection.
func TestLost(t *testing.T) {
	path := filepath.Join(t.TempDir(), "bridge.mgmt")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	accepted := make(chan net.Conn, 1)
	go func() {
		if c, err := l.Accept(); err == nil {
			accepted <- c
		}
	}()
	dialled := make(chan error, 1)
	go func() { // it asks for features, and gets no answer
		_, err := openflow.Dial(t.Context(), path, openflow.Handler{})
		dialled <- err
	}()
	c := <-accepted
	if _, err := c.Read(make([]byte, 8)); err != nil {
		t.Fatal(err)
	}
	c.Close()
	select {
	case err := <-dialled:
		if !Lost(fmt.Errorf("meters: %w", err)) {
			t.Errorf("%v: not recognized as a lost connection", err)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("no error")
	}
	for _, err := range []error{context.DeadlineExceeded, fmt.Errorf("the switch refuses: table full")} {
		if Lost(err) {
			t.Errorf("%v: mistaken for a lost connection", err)
		}
	}
}
