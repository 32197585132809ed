package bgp

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
	"math/rand/v2"
	"net/netip"
	"os"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"

	"pseudowan/bgp/gate"
)

func octetsOf(text string) []byte {
	b, err := hex.DecodeString(text)
	if err != nil {
		panic(err)
	}
	return b
}

// message returns a BGP message with a body.
func message(kind byte, body ...byte) []byte {
	m := append(slices.Repeat([]byte{0xff}, 16), 0, 0, kind)
	m = append(m, body...)
	binary.BigEndian.PutUint16(m[16:], uint16(len(m)))
	return m
}

// updateOf returns an UPDATE message.
func updateOf(withdrawn, attrs, routes []byte) []byte {
	b := binary.BigEndian.AppendUint16(nil, uint16(len(withdrawn)))
	b = append(b, withdrawn...)
	b = binary.BigEndian.AppendUint16(b, uint16(len(attrs)))
	return message(2, append(append(b, attrs...), routes...)...)
}

const (
	capsAll  = "010400010001" + "010400020001" + "010400010080" + "010400020080" + "0200" + "41040000fdea" + "010400010084" + "4600"
	openBody = "04fdea005a0a000001"

	attrsBase = "40010100" + "4002060201" + "0000fdea"
	attrsMore = "80040400000005" + "400600" + "c007080000fdea0a000001" + "c0080800010002ffffff01" +
		"c010100002fde90000006501020a0000010007" + "c0200c000000010000000200000003"
	nextHop4   = "400304c0a80002"
	reachVPN4  = "800e20" + "000180" + "0c" + "0000000000000000c0a80002" + "00" + "70" + "007d01" + "0000fdea00000001" + "1e0100"
	reachVPN6  = "800e2d" + "000280" + "18" + "0000000000000000fd000000000000000000000000000002" + "00" + "78" + "007d01" + "0000fdea00000001" + "20010db8"
	reachIPv6  = "800e1d" + "000201" + "10" + "fd000000000000000000000000000002" + "00" + "3020010db80001" + "00"
	unreachVPN = "800f12" + "000180" + "70" + "800000" + "0000fdea00000001" + "1e0100"
	prefixSID  = "c0280a" + "01000700000000000065"
	srv6       = "c0282505" + "002200" + "01001e00" + "fd000000000000000000000000000001" + "00" + "0012" + "00" + "01000620101000" + "1040"
	strangeRD  = "800e20" + "000180" + "0c" + "0000000000000000c0a80002" + "00" + "70" + "007d01" + "0007fdea00000001" + "1e0100"
	reachRTC   = "800e16" + "000184" + "04" + "c0a80002" + "00" + "60" + "0000fdea" + "0002fde900000065"
	unreachRTC = "800f09" + "000184" + "28" + "0000fdea" + "00"
	twoLabels  = "800e23" + "000180" + "0c" + "0000000000000000c0a80002" + "00" + "88" + "00bb80" + "00fa01" + "0000fdea00000001" + "1e0100"
)

