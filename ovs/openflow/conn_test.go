package openflow

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// fakeSwitch is the other end of a connection.
type fakeSwitch struct {
	t    *testing.T
	sock net.Conn
}

// connect connects to a fake switch. The handler sends everything to a channel.
func connect(t *testing.T) (*Conn, *fakeSwitch, <-chan any) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "br0.mgmt")
	l, err := net.Listen("unix", path)
	check(t, err)
	t.Cleanup(func() { l.Close() })
	sw := &fakeSwitch{t: t}
	accepted := make(chan struct{})
	go func() {
		defer close(accepted)
		if sw.sock, err = l.Accept(); err != nil {
			return
		}
		sw.send(message{kind: typeHello})
		for _, want := range []uint8{typeHello, typeSetConfig, typeBarrierRequest} {
			if m := sw.next(); m.kind != want {
				t.Errorf("message of type %d, want %d", m.kind, want)
			} else if want == typeBarrierRequest {
				sw.send(message{kind: typeBarrierReply, xid: m.xid})
			}
		}
	}()
	unasked := make(chan any, 8)
	c, err := Dial(t.Context(), path, Handler{
		PacketIn: func(p PacketIn) { unasked <- p },
		Error:    func(err error) { unasked <- err.Error() },
	})
	check(t, err)
	<-accepted
	t.Cleanup(func() { c.Close() })
	return c, sw, unasked
}

func (s *fakeSwitch) send(m message) {
	if _, err := s.sock.Write(m.appendTo(nil)); err != nil {
		s.t.Error(err)
	}
}

