package bgp

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"sync/atomic"
	"testing"
	"time"

	"pseudowan/bgp/vpn"
)

// bench is a connector without its goroutine, so that the test can make each step.
type bench struct {
	*connector
	delivered []*net.TCPConn
	revived   chan netip.Addr
	ended     int // cancelled attempts
}

func newBench(t *testing.T) *bench {
	b := &bench{revived: make(chan netip.Addr, 1)}
	n := Neighbor{Address: netip.MustParseAddr("127.0.0.1"), AS: 65002, Settings: settings(vpn.VPNv4)}.normal()
	b.connector = newConnector(n, false, slog.New(slog.DiscardHandler),
		func(c *net.TCPConn) bool { b.delivered = append(b.delivered, c); return true },
		func(a netip.Addr) { b.revived <- a })
	t.Cleanup(b.endAttempt)
	return b
}

// dialNow pretends that an attempt is running.
func (b *bench) dialNow() { b.dialing = func() { b.ended++ } }

// wire returns the two ends of a connection, ours first.
func wire(t *testing.T, ours, peers string) (*net.TCPConn, *net.TCPConn) {
	t.Helper()
	l, err := net.Listen("tcp", peers+":0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(ours)}}
	near, err := d.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	far, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = near.Close(), far.Close() })
	return near.(*net.TCPConn), far.(*net.TCPConn)
}

// preferredWire returns a connection whose preferred end would be ours.
func preferredWire(t *testing.T) (*net.TCPConn, *net.TCPConn) {
	return wire(t, "127.0.0.2", "127.0.0.1")
}

func otherWire(t *testing.T) (*net.TCPConn, *net.TCPConn) { return wire(t, "127.0.0.1", "127.0.0.2") }

// closed reports whether our end has hung up.
func closed(t *testing.T, far *net.TCPConn) bool {
	t.Helper()
	_ = far.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
	_, err := far.Read(make([]byte, 1))
	var timeout net.Error
	return err != nil && (!errors.As(err, &timeout) || !timeout.Timeout())
}

func (b *bench) check(t *testing.T, delivered ...*net.TCPConn) {
	t.Helper()
	if len(b.delivered) != len(delivered) {
		t.Fatalf("%d connections delivered, want %d", len(b.delivered), len(delivered))
	}
	for i, c := range delivered {
		if b.delivered[i] != c {
			t.Errorf("delivered connection %d is another one", i)
		}
	}
}

func TestConnectorTakesAccepted(t *testing.T) {
	b := newBench(t)
	b.state = sessionAwaiting
	near, _ := preferredWire(t)
	b.onAccepted(near)
	b.check(t, near)
	if b.state != sessionBusy {
		t.Errorf("state %d", b.state)
	}
}

func TestConnectorCollision(t *testing.T) {
	t.Run("theirs is preferred", func(t *testing.T) {
		b := newBench(t)
		b.state = sessionAwaiting
		b.dialNow()
		near, _ := otherWire(t)
		b.onAccepted(near)
		b.check(t, near)
		if b.ended != 1 {
			t.Error("our attempt goes on")
		}
	})
	t.Run("ours is preferred and comes about", func(t *testing.T) {
		b := newBench(t)
		b.state = sessionAwaiting
		b.dialNow()
		near, far := preferredWire(t)
		b.onAccepted(near)
		b.check(t)
		own, _ := preferredWire(t)
		b.onAttempt(attempt{conn: own})
		b.check(t, own)
		if !closed(t, far) {
			t.Error("theirs is left open")
		}
	})
	t.Run("ours is preferred and fails", func(t *testing.T) {
		b := newBench(t)
		b.state = sessionAwaiting
		b.dialNow()
		near, _ := preferredWire(t)
		b.onAccepted(near)
		b.onAttempt(attempt{err: io.EOF})
		b.check(t, near)
	})
	t.Run("ours is preferred and takes too long", func(t *testing.T) {
		b := newBench(t)
		b.state = sessionAwaiting
		b.dialNow()
		near, _ := preferredWire(t)
		b.onAccepted(near)
		b.onAlarm(t.Context())
		b.check(t, near)
		if b.ended != 1 {
			t.Error("our attempt goes on")
		}
	})
}

// A peer that has reached this end is dialled again if the first SYN is unanswered, and the
// connection that comes second is aborted.
func TestDialAgain(t *testing.T) {
	first, firstFar := otherWire(t)
	second, _ := otherWire(t)
	firstMay := make(chan struct{})
	var dials atomic.Int32
	dial := func(context.Context) (*net.TCPConn, error) {
		if dials.Add(1) == 1 {
			<-firstMay
			return first, nil
		}
		return second, nil
	}
	reached := make(chan struct{})
	close(reached)
	conn, err := dialAgain(t.Context(), reached, dial)
	if err != nil || conn != second {
		t.Fatalf("%v, %v: not the second connection", conn, err)
	}
	close(firstMay)
	if !closed(t, firstFar) {
		t.Error("the first connection is left open")
	}
	lost := errors.New("lost")
	if _, err := dialAgain(t.Context(), make(chan struct{}), func(context.Context) (*net.TCPConn, error) { return nil, lost }); err != lost {
		t.Errorf("%v instead of the only attempt's error", err)
	}
}

func TestConnectorHoldsWhileIdle(t *testing.T) {
	b := newBench(t)
	first, firstFar := otherWire(t)
	b.onAccepted(first)
	second, _ := otherWire(t)
	b.onAccepted(second)
	b.check(t)
	if !closed(t, firstFar) {
		t.Error("the older connection is left open")
	}
	b.onState(t.Context(), sessionAwaiting)
	b.check(t, second)
}

