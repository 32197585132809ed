package monitor

import (
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"sync"
	"time"

	"pseudowan/bgp/bmp"
)

const (
	firstPause = time.Second // between two connections; doubles with each failure
	longPause  = 30 * time.Second
	calmAfter  = time.Minute // a connection that has lasted so long ends the doubling

	connectWait = 10 * time.Second
	writeWait   = 30 * time.Second // in which a station has to take something
	goodbye     = time.Second      // for a Termination message

	// queueLimit is how many octets may wait for a station while it gets other
	// things.
	queueLimit = 16 << 20

	chunk      = 64 << 10 // octets that are written at a time
	chatter    = 64 << 10 // octets that a station, which has nothing to say, may send
	perMessage = 48       // octets of memory of a message in the queue, besides its own
)

// Key tells the stations of a router apart.
type Key struct {
	Address netip.AddrPort
	VRF     string // through which it is reached; "": none
}

// Station is the configuration of a station.
type Station struct {
	Key
	Source     netip.Addr // from which it is reached; zero: the kernel chooses
	Views      Views
	Statistics time.Duration // between two reports; 0: there are none

	// Dial connects to the station.
	Dial func(ctx context.Context) (net.Conn, error) `json:"-"`
}

// States of a station.
const (
	StateConnecting = "connecting"
	StateSending    = "sending" // it gets the tables
	StateUp         = "up"
)

// StationState is what is known of a station.
type StationState struct {
	Station
	State     string
	Since     time.Time
	Local     netip.AddrPort // zero while there is no connection
	Messages  uint64         // sent since it was configured
	Octets    uint64
	Sessions  int    // connections since it was configured
	Dropped   uint64 // messages that it was too slow to get
	Overruns  uint64 // connections that were given up, since it was too slow
	Queued    int    // octets that wait
	LastError string // why the last connection has ended, or none came about
	ErrorAt   time.Time
}

// station is a running station.
type station struct {
	hub    *Hub
	cfg    Station
	cancel context.CancelFunc
	done   chan struct{}

	mu      sync.Mutex
	state   StationState
	live    bool     // it is on the list: what happens goes into the queue
	queue   [][]byte // messages
	size    int
	over    error // why the connection has to be given up; nil: it has not
	wake    chan struct{}
	tearing context.CancelCauseFunc // ends the connection; nil: there is none
}

func (h *Hub) newStation(cfg Station) *station {
	ctx, cancel := context.WithCancel(context.Background())
	s := &station{hub: h, cfg: cfg, cancel: cancel, done: make(chan struct{}), wake: make(chan struct{}, 1)}
	s.state = StationState{Station: cfg, State: StateConnecting, Since: time.Now()}
	go s.run(ctx)
	return s
}

// run keeps a connection to the station.
func (s *station) run(ctx context.Context) {
	defer close(s.done)
	for pause := firstPause; ; {
		began := time.Now()
		err := s.connect(ctx)
		if ctx.Err() != nil {
			return
		}
		s.failed(err)
		if time.Since(began) > calmAfter {
			pause = firstPause
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause):
		}
		pause = min(2*pause, longPause)
	}
}

func (s *station) failed(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	why := words(err)
	if why != s.state.LastError {
		s.hub.log.Info("bmp: no connection", "station", s.cfg.Address, "vrf", s.cfg.VRF, "reason", why)
	}
	s.state.LastError, s.state.ErrorAt = why, time.Now()
}

func (s *station) enter(state string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.state.State, s.state.Since = state, time.Now()
}

// connect connects once, and returns why the connection has ended.
func (s *station) connect(ctx context.Context) error {
	dialing, end := context.WithTimeout(ctx, connectWait)
	conn, err := s.cfg.Dial(dialing)
	end()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	go func() { cancel(listen(conn)) }()
	stop := context.AfterFunc(ctx, func() { _ = conn.SetWriteDeadline(time.Now().Add(goodbye)) })
	defer stop()
	s.begin(conn, cancel)
	err = s.serve(ctx, conn)
	torn := errors.Is(err, os.ErrDeadlineExceeded)
	if cause := context.Cause(ctx); cause != nil && !errors.Is(cause, context.Canceled) {
		err = cause
	}
	s.finish()
	hangUp(conn, err, torn)
	return err
}

var (
	errTooSlow = errors.New("it is too slow: what has happened meanwhile no longer fits into its queue")
	errChatter = errors.New("it sends data, which stations do not")
)

// listen returns when the station has hung up. It has nothing to say.
func listen(conn net.Conn) error {
	n, err := io.CopyN(io.Discard, conn, chatter)
	switch {
	case n == chatter:
		return errChatter
	case errors.Is(err, io.EOF):
		return errors.New("it has closed the connection")
	}
	return err
}

