package inject

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	gobgp "github.com/osrg/gobgp/v3/pkg/packet/bgp"

	"pseudowan/bgp/vpn"
)

// peer answers sessions over pipes, and keeps what it is told.
type peer struct {
	t      *testing.T
	as     uint32
	family gobgp.RouteFamily
	told   []chan []byte // UPDATEs of each session
}

func (p *peer) dial(context.Context) (net.Conn, error) {
	ours, theirs := net.Pipe()
	updates := make(chan []byte, 100_000)
	p.told = append(p.told, updates)
	go p.serve(theirs, updates)
	return ours, nil
}

func (p *peer) serve(conn net.Conn, updates chan<- []byte) {
	defer close(updates)
	defer conn.Close()
	in, ok := p.greet(conn)
	if !ok {
		return
	}
	for {
		kind, body, err := read(in)
		if err != nil || kind == typeNotification {
			return
		}
		if kind == typeUpdate {
			updates <- appendMessage(nil, typeUpdate, body)
		}
	}
}

// greet opens a session.
func (p *peer) greet(conn net.Conn) (*bufio.Reader, bool) {
	in := bufio.NewReader(conn)
	kind, _, err := read(in)
	if err != nil || kind != typeOpen {
		return nil, false
	}
	open, _ := gobgp.NewBGPOpenMessage(gobgp.AS_TRANS, 30, "10.0.0.1", []gobgp.OptionParameterInterface{
		gobgp.NewOptionParameterCapability([]gobgp.ParameterCapabilityInterface{gobgp.NewCapMultiProtocol(p.family), gobgp.NewCapFourOctetASNumber(p.as)}),
	}).Serialize()
	_, err = conn.Write(append(open, appendMessage(nil, typeKeepalive, nil)...))
	return in, err == nil
}

func speakerTo(p *peer, table *Table, pattern Pattern, report func(Progress)) *Speaker {
	return &Speaker{Dial: p.dial, Config: plainConfig(vpn.IPv4, "192.0.2.1"), Table: table, Pattern: pattern, Report: report}
}

func collect(t *testing.T, updates <-chan []byte) map[string]string {
	t.Helper()
	var all []byte
	for {
		select {
		case u, ok := <-updates:
			if !ok {
				return told(t, all)
			}
			all = append(all, u...)
		case <-time.After(15 * time.Second):
			t.Fatal("the session goes on")
		}
	}
}

func TestSpeakerAnnouncesAndWithdraws(t *testing.T) {
	table := generate(t, Generate{IPv4: 5000, Seed: 1, AS: 4200000001})
	for _, rate := range []int{0, 50_000} {
		p := &peer{t: t, as: 65001, family: gobgp.RF_IPv4_UC}
		var states []State
		s := speakerTo(p, table, Pattern{Withdraw: true, Rate: rate}, func(p Progress) {
			if len(states) == 0 || states[len(states)-1] != p.State {
				states = append(states, p.State)
			}
		})
		began := time.Now()
		if err := s.Run(t.Context()); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(began); rate > 0 && took < 150*time.Millisecond {
			t.Errorf("at %d a second it took %s", rate, took)
		}
		for prefix, attributes := range collect(t, p.told[0]) {
			if attributes != "" {
				t.Fatalf("%s is not withdrawn", prefix)
			}
		}
		if got := join(states); got != "connecting announcing announced withdrawing withdrawn" {
			t.Errorf("states %s", got)
		}
	}
}

func join(states []State) string {
	var words []string
	for _, s := range states {
		words = append(words, string(s))
	}
	return strings.Join(words, " ")
}

