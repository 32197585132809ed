package ovsdb

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"
)

// writeTimeout bounds a write: a server that does not read for so long is
// considered dead.
const writeTimeout = 5 * time.Second

// Conn is one connection to a database server. Its methods may be used from
// several goroutines.
type Conn struct {
	sock    net.Conn
	changed chan struct{} // holds a token after a change of a monitored row
	done    chan struct{}

	write sync.Mutex

	mu      sync.Mutex
	id      uint64
	pending map[uint64]chan<- message
	err     error
}

// message is a request, a reply or a notification (RFC 7047 section 4.1, JSON-RPC 1.0).
type message struct {
	Method string          `json:"method,omitempty"`
	Params json.RawMessage `json:"params,omitempty"`
	Result json.RawMessage `json:"result,omitempty"`
	Error  json.RawMessage `json:"error,omitempty"`
	ID     json.RawMessage `json:"id"`
}

// Dial connects to the unix socket of a server.
func Dial(ctx context.Context, path string) (*Conn, error) {
	var d net.Dialer
	sock, err := d.DialContext(ctx, "unix", path)
	if err != nil {
		return nil, fmt.Errorf("database: %w", err)
	}
	return newConn(sock), nil
}

func newConn(sock net.Conn) *Conn {
	c := &Conn{sock: sock, changed: make(chan struct{}, 1), done: make(chan struct{}), pending: map[uint64]chan<- message{}}
	go c.read()
	return c
}

// Close ends the connection.
func (c *Conn) Close() error {
	err := c.sock.Close()
	<-c.done
	return err
}

// Done is closed when the connection has ended.
func (c *Conn) Done() <-chan struct{} { return c.done }

// Changed holds a token after a monitored row has changed.
func (c *Conn) Changed() <-chan struct{} { return c.changed }

// Operation is one operation of a transaction (section 5.2): "op", "table" and
// its other members.
type Operation map[string]any

// Result is the result of an operation (section 5.2).
type Result struct {
	Rows    []map[string]json.RawMessage `json:"rows"`
	Error   string                       `json:"error"`
	Details string                       `json:"details"`
}

// Transact carries out operations on the Open_vSwitch database, all of them or
// none, and returns one result for each.
func (c *Conn) Transact(ctx context.Context, ops ...Operation) ([]Result, error) {
	params := []any{"Open_vSwitch"}
	for _, op := range ops {
		params = append(params, op)
	}
	answer, err := c.call(ctx, "transact", params)
	if err != nil {
		return nil, err
	}
	var results []Result
	if err := json.Unmarshal(answer, &results); err != nil {
		return nil, fmt.Errorf("database: answer: %w", err)
	}
	for _, r := range results {
		if r.Error != "" {
			return results, fmt.Errorf("database: %s: %s", r.Error, r.Details)
		}
	}
	if len(results) < len(ops) {
		return results, errors.New("database: the answer is too short")
	}
	return results, nil
}

// Monitor asks the server to report changes in the columns of tables: see
// Changed.
func (c *Conn) Monitor(ctx context.Context, columns map[string][]string) error {
	requests := map[string]any{}
	for table, names := range columns {
		requests[table] = map[string]any{"columns": names}
	}
	_, err := c.call(ctx, "monitor", []any{"Open_vSwitch", nil, requests})
	return err
}

// Echo returns when the server has answered (section 4.1.11).
func (c *Conn) Echo(ctx context.Context) error {
	_, err := c.call(ctx, "echo", []any{})
	return err
}

// call sends a request and waits for its reply.
func (c *Conn) call(ctx context.Context, method string, params any) (json.RawMessage, error) {
	encoded, err := json.Marshal(params)
	if err != nil {
		return nil, fmt.Errorf("database: %w", err)
	}
	reply := make(chan message, 1)
	c.mu.Lock()
	c.id++
	id := c.id
	c.pending[id] = reply
	c.mu.Unlock()
	defer func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		delete(c.pending, id)
	}()
	if err := c.send(message{Method: method, Params: encoded, ID: json.RawMessage(fmt.Sprint(id))}); err != nil {
		return nil, err
	}
	select {
	case m := <-reply:
		if len(m.Error) > 0 && string(m.Error) != "null" {
			return nil, fmt.Errorf("database: %s: %s", method, m.Error)
		}
		return m.Result, nil
	case <-ctx.Done():
		return nil, fmt.Errorf("database: %s: %w", method, ctx.Err())
	case <-c.done:
		return nil, fmt.Errorf("database: %s: %w", method, c.failure())
	}
}

func (c *Conn) send(m message) error {
	data, err := json.Marshal(m)
	if err != nil {
		return fmt.Errorf("database: %w", err)
	}
	c.write.Lock()
	defer c.write.Unlock()
	if err := c.sock.SetWriteDeadline(time.Now().Add(writeTimeout)); err != nil {
		return fmt.Errorf("database: %w", err)
	}
	if _, err := c.sock.Write(data); err != nil {
		return fmt.Errorf("database: %w", err)
	}
	return nil
}

// read handles what the server sends until the connection ends.
func (c *Conn) read() {
	defer close(c.done)
	defer c.sock.Close()
	d := json.NewDecoder(c.sock)
	for {
		var m message
		if err := d.Decode(&m); err != nil {
			c.mu.Lock()
			c.err = err
			c.mu.Unlock()
			return
		}
		switch m.Method {
		case "":
			c.reply(m)
		case "update":
			select {
			case c.changed <- struct{}{}:
			default:
			}
		case "echo": // the server ends a connection that does not answer
			_ = c.send(message{Result: m.Params, Error: json.RawMessage("null"), ID: m.ID})
		}
	}
}

func (c *Conn) reply(m message) {
	var id uint64
	if json.Unmarshal(m.ID, &id) != nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if wait, ok := c.pending[id]; ok {
		delete(c.pending, id)
		wait <- m
	}
}

func (c *Conn) failure() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err
}