func (s *station) begin(conn net.Conn, tear context.CancelCauseFunc) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if a, ok := conn.LocalAddr().(*net.TCPAddr); ok {
		s.state.Local = a.AddrPort()
	}
	s.state.Sessions++
	s.over, s.tearing = nil, tear
}

// finish takes the station off the list.
func (s *station) finish() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.live, s.tearing = false, nil
	s.queue, s.size, s.state.Local = nil, 0, netip.AddrPort{}
	s.state.State, s.state.Since = StateConnecting, time.Now()
}

// hangUp says why, unless a message has been sent in part, and waits a moment for the
// station's kernel to have it.
func hangUp(conn net.Conn, err error, torn bool) {
	reason, text := uint16(bmp.ClosedByAdministrator), "the configuration has ended"
	if err != nil && !errors.Is(err, context.Canceled) {
		reason, text = bmp.OutOfResources, words(err)
	}
	_ = conn.SetWriteDeadline(time.Now().Add(goodbye))
	if !torn {
		_, _ = conn.Write(bmp.Termination(reason, text))
	}
	if l, ok := conn.(interface{ SetLinger(seconds int) error }); ok {
		_ = l.SetLinger(int(goodbye.Seconds()))
	}
	_ = conn.Close()
}

// serve sends the tables, then what happens, until the connection ends.
func (s *station) serve(ctx context.Context, conn net.Conn) error {
	s.enter(StateSending)
	if err := s.write(ctx, conn, [][]byte{s.hub.initiation()}); err != nil {
		return err
	}
	peers, tables := s.subscribe()
	if err := s.dump(ctx, conn, peers, tables); err != nil {
		return err
	}
	s.enter(StateUp)
	var due <-chan time.Time
	if s.cfg.Statistics > 0 {
		ticker := time.NewTicker(s.cfg.Statistics)
		defer ticker.Stop()
		due = ticker.C
	}
	for {
		batch, err := s.take()
		if err == nil {
			err = s.write(ctx, conn, batch)
		}
		if err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-s.wake:
		case <-due:
			if err := s.write(ctx, conn, s.hub.statistics(s.cfg.Views)); err != nil {
				return err
			}
		}
	}
}

// subscribe puts the station on the list. What happens from now on goes into the
// queue; the sessions and tables of this moment are returned.
func (s *station) subscribe() ([]snapshot, []Table) {
	h := s.hub
	h.mu.Lock()
	defer h.mu.Unlock()
	s.mu.Lock()
	s.live = true
	s.mu.Unlock()
	return h.snapshot(), h.tables
}

// put adds a message to the queue.
func (s *station) put(v Views, msg []byte) {
	if s.cfg.Views&v == 0 {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case !s.live:
		return
	case s.over != nil:
		s.state.Dropped++
		return
	case s.size+len(msg)+perMessage > queueLimit:
		s.state.Dropped += uint64(len(s.queue)) + 1
		s.state.Overruns++
		s.queue, s.size = nil, 0
		s.giveUp(errTooSlow)
		return
	}
	s.queue = append(s.queue, msg)
	s.size += len(msg) + perMessage
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// beginAnew ends the connection; the next one starts with all tables.
func (s *station) beginAnew(why string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.live && s.over == nil {
		s.giveUp(errors.New(why))
	}
}

func (s *station) giveUp(why error) {
	s.over = why
	s.tearing(why)
}

// take empties the queue.
func (s *station) take() ([][]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.over != nil {
		return nil, s.over
	}
	batch := s.queue
	s.queue, s.size = nil, 0
	return batch, nil
}

// write sends messages, many at a time.
func (s *station) write(ctx context.Context, conn net.Conn, msgs [][]byte) error {
	var b []byte
	flush := func(n int) error {
		if len(b) == 0 {
			return nil
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		_ = conn.SetWriteDeadline(time.Now().Add(writeWait))
		_, err := conn.Write(b)
		s.mu.Lock()
		s.state.Octets += uint64(len(b))
		s.state.Messages += uint64(n)
		s.mu.Unlock()
		b = b[:0]
		return err
	}
	n := 0
	for _, m := range msgs {
		b = append(b, m...)
		if n++; len(b) >= chunk {
			if err := flush(n); err != nil {
				return err
			}
			n = 0
		}
	}
	return flush(n)
}

// words returns the cause of a network error without its addresses.
func words(err error) string {
	var op *net.OpError
	switch {
	case err == nil:
		return ""
	case errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, context.DeadlineExceeded):
		return "no answer from the station"
	case errors.As(err, &op) && op.Err != nil:
		var call *os.SyscallError
		if errors.As(op.Err, &call) {
			return call.Err.Error()
		}
		return op.Err.Error()
	}
	return err.Error()
}
