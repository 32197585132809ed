package interop

import (
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"pseudowan/test/rawbgp"
)

// Memory of a router's agent, in kB.
const (
	// growth is what it may hold more after many flaps than after a few.
	growth = 40 << 10
	// limited is what it may need at most where the peer's prefixes are limited.
	limited = 200 << 10
)

// TestRealHolds attacks a router from behind its NIC.
func TestRealHolds(t *testing.T) {
	for _, c := range []struct {
		name, settings string
		attack         func(*hostile)
	}{
		{"a peer that flaps", "hold-time: 9", (*hostile).flap},
		{"a peer that sends garbage", "hold-time: 9", (*hostile).garbage},
		{"a peer that opens a thousand connections", "hold-time: 9", (*hostile).connections},
		{"a million routes and a limit of 10,000", "max-prefixes: 10000", (*hostile).tooMany},
		{"100,000 routes without a limit, gone three minutes after the peer", "hold-time: 90", (*hostile).many},
		{"a million routes without a limit", "hold-time: 90", (*hostile).million},
	} {
		t.Run(c.name, func(t *testing.T) {
			attacked(t, c.settings, c.attack)
		})
	}
}

// flap brings the session up, announces, and is gone, all the time.
func (h *hostile) flap() {
	agent, settled := h.agent(h), 0
	n := 0
	for ; ; n++ {
		conn := h.session()
		if conn == nil {
			break
		}
		_, _ = conn.Write(bgpVPNUpdate(0, 100, 101))
		switch n % 3 {
		case 0:
			_ = conn.(*net.TCPConn).SetLinger(0) // RST
		case 1:
			_, _ = conn.Write(rawbgp.Message(3, 6, 4))
		}
		_ = conn.Close()
		if n == 5 {
			settled = memory(h.T, agent, "VmRSS")
		}
	}
	now := memory(h.T, agent, "VmRSS")
	h.Logf("%d flaps, from %d to %d MB", n, settled>>10, now>>10)
	if n < 3 {
		h.Errorf("only %d sessions came up", n)
	}
	if settled > 0 && now > settled+growth {
		h.Errorf("the agent has grown from %d to %d kB in %d flaps", settled, now, n)
	}
}

// garbage sends what is no BGP, and what was BGP before an octet was changed.
func (h *hostile) garbage() {
	n := 0
	for ; time.Now().Before(h.until); n++ {
		if n%3 == 0 {
			if conn := h.dial(); conn != nil {
				_, _ = conn.Write(h.octets(1 + h.IntN(4096)))
				_ = conn.Close()
			}
			continue
		}
		conn := h.session()
		if conn == nil {
			break
		}
		for range 50 {
			m := bgpVPNUpdate(h.IntN(1000), 3, 101)
			for range 1 + h.IntN(3) {
				m[19+h.IntN(len(m)-19)] = byte(h.IntN(256))
			}
			if _, err := conn.Write(m); err != nil {
				break
			}
		}
		_, _ = conn.Write(h.octets(100))
		_ = conn.Close()
	}
	h.Logf("%d attempts", n)
}

func (h *hostile) octets(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(h.IntN(256))
	}
	return b
}

// connections opens a thousand and keeps what the router lets it keep.
func (h *hostile) connections() {
	agent := h.agent(h)
	before := files(h, agent)
	most, tried := 0, 0
	var open []net.Conn
	for end := time.Now().Add(2 * time.Minute); tried < 1000 && time.Now().Before(end); tried++ {
		if conn := h.dial(); conn != nil {
			open = append(open, conn)
		}
		if len(open)%50 == 0 {
			most = max(most, files(h, agent))
		}
	}
	most = max(most, files(h, agent))
	h.Logf("%d of %d connections were taken; the agent had %d files open before, %d at most", len(open), tried, before, most)
	if tried < 1000 {
		h.Errorf("only %d connections were tried", tried)
	}
	if most > before+100 {
		h.Errorf("the router keeps %d files open for a peer's connections", most-before)
	}
	for _, conn := range open {
		_ = conn.Close()
	}
	h.until = time.Now().Add(90 * time.Second)
	conn := h.session()
	if conn == nil {
		h.Fatal("no session comes up after them")
	}
	_ = conn.Close()
}

// files counts the open files of a process.
func files(h *hostile, pid int) int {
	all, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", pid))
	if err != nil {
		h.Fatal(err)
	}
	return len(all)
}

// announce sends n routes that a VRF imports or, where target is 0, none does.
func (h *hostile) announce(conn net.Conn, n int, target byte) error {
	go func() { _, _ = io.Copy(io.Discard, conn) }()
	const packed = 200
	for first := 0; first < n; first += packed {
		_ = conn.SetWriteDeadline(time.Now().Add(60 * time.Second))
		if _, err := conn.Write(bgpVPNUpdate(first, min(packed, n-first), target)); err != nil {
			return err
		}
		if first%20_000 == 0 {
			if _, err := conn.Write(rawbgp.Message(4)); err != nil {
				return err
			}
		}
	}
	return nil
}

// tooMany announces a million where 10,000 are allowed.
func (h *hostile) tooMany() {
	agent := h.agent(h)
	conn := h.session()
	if conn == nil {
		h.Fatal("no session")
	}
	defer conn.Close()
	_ = h.announce(conn, 1_000_000, 101)
	eventually(h, 30*time.Second, func() error {
		if p := h.lab.session(h, farIPv4); p.State == "established" || !strings.Contains(p.Reason, "more than 10000 prefixes") {
			return fmt.Errorf("the session is %s: %q", p.State, p.Reason)
		}
		return nil
	})
	if peak := memory(h.T, agent, "VmHWM"); peak > limited {
		h.Errorf("the agent took %d MB", peak>>10)
	}
}

// many announces 100,000 routes that no VRF imports, and goes.
func (h *hostile) many() {
	conn := h.unlimited(100_000)
	_ = conn.Close()
	began := time.Now()
	eventually(h, 3*time.Minute, func() error {
		if p := h.lab.session(h, farIPv4); p.State == "established" || p.Received != 0 {
			return fmt.Errorf("the session is %s with %d routes", p.State, p.Received)
		}
		return nil
	})
	h.Logf("gone after %.1f s", time.Since(began).Seconds())
}

// million announces a million of them. How long they take to go is not demanded.
func (h *hostile) million() {
	whole(h.T)
	_ = h.unlimited(1_000_000).Close()
}

// unlimited announces n routes, and waits until the router has them all.
func (h *hostile) unlimited(n int) net.Conn {
	agent := h.agent(h)
	before := memory(h.T, agent, "VmRSS")
	conn := h.session()
	if conn == nil {
		h.Fatal("no session")
	}
	began := time.Now()
	if err := h.announce(conn, n, 0); err != nil {
		h.Fatalf("after %s: %v", time.Since(began), err)
	}
	alive := time.NewTicker(time.Second) // what is announced takes a while to be read
	defer alive.Stop()
	eventually(h, 4*time.Minute, func() error {
		select {
		case <-alive.C:
			_, _ = conn.Write(rawbgp.Message(4))
		default:
		}
		if p := h.lab.session(h, farIPv4); p.Received != n {
			return fmt.Errorf("%d routes are received; want %d: %s %s", p.Received, n, p.State, p.LastError)
		}
		return nil
	})
	now := memory(h.T, agent, "VmRSS")
	h.Logf("%d routes in %.1f s, %d octets each", n, time.Since(began).Seconds(), (now-before)*1024/n)
	return conn
}
