package lab

import (
	"encoding/binary"
	"errors"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"pseudowan/hosts/tap"
	"pseudowan/status"
)

// ringLab has two PEs at opposite sides of a ring of P routers: when a link of the ring fails,
// a router beside it has to send back where it has packets from, to one that may not know yet.
const ringLab = `
name: pwt-ring
core: labeled-unicast
defaults: {router: {as: 65000}}
routers: {pe1: {}, pe2: {}, p1: {}, p2: {}, p3: {}, p4: {}, p5: {}, p6: {}}
links:
- {ends: [pe1:eth1, p1:eth1], subnets: [192.168.1.0/30]}
- {ends: [p1:eth2, p2:eth1], subnets: [192.168.2.0/30]}
- {ends: [p2:eth2, p3:eth1], subnets: [192.168.3.0/30]}
- {ends: [p3:eth2, p4:eth1], subnets: [192.168.4.0/30]}
- {ends: [p4:eth2, p5:eth1], subnets: [192.168.5.0/30], metric: 12}
- {ends: [p5:eth2, p6:eth1], subnets: [192.168.6.0/30], metric: 12}
- {ends: [p6:eth2, p1:eth3], subnets: [192.168.7.0/30], metric: 12}
- {ends: [p4:eth3, pe2:eth1], subnets: [192.168.8.0/30]}
vrfs: {red: {rts: "65000:1"}}
hosts:
  a: {to: pe1, vrf: red, addresses: [10.1.0.2/24]}
  b: {to: pe2, vrf: red, addresses: [10.2.0.2/24]}
`

// passage is a packet of a stream on a wire of the core, in one direction.
type passage struct {
	router, link string // that sends
	number       uint64
}

// passages counts how often packets pass the same wire in the same direction.
type passages struct {
	taps    []*tap.Socket
	running sync.WaitGroup

	mu    sync.Mutex
	times map[passage]int
	again map[uint64][]time.Time // when a packet passed a wire that it had passed before
	ended int                    // ICMP errors that were sent because a TTL had ended
}

// watchCore counts what routers send to each other.
func watchCore(t testing.TB, l lab) *passages {
	t.Helper()
	p := &passages{times: map[passage]int{}, again: map[uint64][]time.Time{}}
	t.Cleanup(p.stop)
	for _, c := range table[status.CoreLink](t, l, "core") {
		s, err := tap.Open(l.netns(c.Router), c.Interface)
		if err != nil {
			t.Fatal(err)
		}
		p.taps = append(p.taps, s)
		p.running.Go(func() {
			for {
				switch f, err := s.Next(); {
				case errors.Is(err, unix.ENETDOWN): // it comes up again
				case err != nil:
					return
				case f.Out:
					p.note(c.Router, c.Interface, f)
				}
			}
		})
	}
	return p
}

// note looks below the labels of a frame.
func (p *passages) note(router, link string, f tap.Frame) {
	const ethernet, entry, bottom = 14, 4, 1
	at := ethernet
	if binary.BigEndian.Uint16(f.Data[ethernet-2:]) != 0x8847 {
		return
	}
	for at+entry <= len(f.Data) && f.Data[at+2]&bottom == 0 {
		at += entry
	}
	at += entry
	const header, udp, icmp, exceeded = 20, 17, 1, 11
	if len(f.Data) < at+header+8 {
		return
	}
	packet := f.Data[at:]
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case packet[9] == icmp && packet[header] == exceeded:
		p.ended++
	case packet[9] == udp && len(packet) == header+8+8:
		one := passage{router, link, binary.BigEndian.Uint64(packet[header+8:])}
		if p.times[one]++; p.times[one] > 1 {
			p.again[one.number] = append(p.again[one.number], f.Time)
		}
	}
}

func (p *passages) stop() {
	for _, s := range p.taps {
		s.Close()
	}
	p.running.Wait()
}