// seeds returns valid and invalid messages of a peer.
func seeds() [][]byte {
	open := func(caps string) []byte {
		c := octetsOf(caps)
		return message(1, append(octetsOf(openBody), append([]byte{byte(len(c) + 2), 2, byte(len(c))}, c...)...)...)
	}
	u := func(withdrawn, attrs, routes string) []byte {
		return updateOf(octetsOf(withdrawn), octetsOf(attrs), octetsOf(routes))
	}
	return [][]byte{
		open(capsAll), open(capsAll + "40020078" + "4006007800010180" + "0506000100010002"), message(4),
		u("", attrsBase+nextHop4+attrsMore, "180a0102"+"080b"), u("180a0102", "", ""), u("", "", ""),
		u("", attrsBase+attrsMore+reachVPN4, ""), u("", attrsBase+attrsMore+reachVPN6, ""), u("", attrsBase+attrsMore+reachIPv6, ""),
		u("", unreachVPN, ""), u("", "800f03000180", ""), u("180a0102", attrsBase+nextHop4+reachVPN6, "180a0103"),
		u("", attrsBase+prefixSID+reachVPN4, ""), u("", attrsBase+srv6+reachVPN6, ""), u("", attrsBase+strangeRD, ""), u("", attrsBase+twoLabels, ""),
		u("", "400101004002060201"+"0000fdea"+"40050400000064"+"80090401020304"+"800a0401020304"+reachVPN4, ""),
		u("", attrsBase+"801a0b01000b0000000000000064"+"c01708000f000401020304"+reachVPN4, ""),
		message(3, 6, 2, 5, 'h', 'e', 'l', 'l', 'o'), message(5, 0, 1, 0, 128), message(5, 0, 2, 0, 1), message(9),
		u("", attrsBase+reachRTC, ""), u("180a0102", attrsBase+nextHop4+reachRTC+unreachVPN, "180a0103"), u("", unreachRTC, ""), u("", "800f03000184", ""),
		message(5, 0, 1, 1, 128), message(5, 0, 1, 2, 128), message(5, 0, 1, 1, 1), message(5, 0, 1, 2, 1), message(5, 0, 1, 1, 132), message(5, 0, 1, 2, 132), message(0), message(255),
	}
}

// The seeds are what they are called: the routes of those that have some pass.
func TestSeeds(t *testing.T) {
	for i, s := range seeds() {
		if s[18] != 2 {
			continue
		}
		v := newTestJudge(true).Received(s)
		if v.Refuse != nil || slices.ContainsFunc(v.Faults, func(f gate.Fault) bool { return f.Kind == gate.FaultWithdrawn }) {
			t.Errorf("seed %d: %v, %v", i, v.Refuse, v.Faults)
		}
	}
}

// newTestJudge returns the judge of a session with the seeds' peer, in the phase
// of their messages.
func newTestJudge(established bool) *gate.Judge { return newTestJudgeOf(established, capsAll) }

// capsAddPath are those of seeds with path identifiers in all families.
const capsAddPath = capsAll + "4510" + "00010103" + "00020103" + "00018003" + "00028003"

func newTestJudgeOf(established bool, caps string) *gate.Judge {
	j := gate.NewJudge(gate.Config{LocalAS: 65001, PeerAS: 65002, LocalID: netip.MustParseAddr("10.0.0.9"), Try: rehearse, Constrain: true})
	peer := openOf(90, caps[len(capsAll):])
	ours := slices.Clone(peer)
	copy(ours[20:], []byte{0xfd, 0xe9})
	j.Sent(ours)
	j.Follow()
	if established {
		if v := j.Received(peer); v.Refuse != nil {
			panic(v.Refuse.String())
		}
		if v := j.Received(message(4)); v.Refuse != nil {
			panic(v.Refuse.String())
		}
	}
	return j
}

// mutator makes almost valid messages.
type mutator struct {
	*rand.Rand
	seeds    [][]byte
	numbered []gate.Family // that have path identifiers in composed messages
}

func (m mutator) message() []byte {
	b := slices.Clone(m.seeds[m.IntN(len(m.seeds))])
	for range 1 + m.IntN(4) {
		at := 18 + m.IntN(len(b)-17)
		if m.IntN(40) == 0 {
			at = m.IntN(len(b))
		}
		at = min(at, len(b)-1)
		switch m.IntN(8) {
		case 0:
			b[at] ^= 1 << m.IntN(8)
		case 1:
			b[at] = byte(m.IntN(256))
		case 2:
			b[at] = []byte{0, 1, 2, 3, 4, 5, 0x7f, 0x80, 0xc0, 0xfe, 0xff}[m.IntN(11)]
		case 3:
			b[at] += byte(m.IntN(9) - 4)
		case 4:
			b = slices.Delete(b, at, min(len(b), at+1+m.IntN(6)))
		case 5:
			b = slices.Insert(b, at, make([]byte, 1+m.IntN(6))...)
		case 6:
			other := m.seeds[m.IntN(len(m.seeds))]
			from := 19 + m.IntN(max(1, len(other)-19))
			b = slices.Insert(b, at, other[min(from, len(other)):min(len(other), from+m.IntN(48))]...)
		case 7:
			b = b[:max(19, at)]
		}
		if len(b) < 19 {
			return message(4)
		}
	}
	m.repair(b)
	return b
}

