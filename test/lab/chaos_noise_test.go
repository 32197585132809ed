package lab

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"

	"pseudowan/status"
)

// chaosEnv is the duration of a chaos series, e.g. "1h"; without it, each is brief.
const chaosEnv = "PSEUDOWAN_CHAOS"

// chaosTime returns the requested duration; 0 if none is.
func chaosTime(t *testing.T) time.Duration {
	t.Helper()
	text := os.Getenv(chaosEnv)
	if text == "" {
		return 0
	}
	d, err := time.ParseDuration(text)
	if err != nil {
		t.Fatalf("%s=%s: %v", chaosEnv, text, err)
	}
	return d
}

// The VPNs have the same addresses. The number of a label shows to which it belongs.
const noiseLab = `
name: pwt-noise
routers: {pe1: {as: 65000, id: 10.0.0.1, labels: 1000-1999}, pe2: {as: 65000, id: 10.0.0.2, labels: 2000-2999}}
links: [{ends: [pe1:eth1, pe2:eth1], subnets: [192.168.0.0/30]}]
vrfs:
  red:   {rts: "1:1", redistribute: {connected: subnets}}
  blue:  {rts: "1:2", redistribute: {connected: subnets}}
  green: {rts: "1:3", redistribute: {connected: hosts}}
hosts:
  red1:   {to: pe1, vrf: red, addresses: [10.1.0.2/16, "2001:db8:1::2/64"]}
  red2:   {to: pe2, vrf: red, addresses: [10.2.0.2/16, "2001:db8:2::2/64"]}
  blue1:  {to: pe1, vrf: blue, addresses: [10.1.0.2/16, "2001:db8:1::2/64"]}
  blue2:  {to: pe2, vrf: blue, addresses: [10.2.0.2/16, "2001:db8:2::2/64"]}
  green1: {to: pe1, vrf: green, addresses: [10.1.0.2/16, slaac], ra: "2001:db8:3::/64"}
  green2: {to: pe1, vrf: green, addresses: [10.2.0.2/16]}
`

// quiet are the hosts that must hear nothing of the noise.
var quiet = []string{"blue1", "blue2", "green1", "green2"}

// allNoise holds every kind of noise.
var allNoise = slices.Concat(claims, protocols, tags, packets)

// A customer sends everything that a customer should not, from both ends of its
// VPN. Other VPNs neither hear it nor lose packets. Between the routers there is
// nothing but BGP, ARP and labelled packets, and the customer's have the customer's
// labels.
func TestRealChaosNoise(t *testing.T) {
	end := time.Now().Add(chaosTime(t))
	l := fromText(t, t.TempDir(), "pwt-noise", noiseLab)
	l.up(t)
	seed := time.Now().UnixNano()
	t.Logf("%d kinds of noise, seed %d", len(allNoise), seed)
	before := settledState(t, l)
	makers := noiseMakers(t, l, seed)
	const each = 400 * time.Millisecond
	quietDuring(t, l, makers, len(allNoise)*int(each/time.Millisecond)/10, func() {
		for _, kind := range allNoise {
			makeNoise(t, kind.name, makers, each, kind.make)
		}
	})
	for round := 1; time.Now().Before(end) && !t.Failed(); round++ {
		const mixed = 30 * time.Second
		quietDuring(t, l, makers, int(mixed/time.Millisecond)/10, func() {
			makeNoise(t, fmt.Sprintf("round %d", round), makers, mixed, func(m *noiseMaker) []byte { return pick(m, allNoise...).make(m) })
		})
	}
	if diff := cmp.Diff(before, settledState(t, l), cmpopts.EquateComparable(netip.Addr{}, netip.Prefix{})); diff != "" {
		t.Errorf("the noise has changed other VPNs or the routers:\n%s", diff)
	}
	// The customer has confused its own VPN, which recovers.
	eventually(t, time.Minute, func() error {
		if r := l.exec("red1", "ping", "-c", "1", "-W", "1", "10.2.0.2"); r.code != 0 {
			return fmt.Errorf("red1 does not reach red2:\n%s", r.stdout)
		}
		return nil
	})
	must(t, "verify", l.name)
}

// noiseState is what noise must not change: the routers' processes and sessions,
// and the other VPNs' routes.
type noiseState struct {
	Agents   map[string]int
	Switches map[string]string // the pids of Open vSwitch
	Sessions map[string]time.Time
	Routes   map[string][]status.Route
}

