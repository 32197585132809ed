package lab

import (
	"encoding/binary"
	"fmt"
	"net"
	"net/netip"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/vishvananda/netns"
)

// streamEvery is the interval of a stream's packets.
const streamEvery = time.Millisecond

// stream sends numbered packets from a host to another, one in each millisecond, and notes
// which of them arrive.
type stream struct {
	out     []*net.UDPConn // in turn: flows that may take different paths
	in      *net.UDPConn
	end     chan struct{}
	running sync.WaitGroup

	mu      sync.Mutex
	arrived []bool // by number of the packets that have been sent
}

// startStream begins a stream to an address of a host. It stops with the test.
func startStream(t testing.TB, l lab, from, to string, address netip.Addr) *stream {
	t.Helper()
	s := &stream{end: make(chan struct{})}
	s.in = socketAt(t, l.netns(to), &net.UDPAddr{Port: 7000}, nil)
	const flows = 8
	for range flows {
		s.out = append(s.out, socketAt(t, l.netns(from), nil, &net.UDPAddr{IP: address.AsSlice(), Port: 7000}))
	}
	s.running.Go(s.receive)
	s.running.Go(s.send)
	t.Cleanup(s.stop)
	s.whole(t, 0)
	return s
}

// socketAt opens a socket in a network namespace, towards an address if there is one.
func socketAt(t testing.TB, path string, local, remote *net.UDPAddr) (c *net.UDPConn) {
	t.Helper()
	done := make(chan error, 1)
	go func() {
		runtime.LockOSThread() // never unlocked: the thread stays in the namespace and is discarded
		handle, err := netns.GetFromPath(path)
		if err == nil {
			defer handle.Close()
			err = netns.Set(handle)
		}
		switch {
		case err != nil:
		case remote != nil:
			c, err = net.DialUDP("udp4", local, remote)
		default:
			c, err = net.ListenUDP("udp4", local)
		}
		done <- err
	}()
	if err := <-done; err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return c
}

func (s *stream) send() {
	tick := time.NewTicker(streamEvery)
	defer tick.Stop()
	for {
		select {
		case <-s.end:
			return
		case <-tick.C:
		}
		s.mu.Lock()
		number := len(s.arrived)
		s.arrived = append(s.arrived, false)
		s.mu.Unlock()
		_, _ = s.out[number%len(s.out)].Write(binary.BigEndian.AppendUint64(nil, uint64(number))) // one that cannot be sent is lost
	}
}

func (s *stream) receive() {
	b := make([]byte, 64)
	for {
		n, err := s.in.Read(b)
		if err != nil {
			return
		}
		if n != 8 {
			continue
		}
		s.mu.Lock()
		if number := binary.BigEndian.Uint64(b); number < uint64(len(s.arrived)) {
			s.arrived[number] = true
		}
		s.mu.Unlock()
	}
}

func (s *stream) stop() {
	select {
	case <-s.end:
		return
	default:
	}
	close(s.end)
	for _, c := range s.out {
		c.Close()
	}
	time.AfterFunc(200*time.Millisecond, func() { s.in.Close() }) // what is on its way arrives
	s.running.Wait()
}

// onTheWay is how many of the last packets may still arrive, and a stream counts as whole when
// none of wholeRun packets before them is lost.
const (
	onTheWay = 200
	wholeRun = 500
)

// whole waits until the stream is whole, from a packet on.
func (s *stream) whole(t testing.TB, from int) {
	t.Helper()
	eventually(t, 30*time.Second, func() error {
		s.mu.Lock()
		defer s.mu.Unlock()
		last := len(s.arrived) - onTheWay
		if last-wholeRun < from {
			return fmt.Errorf("%d packets have been sent since packet %d", len(s.arrived), from)
		}
		if n := lostOf(s.arrived[last-wholeRun : last]); n > 0 {
			return fmt.Errorf("%d of %d packets are lost", n, wholeRun)
		}
		return nil
	})
}

func lostOf(arrived []bool) (n int) {
	for _, a := range arrived {
		if !a {
			n++
		}
	}
	return n
}

// outage has something happen, waits until the stream is whole again, and returns how many
// packets were lost, one in each millisecond.
func (s *stream) outage(t testing.TB, happens func()) time.Duration {
	t.Helper()
	first := s.count()
	happens()
	s.whole(t, s.count())
	s.mu.Lock()
	defer s.mu.Unlock()
	return time.Duration(lostOf(s.arrived[first:len(s.arrived)-onTheWay])) * streamEvery
}

// count returns how many packets have been sent.
func (s *stream) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.arrived)
}
