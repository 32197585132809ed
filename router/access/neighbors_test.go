package access

import (
	"log/slog"
	"net"
	"net/netip"
	"testing"
	"time"

	"pseudowan/router/config"
	"pseudowan/router/fib"
	"pseudowan/router/neighbor"
)

// asked counts the frames that leave by each port.
type asked map[uint32]int

func (a asked) Output(port uint32, _ []byte) error { a[port]++; return nil }
func (a asked) Inject(uint32, []byte) error        { return nil }
func (a asked) InjectLabeled([]byte) error         { return nil }

// commit makes the switch have what is pending.
func commit(t *testing.T, f *fib.Table) {
	t.Helper()
	b, ok := f.Take()
	if !ok {
		t.Fatal("nothing is pending")
	}
	f.Done(b, 0)
}

// A host on a port that is new is asked for once the switch knows the port, whose answer it
// would drop before; other ports do not wait, nor do those of a switch that is taken over.
func TestProbesOfNewPorts(t *testing.T) {
	now := time.Unix(1000, 0)
	f, sent := fib.New(), asked{}
	s := New(slog.New(slog.DiscardHandler), f)
	s.SetSender(sent)
	configure := func(numbers ...uint32) {
		ports := map[uint32]*Port{}
		for _, n := range numbers {
			gateway := netip.PrefixFrom(netip.AddrFrom4([4]byte{10, byte(n), 0, 1}), 24)
			ports[n] = &Port{Access: config.Access{Port: n, Name: "eth", Gateways: []netip.Prefix{gateway}}, VRFID: 1, HardwareAddr: net.HardwareAddr{2, 0, 0, 0, 0, byte(n)}}
		}
		slow, err := SlowPath(ports, config.Router{})
		if err != nil {
			t.Fatal(err)
		}
		s.Leave(now, ports)
		s.Configure(ports, slow, 1500)
	}
	want := func(n uint32) { s.Ask(now, neighbor.Key{Port: n, Addr: netip.AddrFrom4([4]byte{10, byte(n), 0, 2})}) }

	configure(3)
	want(3)
	if sent[3] > 0 {
		t.Error("asked on a port that the switch does not know")
	}
	commit(t, f)
	if sent[3] != 1 {
		t.Errorf("asked %d times once the switch knew the port", sent[3])
	}
	configure(3, 4)
	s.Ask(now, neighbor.Key{Port: 3, Addr: netip.MustParseAddr("10.3.0.9")})
	want(4)
	if sent[3] != 2 || sent[4] != 0 {
		t.Errorf("beside a new port: %v", sent)
	}
	b, _ := f.Take()
	configure(3, 4, 5) // meanwhile
	want(5)
	if f.Done(b, 0); sent[4] != 1 || sent[5] != 0 {
		t.Errorf("before the second change: %v", sent)
	}
	if commit(t, f); sent[5] != 1 {
		t.Errorf("after the second change: %v", sent)
	}
	f.Hold()
	configure(3, 4, 5, 6)
	if want(6); sent[6] != 1 {
		t.Errorf("of a switch that is taken over: %v", sent)
	}
}