func settledState(t *testing.T, l lab) noiseState {
	t.Helper()
	s := noiseState{map[string]int{}, map[string]string{}, map[string]time.Time{}, map[string][]status.Route{}}
	for _, n := range nodes(t, l) {
		if n.Kind == "router" {
			s.Agents[n.Node] = n.PID
			s.Switches[n.Node] = l.mustExec(t, n.Node, "cat", "/run/openvswitch/ovs-vswitchd.pid")
		}
	}
	for _, p := range table[status.Peer](t, l, "peer") {
		s.Sessions[p.Router+" "+p.RemoteAddress.String()+" "+string(p.State)] = p.Since
	}
	for _, v := range table[status.VRF](t, l, "vrf") {
		if v.VRF != "red" {
			s.Routes[v.Router+" "+v.VRF] = v.Routes
		}
	}
	return s
}

// noiseMakers returns the customer's two hosts, with what an attacker could know.
func noiseMakers(t *testing.T, l lab, seed int64) []*noiseMaker {
	t.Helper()
	addr := netip.MustParseAddr
	ends := []*noiseMaker{
		{me4: addr("10.1.0.2"), me6: addr("2001:db8:1::2"), gate4: addr("10.1.0.1"), gate6: addr("2001:db8:1::1"), far4: addr("10.2.0.2"), far6: addr("2001:db8:2::2")},
		{me4: addr("10.2.0.2"), me6: addr("2001:db8:2::2"), gate4: addr("10.2.0.1"), gate6: addr("2001:db8:2::1"), far4: addr("10.1.0.2"), far6: addr("2001:db8:1::2")},
	}
	var labels []uint32
	for _, b := range table[status.MPLS](t, l, "mpls") {
		if b.VRF != "red" && b.Direction == "in" {
			labels = append(labels, b.Label)
		}
	}
	if len(labels) == 0 {
		t.Fatal("the other VPNs have no labels")
	}
	others := knownMACs(t, l)
	for i, m := range ends {
		host := fmt.Sprintf("red%d", i+1)
		l.mustExec(t, host, "ip", "link", "set", "eth0", "mtu", "9000") // hosts are root in their own namespace
		m.emitter = newEmitter(t, l, host, m.gate4)
		m.Rand = rand.New(rand.NewPCG(uint64(seed), uint64(i)))
		m.mark = []byte(fmt.Sprintf("NOISE-%016x", seed))
		m.others, m.labels = slices.Clip(others), labels
		m.core = []netip.Addr{addr("192.168.0.1"), addr("192.168.0.2")}
		m.core = slices.Clip(m.core)
	}
	return ends
}

// knownMACs returns the MACs of the other VPNs' ports and hosts, and of the core.
func knownMACs(t *testing.T, l lab) []net.HardwareAddr {
	t.Helper()
	var all []net.HardwareAddr
	for _, i := range table[status.Interface](t, l, "interface") {
		if i.VRF != "red" {
			all = append(all, mustMAC(t, i.MAC))
		}
	}
	for _, host := range quiet {
		all = append(all, mustMAC(t, strings.TrimSpace(l.mustExec(t, host, "cat", "/sys/class/net/eth0/address"))))
	}
	return all
}

func mustMAC(t *testing.T, text string) net.HardwareAddr {
	t.Helper()
	mac, err := net.ParseMAC(text)
	if err != nil {
		t.Fatal(err)
	}
	return mac
}

// makeNoise makes all makers send for a while.
func makeNoise(t *testing.T, name string, makers []*noiseMaker, during time.Duration, next func(*noiseMaker) []byte) {
	t.Helper()
	const rate = 1000
	var stops []func() (int, error)
	for _, m := range makers {
		stops = append(stops, m.storm(rate, func(int) []byte { return next(m) }))
	}
	time.Sleep(during)
	for _, stop := range stops {
		if sent, err := stop(); err != nil || sent == 0 {
			t.Errorf("%s: %d frames sent, %v", name, sent, err)
		}
	}
}

// quietDuring watches the other VPNs' hosts and the core during the noise. count is
// the number of pings, one every ten milliseconds, that last as long. As in
// mustHearFrom, a loss counts only if it occurs in each of a few attempts; a frame
// in the wrong place counts at once.
func quietDuring(t *testing.T, l lab, makers []*noiseMaker, count int, noise func()) {
	t.Helper()
	const attempts = 3
	for attempt := range attempts {
		lost := lostDuring(t, l, makers, count, noise)
		switch {
		case len(lost) == 0 || t.Failed():
			return
		case attempt == attempts-1:
			t.Errorf("lost during the noise: %s", strings.Join(lost, ", "))
		default:
			t.Logf("lost during the noise: %s", strings.Join(lost, ", "))
		}
	}
}