// A packet counts if it passes the same wire in the same direction twice, under any labels.
func TestPassages(t *testing.T) {
	frame := func(number byte, labels int, protocol, first byte) tap.Frame {
		data := append(make([]byte, 12), 0x88, 0x47)
		for i := range labels {
			entry := []byte{0, 1, 0, 64}
			if i == labels-1 {
				entry[2] = 1 // the bottom of the stack
			}
			data = append(data, entry...)
		}
		packet := make([]byte, 36)
		packet[9], packet[20], packet[35] = protocol, first, number
		return tap.Frame{Data: append(data, packet...), Out: true, Time: time.Unix(0, 0)}
	}
	p := &passages{times: map[passage]int{}, again: map[uint64][]time.Time{}}
	p.note("p1", "eth1", frame(1, 2, 17, 0))
	p.note("p1", "eth2", frame(1, 2, 17, 0))
	p.note("p2", "eth1", frame(1, 1, 17, 0))
	p.note("p1", "eth1", frame(2, 2, 17, 0))
	p.note("p1", "eth1", tap.Frame{Data: make([]byte, 60), Out: true}) // of the routers themselves
	if len(p.again) > 0 || p.ended > 0 || len(p.times) != 4 {
		t.Errorf("no packet has passed a wire again: %+v", p)
	}
	p.note("p1", "eth1", frame(1, 1, 17, 0))
	p.note("p1", "eth1", frame(1, 2, 17, 0))
	p.note("p1", "eth1", frame(3, 2, 1, 11))
	if len(p.again) != 1 || len(p.again[1]) != 2 || p.ended != 1 {
		t.Errorf("packet 1 has passed a wire twice again, and a TTL has ended: %+v", p)
	}
}

// While the routers of a ring learn of links that are lost or back, hardly a packet passes a
// wire again: who loses its path has no other until the next one has announced that it no
// longer sends here. A loop would hold packets until their TTL ends, and fill the ring.
func TestRealMicroLoops(t *testing.T) {
	t.Parallel()
	l := fromText(t, t.TempDir(), "pwt-ring", ringLab)
	l.up(t)
	s := startStream(t, l, "a", "b", netip.MustParseAddr("10.2.0.2"))
	p := watchCore(t, l)
	set := func(action string, links ...string) {
		t.Helper()
		first := s.count()
		happens := func() {
			for _, link := range links {
				must(t, "link", link, action, "--lab", l.name)
			}
		}
		what := action + " " + strings.Join(links, " ")
		lost := s.outage(t, happens)
		p.judge(t, what, s.count()-first, lost)
	}
	for _, link := range []string{"p3:eth2", "p2:eth2", "p2:eth1"} { // at the far end of the ring, in the middle, at the near end
		set("down", link)
		set("up", link)
	}
	set("down", "p3:eth2")
	must(t, "link", "p5:eth1", "down", "--lab", l.name) // the ring falls apart
	set("up", "p5:eth1", "p3:eth2")
	if out := l.mustExec(t, "a", "traceroute", "-n", "-m", "12", "-q", "1", "10.2.0.2"); strings.Contains(out, "\n 8 ") || !strings.Contains(out, "\n 7  10.2.0.2") {
		t.Errorf("the way is not the shortest again:\n%s", out)
	}
}

// judge fails if, since the last time, more than one of a hundred packets has passed a wire
// again, if that has lasted too long, or if a TTL has ended.
func (p *passages) judge(t testing.TB, what string, sent int, lost time.Duration) {
	t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	const longest = 50 * time.Millisecond
	var all []time.Time
	for _, times := range p.again {
		all = append(all, times...)
	}
	lasted := time.Duration(0)
	if len(all) > 0 {
		lasted = slices.MaxFunc(all, time.Time.Compare).Sub(slices.MinFunc(all, time.Time.Compare))
	}
	t.Logf("%s: %s without packets; %d of %d have passed a wire again, within %s", what, lost, len(p.again), sent, lasted)
	if len(p.again)*100 > sent || lasted > longest || p.ended > 0 {
		t.Errorf("%s: packets loop: %d of %d, for %s; %d had their TTL end", what, len(p.again), sent, lasted, p.ended)
	}
	if len(p.times) < sent { // each passes several wires
		t.Errorf("%s: only %d passages were seen of %d packets", what, len(p.times), sent)
	}
	p.times, p.again, p.ended = map[passage]int{}, map[uint64][]time.Time{}, 0
}