func (s *fakeSwitch) next() message {
	m, err := readMessage(s.sock)
	if err != nil {
		s.t.Error(err)
	}
	return m
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestUnasked(t *testing.T) {
	c, sw, unasked := connect(t)
	sw.send(message{kind: typePacketIn, body: packetInBody})
	const portStatus = 12 // ignored
	sw.send(message{kind: portStatus, body: make([]byte, 72)})
	sw.send(message{kind: typeError, xid: 99, body: []byte{0, 2, 0, 4, version, typePacketOut, 0, 8, 0, 0, 0, 99}})
	for _, want := range []any{packetIn, "packet-out: switch refused: no such output port"} {
		if diff := cmp.Diff(want, <-unasked); diff != "" {
			t.Error(diff)
		}
	}
	sw.send(message{kind: typeEchoRequest, xid: 7, body: []byte("hi")})
	if m := sw.next(); m.kind != typeEchoReply || m.xid != 7 || string(m.body) != "hi" {
		t.Errorf("echo: %+v", m)
	}
	body, err := Output(3, []byte("frame"))
	check(t, err)
	check(t, c.PacketOut(body))
	want := []byte{
		0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfd, 0, 16, 0, 0, 0, 0, 0, 0,
		0, 0, 0, 16, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0, 0, 'f', 'r', 'a', 'm', 'e',
	}
	if m := sw.next(); m.kind != typePacketOut || !cmp.Equal(m.body, want) {
		t.Errorf("packet-out: %s", cmp.Diff(want, m.body))
	}
}

func TestFrameThatDoesNotFit(t *testing.T) {
	if _, err := Output(1, make([]byte, 1<<16)); err == nil {
		t.Error("a frame larger than a message was accepted")
	}
	b, err := Resubmit(20, 1, make([]byte, maxPacketOutFrame))
	check(t, err)
	if n := len(message{body: b}.appendTo(nil)); n > 1<<16-1 {
		t.Errorf("the length of a message of %d octets does not fit", n)
	}
}

func TestMultipartInPieces(t *testing.T) {
	c, sw, _ := connect(t)
	go func() {
		req := sw.next()
		one, two := make([]byte, 8+portStatsSize), make([]byte, 8+2*portStatsSize)
		one[3] = flagMore
		one[8+3], two[8+3], two[8+portStatsSize+3] = 1, 2, 3
		sw.send(message{kind: typeMultipartReply, xid: req.xid, body: one})
		sw.send(message{kind: typeMultipartReply, xid: req.xid, body: two})
	}()
	stats, err := c.PortStats(t.Context())
	check(t, err)
	if diff := cmp.Diff([]PortStats{{Port: 1}, {Port: 2}, {Port: 3}}, stats); diff != "" {
		t.Error(diff)
	}
}

// Only differences are sent.
func TestSetMeters(t *testing.T) {
	c, sw, _ := connect(t)
	meters := []Meter{{1, 100, 10}, {2, 200, 20}, {3, 300, 30}}
	go func() {
		req := sw.next()
		if req.kind != typeMultipartRequest || req.body[1] != multipartMeters {
			t.Errorf("first asked: %+v", req)
		}
		sw.send(message{kind: typeMultipartReply, xid: req.xid, body: []byte{
			0, multipartMeters, 0, 0, 0, 0, 0, 0,
			0, 24, 0, 5, 0, 0, 0, 1, 0, 1, 0, 16, 0, 0, 0, 100, 0, 0, 0, 10, 0, 0, 0, 0,
			0, 24, 0, 5, 0, 0, 0, 3, 0, 1, 0, 16, 0, 0, 0, 7, 0, 0, 0, 30, 0, 0, 0, 0,
			0, 24, 0, 5, 0, 0, 0, 9, 0, 1, 0, 16, 0, 0, 0, 7, 0, 0, 0, 30, 0, 0, 0, 0,
		}})
		add, modify, barrier := sw.next(), sw.next(), sw.next()
		if !cmp.Equal(add.body, meters[1].encode(meterAdd)) || !cmp.Equal(modify.body, meters[2].encode(meterModify)) || barrier.kind != typeBarrierRequest {
			t.Errorf("sent: %+v, %+v, %+v", add, modify, barrier)
		}
		sw.send(message{kind: typeBarrierReply, xid: barrier.xid})
	}()
	check(t, c.SetMeters(t.Context(), meters))
}

func TestDecodeMeterStats(t *testing.T) {
	entry := make([]byte, 56)
	entry[3], entry[5], entry[23], entry[47] = 7, 56, 9, 4
	got, err := appendMeterStats(nil, append(entry, entry...))
	check(t, err)
	want := MeterStats{ID: 7, Packets: 9, Dropped: 4}
	if diff := cmp.Diff([]MeterStats{want, want}, got); diff != "" {
		t.Error(diff)
	}
	for n := 1; n < len(entry); n++ {
		if _, err := appendMeterStats(nil, entry[:n]); !errors.Is(err, errShort) {
			t.Errorf("%d octets of it: %v", n, err)
		}
	}
}

func TestLostConnection(t *testing.T) {
	c, sw, _ := connect(t)
	go func() {
		sw.next()
		sw.sock.Close()
	}()
	const want = "OpenFlow: the switch closed the connection"
	if _, err := c.PortStats(t.Context()); err == nil || !errors.Is(err, ErrLost) || !strings.HasPrefix(err.Error(), want) {
		t.Errorf("request: %v, want %s", err, want)
	}
	<-c.Done()
	if err := c.Err(); err == nil || !errors.Is(err, ErrLost) || !strings.HasPrefix(err.Error(), want) {
		t.Errorf("connection: %v, want %s", err, want)
	}
}

func TestSilentSwitch(t *testing.T) {
	c, _, _ := connect(t)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, err := c.PortStats(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("request: %v", err)
	}
	if err := c.Err(); err != nil {
		t.Errorf("a slow answer ended the connection: %v", err)
	}
}

// lateContext has a deadline that has just passed, and has not ended yet.
type lateContext struct{ context.Context }

func (lateContext) Deadline() (time.Time, bool) { return time.Now().Add(-time.Millisecond), true }

// Whoever gives up while others are writing sends nothing, and the connection stays.
func TestLateSender(t *testing.T) {
	c, sw, _ := connect(t)
	ended, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	for what, ctx := range map[string]context.Context{"ended": ended, "about to end": lateContext{t.Context()}} {
		c.write.Lock()
		sent := make(chan error)
		go func() { sent <- c.Barrier(ctx) }()
		<-ended.Done()
		c.write.Unlock()
		if err := <-sent; !errors.Is(err, context.DeadlineExceeded) && !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("%s: %v", what, err)
		}
	}
	go func() {
		m := sw.next()
		sw.send(message{kind: typeBarrierReply, xid: m.xid})
	}()
	if err := c.Barrier(t.Context()); err != nil {
		t.Errorf("after that: %v", err)
	}
}

func TestVersionRefused(t *testing.T) {
	c, sw, _ := connect(t)
	sw.send(message{kind: typeError, body: []byte{0, 0, 0, 0}})
	<-c.Done()
	if err := c.Err(); err == nil || err.Error() != "OpenFlow: the bridge does not speak OpenFlow 1.3: switch refused: OpenFlow error type 0 code 0" {
		t.Errorf("connection: %v", err)
	}
}