func lostDuring(t *testing.T, l lab, makers []*noiseMaker, count int, noise func()) (lost []string) {
	t.Helper()
	mark := makers[0].mark
	captures := map[string]*capture{}
	const endless = 1 << 30
	for _, host := range quiet {
		captures[host] = startCapture(t, l, host, "eth0", endless, "")
	}
	wire := startCapture(t, l, "pe1", "eth1", endless, "")
	var running []*pinging
	for _, c := range [][2]string{
		{"blue1", "10.1.0.1"}, {"blue1", "10.2.0.1"}, {"blue1", "10.2.0.2"},
		{"blue1", "2001:db8:1::1"}, {"blue1", "2001:db8:2::1"}, {"blue1", "2001:db8:2::2"},
		{"blue2", "10.2.0.1"}, {"green1", "10.2.0.2"},
	} {
		running = append(running, startPing(l, c[0], c[1], count))
	}
	noise()
	// A busy machine loses a packet now and then; one kind of noise that stops
	// another VPN for as long as it lasts costs more than this.
	few := max(5, count/100)
	for _, p := range running {
		if n := p.lost(t); n > few {
			lost = append(lost, fmt.Sprintf("%s %d of %d", p.what, n, count))
		}
	}
	for host, c := range captures {
		hearsNoNoise(t, l, host, c.stop(t), mark)
	}
	carriesNoNoise(t, l, wire.stop(t), mark)
	return lost
}

// hearsNoNoise checks that a host of another VPN has heard only its gateway and
// itself.
func hearsNoNoise(t *testing.T, l lab, host string, frames [][]byte, mark []byte) {
	t.Helper()
	known := map[string]bool{strings.TrimSpace(l.mustExec(t, host, "cat", "/sys/class/net/eth0/address")): true}
	for _, i := range table[status.Interface](t, l, "interface") {
		if i.Host == host {
			known[i.MAC] = true
		}
	}
	wrong := 0
	for _, f := range frames {
		from := net.HardwareAddr(f[6:12]).String()
		if bytes.Contains(f, mark) || !known[from] {
			if wrong++; wrong <= 3 {
				t.Errorf("%s hears the noise:\n%s", host, gopacket.NewPacket(f, layers.LayerTypeEthernet, gopacket.Default))
			}
		}
	}
	if len(frames) == 0 || wrong > 0 {
		t.Errorf("%s has heard %d frames, %d of them not its own", host, len(frames), wrong)
	}
}

// carriesNoNoise checks the core: BGP and ARP of the routers, and labelled packets;
// what the customer has sent has the customer's labels.
func carriesNoNoise(t *testing.T, l lab, frames [][]byte, mark []byte) {
	t.Helper()
	whose := map[uint32]string{}
	for _, b := range table[status.MPLS](t, l, "mpls") {
		if b.Direction == "in" {
			whose[b.Label] = b.VRF
		}
	}
	wrong, labelled := 0, 0
	for _, f := range frames {
		why := ""
		p := gopacket.NewPacket(f, layers.LayerTypeEthernet, gopacket.Default)
		noise := bytes.Contains(f, mark)
		const shortest = 34 // octets: with an IP header, or the octets in its place
		switch kind := be.Uint16(f[12:]); {
		case len(f) < shortest:
			why = "too short for anything"
		case kind == typeMPLS:
			labelled++
			entry := be.Uint32(f[14:])
			switch vrf := whose[entry>>12]; {
			case vrf == "" || entry&(1<<8) == 0:
				why = "a label that no router gave out, or more than one"
			case noise && vrf != "red":
				why = "noise with a label of " + vrf
			}
		case kind == typeARP:
			if noise || !bytes.Equal(f[28:31], []byte{192, 168, 0}) {
				why = "foreign ARP"
			}
		case kind == typeIPv4:
			ip, tcp := p.Layer(layers.LayerTypeIPv4), p.Layer(layers.LayerTypeTCP)
			if noise || ip == nil || tcp == nil || !strings.HasPrefix(ip.(*layers.IPv4).SrcIP.String(), "192.168.0.") ||
				tcp.(*layers.TCP).SrcPort != 179 && tcp.(*layers.TCP).DstPort != 179 {
				why = "IPv4 that is not BGP"
			}
		default:
			why = "neither labels nor ARP nor BGP"
		}
		if why != "" {
			if wrong++; wrong <= 3 {
				t.Errorf("in the core: %s:\n%s", why, p)
			}
		}
	}
	if labelled == 0 || wrong > 0 {
		t.Errorf("in the core there were %d frames, %d with labels, %d wrong", len(frames), labelled, wrong)
	}
}
