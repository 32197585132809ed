package inject

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"slices"
	"sync"
	"time"

	"pseudowan/bgp/vpn"
)

// Config describes a session.
type Config struct {
	AS       uint32     `json:"as"`      // the speaker's
	PeerAS   uint32     `json:"peer_as"` // the same: an internal session
	ID       netip.Addr `json:"id"`      // BGP identifier
	NextHop  netip.Addr `json:"next_hop"`
	Families []vpn.Family
	Hold     time.Duration `json:"hold,omitempty"` // 0: 90 s
	VPN      *VPN          `json:"vpn,omitempty"`  // nil: plain routes
}

// VPN is what plain routes get to become VPN routes (RFC 4364).
type VPN struct {
	RD       vpn.RD            `json:"rd"`
	Targets  []vpn.RouteTarget `json:"targets"`
	Label    vpn.Label         `json:"label"`     // of all routes, or of the first
	PerRoute bool              `json:"per_route"` // each route has a label of its own
}

const (
	defaultHold  = 90 * time.Second
	openPatience = 10 * time.Second
)

func (c Config) hold() time.Duration {
	if c.Hold == 0 {
		return defaultHold
	}
	return c.Hold
}

// Session is an established BGP session. One goroutine at a time may announce and
// withdraw.
type Session struct {
	encoder encoder
	conn    net.Conn

	mu  sync.Mutex // of out
	out *bufio.Writer

	done chan struct{} // closed when the session has ended
	err  error         // why, once done is closed
	stop sync.Once
	wait sync.WaitGroup
}

// Open establishes a session over a connection, which is closed with it, or if that fails.
func Open(ctx context.Context, conn net.Conn, c Config) (*Session, error) {
	s := &Session{encoder: encoder{c}, conn: conn, out: bufio.NewWriterSize(conn, 1<<16), done: make(chan struct{})}
	in := bufio.NewReaderSize(conn, 1<<16)
	release := context.AfterFunc(ctx, func() { conn.SetDeadline(time.Unix(1, 0)) })
	hold, err := s.greet(in)
	if !release() || err != nil {
		conn.Close()
		return nil, errors.Join(err, ctx.Err())
	}
	conn.SetDeadline(time.Time{})
	s.wait.Go(func() { s.hear(in, hold) })
	if hold > 0 {
		s.wait.Go(func() { s.keepAlive(hold / 3) })
	}
	return s, nil
}

// greet exchanges OPENs and KEEPALIVEs, and returns the hold time.
func (s *Session) greet(in *bufio.Reader) (time.Duration, error) {
	s.conn.SetDeadline(time.Now().Add(openPatience))
	c := s.encoder.config
	open, err := c.openMessage()
	if err != nil {
		return 0, err
	}
	if _, err := s.conn.Write(open); err != nil {
		return 0, err
	}
	body, err := expect(in, typeOpen)
	if err != nil {
		return 0, err
	}
	as, seconds, families, err := openOf(body)
	if err != nil {
		return 0, err
	}
	if as != c.PeerAS {
		return 0, fmt.Errorf("the peer is AS %d, not %d", as, c.PeerAS)
	}
	for _, f := range c.Families {
		if !slices.Contains(families, f) {
			return 0, fmt.Errorf("the peer does not take routes of family %s", f)
		}
	}
	if _, err := s.conn.Write(appendMessage(nil, typeKeepalive, nil)); err != nil {
		return 0, err
	}
	_, err = expect(in, typeKeepalive)
	return min(c.hold(), time.Duration(seconds)*time.Second), err
}

// expect reads a message of a type.
func expect(in *bufio.Reader, want byte) ([]byte, error) {
	kind, body, err := read(in)
	switch {
	case err != nil:
		return nil, err
	case kind == typeNotification:
		return nil, fmt.Errorf("the peer says: %s", notification(body))
	case kind != want:
		return nil, fmt.Errorf("the peer sends a message of type %d in the place of type %d", kind, want)
	}
	return body, nil
}

func read(in *bufio.Reader) (kind byte, body []byte, err error) {
	var header [headerLength]byte
	if _, err := io.ReadFull(in, header[:]); err != nil {
		return 0, nil, err
	}
	n := int(binary.BigEndian.Uint16(header[16:]))
	if n < headerLength || n > maxMessage {
		return 0, nil, fmt.Errorf("the peer sends a message of %d octets", n)
	}
	body = make([]byte, n-headerLength)
	_, err = io.ReadFull(in, body)
	return header[18], body, err
}

// hear reads what the peer sends until the session ends. Its routes are of no interest.
func (s *Session) hear(in *bufio.Reader, hold time.Duration) {
	for {
		if hold > 0 {
			s.conn.SetReadDeadline(time.Now().Add(hold))
		}
		kind, body, err := read(in)
		if err == nil && kind == typeNotification {
			err = fmt.Errorf("the peer says: %s", notification(body))
		}
		if err != nil {
			s.end(err)
			return
		}
	}
}

func (s *Session) keepAlive(every time.Duration) {
	t := time.NewTicker(max(every, time.Second))
	defer t.Stop()
	for {
		select {
		case <-s.done:
			return
		case <-t.C:
			if err := s.write(appendMessage(nil, typeKeepalive, nil), true); err != nil {
				s.end(err)
				return
			}
		}
	}
}

// end ends the session; the first cause counts.
func (s *Session) end(cause error) {
	s.stop.Do(func() {
		s.err = cause
		close(s.done)
		s.conn.Close()
	})
}

// Done is closed when the session has ended.
func (s *Session) Done() <-chan struct{} { return s.done }

// Err says why the session has ended, once it has.
func (s *Session) Err() error {
	<-s.done
	return s.err
}

func (s *Session) write(b []byte, flush bool) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, err := s.out.Write(b)
	if err == nil && flush {
		err = s.out.Flush()
	}
	return err
}

// Close ends the session with a Cease (RFC 4486): the peer forgets all routes.
func (s *Session) Close() error {
	const cease, deconfigured = 6, 3
	s.conn.SetWriteDeadline(time.Now().Add(lastWords))
	s.write(appendMessage(nil, typeNotification, []byte{cease, deconfigured}), true) // the peer may be gone
	s.end(errClosed)
	s.wait.Wait()
	if errors.Is(s.err, errClosed) {
		return nil
	}
	return s.err
}

var errClosed = errors.New("closed")