// repair corrects the lengths after a mutation, most of the time.
func (m mutator) repair(b []byte) {
	if m.IntN(16) != 0 {
		binary.BigEndian.PutUint16(b[16:], uint16(len(b)))
	}
	if b[18] != 2 || len(b) < 23 || m.IntN(8) == 0 {
		return
	}
	withdrawn := int(binary.BigEndian.Uint16(b[19:]))
	if 19+2+withdrawn+2 <= len(b) && withdrawn == 0 && m.IntN(3) > 0 {
		binary.BigEndian.PutUint16(b[21:], uint16(len(b)-23))
	}
}

// mutations is how many messages are sent: PSEUDOWAN_MUTATIONS, a million in CI,
// and less elsewhere.
func mutations(t *testing.T) int {
	t.Helper()
	if text := os.Getenv("PSEUDOWAN_MUTATIONS"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	if os.Getenv("CI") != "" {
		return 1_000_000
	}
	return 200_000
}

// TestMutations sends messages through the gate that are almost right, in sessions
// whose import policies change. What passes must neither end the engine's session
// nor the process, and the engine knows what the gate says that it knows.
func TestMutations(t *testing.T) {
	total := mutations(t)
	workers := runtime.GOMAXPROCS(0)
	var all sync.WaitGroup
	var caught, sessions atomic.Int64
	for w := range workers {
		all.Go(func() {
			m := mutator{rand.New(rand.NewPCG(9, uint64(w))), seeds(), nil}
			for n := total / workers; n > 0 && !t.Failed(); sessions.Add(1) {
				n -= m.session(t, n, &caught)
			}
		})
	}
	all.Wait()
	t.Logf("%d messages in %d sessions; the engine's parser alone panics at %d of an eighth of them", total, sessions.Load(), caught.Load())
	if total >= 100_000 && caught.Load() == 0 {
		t.Error("the engine's parser alone survives all messages: the mutations are too tame")
	}
}

// session sends messages until one ends the session, or there were enough. It
// returns how many.
func (m mutator) session(t *testing.T, most int, caught *atomic.Int64) (n int) {
	const enough = 100
	established := m.IntN(8) > 0
	m.numbered = m.numbering()
	j, known := newTestJudgeOf(established, m.caps()), newTable()
	for most = min(most, enough); n < most; {
		if established && m.IntN(20) == 0 {
			known.takeAll(j.SetPolicy(m.chain()), m.numbered)
		}
		b := m.composed()
		switch m.IntN(12) {
		case 0, 1, 2, 3:
			b = m.message()
		case 4: // BoRR or EoRR
			b = message(5, 0, byte(1+m.IntN(2)), byte(1+m.IntN(2)), []byte{1, 128}[m.IntN(2)])
		}
		n++
		if n%8 == 0 && errors.Is(rehearse(slices.Clone(b), nil), errParserPanics) {
			caught.Add(1)
		}
		if !feed(t, j, known, b, m.tried(established)) {
			break
		}
	}
	return n
}

// tried are the families with path identifiers where the session has been set up
// with them.
func (m mutator) tried(established bool) []gate.Family {
	if established {
		return m.numbered
	}
	return nil
}

// FuzzGate is the same with what the fuzzer makes up.
func FuzzGate(f *testing.F) {
	for _, s := range seeds() {
		f.Add(true, s)
		f.Add(false, s)
	}
	f.Fuzz(func(t *testing.T, established bool, b []byte) { passThrough(t, established, b) })
}