func TestConnectorForgetsDeadConnection(t *testing.T) {
	b := newBench(t)
	b.neighbor.Passive = true
	near, far := otherWire(t)
	b.onAccepted(near)
	_ = far.Close()
	if err := near.SetReadDeadline(time.Now().Add(tooLong)); err != nil {
		t.Fatal(err)
	}
	for alive(near) { // until the end has arrived
		time.Sleep(time.Millisecond)
	}
	b.onState(t.Context(), sessionAwaiting)
	b.check(t)
	if b.held != nil || b.dialing != nil {
		t.Error("a dead connection is kept, or a passive end dials")
	}
}

func TestConnectorStuckSession(t *testing.T) {
	b := newBench(t)
	b.state = sessionAwaiting
	old, oldFar := otherWire(t)
	b.onAccepted(old)
	fresh, _ := otherWire(t)
	b.onAccepted(fresh)
	if closed(t, oldFar) {
		t.Error("the current connection was closed at once")
	}
	b.onAlarm(t.Context())
	if !closed(t, oldFar) {
		t.Error("the connection that the peer has replaced is left open")
	}
	b.onState(t.Context(), sessionIdle)
	b.onState(t.Context(), sessionAwaiting)
	b.check(t, old, fresh)
	b.onState(t.Context(), sessionEstablished)
	third, thirdFar := otherWire(t)
	b.onAccepted(third)
	b.onTested(<-b.tested)
	b.check(t, old, fresh)
	if !closed(t, thirdFar) {
		t.Error("an established session left another connection open")
	}
}

// A peer that connects again while its session is established, whose connection
// turns out to be dead, gets a session on the new one.
func TestConnectorOfAPeerThatConnectsAgain(t *testing.T) {
	b := newBench(t)
	b.onState(t.Context(), sessionEstablished)
	tests := 0
	b.test = func() bool { tests++; return false }
	first, firstFar := otherWire(t)
	b.onAccepted(first)
	again, _ := otherWire(t)
	b.onAccepted(again)
	b.onTested(<-b.tested)
	if tests != 1 || !closed(t, firstFar) {
		t.Errorf("%d tests at once; the first connection is closed: %t", tests, closed(t, firstFar))
	}
	b.check(t)
	b.onState(t.Context(), sessionIdle)
	b.onState(t.Context(), sessionAwaiting)
	b.check(t, again)
}

// Only a peer that acknowledges nothing is dead.
func TestRelayAnswers(t *testing.T) {
	ours, peers := otherWire(t)
	r := newRelay(ours, nil, nil, nil, nil)
	if !r.answers() {
		t.Error("a peer that reads nothing, but whose kernel acknowledges, is taken for dead")
	}
	if acknowledgedSince(ours, time.Now()) {
		t.Error("an acknowledgement out of nothing")
	}
	_ = peers.Close()
}

func TestConnectorRevivesIdleSession(t *testing.T) {
	b := newBench(t)
	b.onState(t.Context(), sessionIdle)
	b.onAlarm(t.Context())
	if got := <-b.revived; got != b.neighbor.Address {
		t.Errorf("revived %s", got)
	}
}

func TestConnectorRefuses(t *testing.T) {
	b := newBench(t)
	b.onState(t.Context(), sessionRefused)
	b.onState(t.Context(), sessionAwaiting)
	near, far := otherWire(t)
	b.onAccepted(near)
	b.check(t)
	if !closed(t, far) || b.dialing != nil {
		t.Error("a session that is kept down accepts or makes connections")
	}
}

func TestConnectorPause(t *testing.T) {
	b := newBench(t)
	b.neighbor.ConnectRetry = time.Second
	if b.pause() != 0 {
		t.Error("the first attempt has to wait")
	}
	for b.failures = 1; b.failures < 200; b.failures++ {
		p := b.pause()
		if p > time.Second || p < firstRetry*3/4 || b.failures > 6 && p < time.Second*3/4 {
			t.Fatalf("pause %s after %d failures", p, b.failures)
		}
	}
}

func TestAwaitData(t *testing.T) {
	near, far := otherWire(t)
	if err := awaitData(t.Context(), near, time.Millisecond); err != nil {
		t.Errorf("a silent peer: %v", err)
	}
	if _, err := far.Write([]byte("open")); err != nil {
		t.Fatal(err)
	}
	if err := awaitData(t.Context(), near, tooLong); err != nil {
		t.Errorf("a peer that speaks: %v", err)
	}
	got := make([]byte, 4)
	if _, err := io.ReadFull(near, got); err != nil || string(got) != "open" {
		t.Errorf("read %q, %v after the wait", got, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := awaitData(ctx, near, tooLong); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	_ = far.Close()
	if err := awaitData(t.Context(), near, tooLong); err == nil {
		t.Error("no error although the peer has hung up")
	}
}

func TestQueueLosesNothing(t *testing.T) {
	q := newQueue()
	const n = 1000
	for i := range n {
		q.push(RouteUpdate{Route: Route{PathID: uint32(i)}})
	}
	got := 0
	for got < n {
		for _, e := range <-q.out {
			if id := e.(RouteUpdate).Route.PathID; id != uint32(got) {
				t.Fatalf("event %d comes as number %d", id, got)
			}
			got++
		}
	}
	q.close()
	if batch, open := <-q.out; open {
		t.Errorf("after the end: %v", batch)
	}
}