// A part flaps until ctx ends; a session that ends is established again with all routes.
func TestSpeakerFlapsAndComesAgain(t *testing.T) {
	table := generate(t, Generate{IPv4: 1000, Seed: 1, AS: 4200000001})
	p := &peer{t: t, as: 65001, family: gobgp.RF_IPv4_UC}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var s *Speaker
	var conn net.Conn
	s = speakerTo(p, table, Pattern{Flap: time.Millisecond, Share: 0.1}, func(now Progress) {
		switch {
		case now.State == Withdrawn && now.Done != 100:
			t.Errorf("%d routes flap", now.Done)
		case now.Flaps == 2 && now.Again == 0:
			conn.Close()
		case now.Flaps >= 4 && now.Again == 1:
			cancel()
		}
	})
	s.Dial = func(ctx context.Context) (c net.Conn, err error) {
		conn, err = p.dial(ctx)
		return conn, err
	}
	if err := s.Run(ctx); err != nil {
		t.Fatal(err)
	}
	if len(p.told) != 2 {
		t.Fatalf("%d sessions", len(p.told))
	}
	if n := len(collect(t, p.told[1])); n != 1000 {
		t.Errorf("the second session is told %d routes", n)
	}
}

func TestSessionRefuses(t *testing.T) {
	table := generate(t, Generate{IPv4: 10, Seed: 1})
	for want, p := range map[string]*peer{
		"the peer is AS 65002, not 65001":              {as: 65002, family: gobgp.RF_IPv4_UC},
		"the peer does not take routes of family ipv4": {as: 65001, family: gobgp.RF_IPv6_UC},
	} {
		p.t = t
		ctx, cancel := context.WithCancel(t.Context())
		var said atomic.Value
		s := speakerTo(p, table, Pattern{}, func(now Progress) {
			if now.Error != "" {
				said.Store(now.Error)
				cancel()
			}
		})
		if err := s.Run(ctx); err != nil {
			t.Fatal(err)
		}
		if got, _ := said.Load().(string); got != want {
			t.Errorf("%q, want %q", got, want)
		}
		cancel()
	}
	gone := speakerTo(nil, table, Pattern{}, func(Progress) {})
	gone.Dial = func(context.Context) (net.Conn, error) { return nil, ErrGone }
	if err := gone.Run(t.Context()); !errors.Is(err, ErrGone) {
		t.Errorf("error %v", err)
	}
}

// A peer that stops reading does not keep a speaker from ending.
func TestSpeakerEndsWithoutItsPeer(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	p := &peer{t: t, as: 65001, family: gobgp.RF_IPv4_UC}
	go func() {
		conn, err := listener.Accept()
		if err == nil {
			p.greet(conn)
			<-t.Context().Done()
			conn.Close()
		}
	}()
	var once sync.Once
	s := speakerTo(p, generate(t, Generate{IPv4: 500_000, Seed: 1}), Pattern{}, func(now Progress) {
		if now.Done > 0 {
			once.Do(func() { time.AfterFunc(500*time.Millisecond, cancel) }) // by then the buffers are full
		}
	})
	s.Dial = func(ctx context.Context) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "tcp", listener.Addr().String())
	}
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	select {
	case err := <-ended:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(30 * time.Second):
		t.Error("it does not end")
	}
}

// What a speaker costs: 100,000 routes over TCP to a peer that reads and forgets.
func BenchmarkAnnounce(b *testing.B) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	defer listener.Close()
	go func() {
		for {
			c, err := listener.Accept()
			if err != nil {
				return
			}
			go io.Copy(io.Discard, c)
		}
	}()
	table := generate(b, Generate{IPv4: 100_000, Seed: 1, AS: 4200000001})
	for name, config := range map[string]Config{"ipv4": plainConfig(vpn.IPv4, "192.0.2.1"), "vpnv4": vpnConfig(true)} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				conn, err := net.Dial("tcp", listener.Addr().String())
				if err != nil {
					b.Fatal(err)
				}
				s := &Session{encoder: encoder{config}, conn: conn, out: bufio.NewWriterSize(conn, 1<<16), done: make(chan struct{})}
				if err := s.Announce(b.Context(), table, 0, len(table.Routes), 0, func(int) {}); err != nil {
					b.Fatal(err)
				}
				conn.Close()
			}
			b.ReportMetric(float64(len(table.Routes))*float64(b.N)/b.Elapsed().Seconds(), "routes/s")
		})
	}
}
