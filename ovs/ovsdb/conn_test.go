package ovsdb

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"time"
)

// server is the other end of a connection.
type server struct {
	net.Conn
	*json.Decoder
}

func connect(t *testing.T) (*Conn, server) {
	t.Helper()
	ours, theirs := net.Pipe()
	c := newConn(ours)
	t.Cleanup(func() { theirs.Close(); c.Close() })
	return c, server{theirs, json.NewDecoder(theirs)}
}

func deadline(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	t.Cleanup(cancel)
	return ctx
}

// transact sends an operation to a server that writes before, then answers with
// result and failure.
func transact(t *testing.T, before, result, failure string) ([]Result, message, error) {
	t.Helper()
	c, s := connect(t)
	requests := make(chan message, 1)
	go func() {
		var m message
		if s.Decode(&m) != nil {
			return
		}
		requests <- m
		io.WriteString(s, before+`{"id":`+string(m.ID)+`,"result":`+result+`,"error":`+failure+`}`)
	}()
	results, err := c.Transact(deadline(t), Operation{"op": "select", "table": "Bridge", "where": []any{}})
	return results, <-requests, err
}

func TestTransact(t *testing.T) {
	results, request, err := transact(t, "", `[{"rows":[{"name":"br0","external_ids":["map",[["lab","a"]]]}]}]`, "null")
	if err != nil {
		t.Fatal(err)
	}
	if want := `["Open_vSwitch",{"op":"select","table":"Bridge","where":[]}]`; request.Method != "transact" || string(request.Params) != want {
		t.Errorf("request: %s %s, want transact %s", request.Method, request.Params, want)
	}
	if got := string(results[0].Rows[0]["name"]); got != `"br0"` {
		t.Errorf("name is %s", got)
	}
}

func TestTransactFails(t *testing.T) {
	for _, c := range []struct{ what, before, result, failure, want string }{
		{"an operation fails", "", `[{"error":"constraint violation","details":"no bridge"}]`, "null", "constraint violation: no bridge"},
		{"the request fails", "", "null", `{"error":"unknown database"}`, "unknown database"},
		{"no results", "", "[]", "null", "too short"},
		{"null", "", "null", "null", "too short"},
		{"an object", "", `{"rows":[]}`, "null", "answer"},
		{"rows of another type", "", `[{"rows":"br0"}]`, "null", "answer"},
		{"not JSON", "}", "[]", "null", "invalid character"},
		{"the wrong type", `[1,2]`, "[]", "null", "cannot unmarshal"},
	} {
		if _, _, err := transact(t, c.before, c.result, c.failure); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want %q", c.what, err, c.want)
		}
	}
}

// Replies that nobody waits for are ignored.
func TestForeignReplies(t *testing.T) {
	const foreign = `{"id":99,"result":[]}{"id":null,"result":[]}{"id":"1","result":[]}{"id":-1,"result":[]}{"id":[1],"error":"x"}{}`
	results, _, err := transact(t, foreign, `[{"details":"ours"}]`, "null")
	if err != nil || results[0].Details != "ours" {
		t.Errorf("results %v, error %v; want our own", results, err)
	}
}

func TestServerEcho(t *testing.T) {
	_, s := connect(t)
	if _, err := io.WriteString(s, `{"method":"echo","params":["x"],"id":"echo"}`); err != nil {
		t.Fatal(err)
	}
	var m message
	if err := s.Decode(&m); err != nil {
		t.Fatal(err)
	}
	if string(m.ID) != `"echo"` || string(m.Result) != `["x"]` || m.Method != "" {
		t.Errorf("answer %+v", m)
	}
}

func TestUpdate(t *testing.T) {
	c, s := connect(t)
	for range 3 { // more than the one token: none may block the reader
		if _, err := io.WriteString(s, `{"method":"update","params":[null,{}],"id":null}`); err != nil {
			t.Fatal(err)
		}
	}
	select {
	case <-c.Changed():
	case <-deadline(t).Done():
		t.Error("no change is reported")
	}
}

func TestServerEnds(t *testing.T) {
	c, s := connect(t)
	go func() {
		var m message
		_ = s.Decode(&m)
		io.WriteString(s, `{"id":1,"resu`)
		s.Close()
	}()
	if err := c.Echo(deadline(t)); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("error %v, want %v", err, io.ErrUnexpectedEOF)
	}
	<-c.Done()
}

func TestSilentServer(t *testing.T) {
	c, s := connect(t)
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		var m message
		_ = s.Decode(&m)
		cancel()
	}()
	if err := c.Echo(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want %v", err, context.Canceled)
	}
	if len(c.pending) != 0 {
		t.Errorf("%d calls still wait", len(c.pending))
	}
}
