package lab

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/vishvananda/netns"
	"golang.org/x/sys/unix"

	"pseudowan/status"
)

const nicTopology = `
name: pwt-nic
routers:
  pe1: {as: 65001, id: 10.10.10.1, labels: 1000-1999}
links:
- nic: NIC
  ends: {pe1:eth1: {address: 192.168.0.1/30, mac: "00:00:00:01:01:01"}}
  bgp: {peer: 192.168.0.2, as: 65002, med: 100, export-policy: own}
redistribute: {connected: hosts, static: true}
vrfs: {red: {rd: "65001:101", rts: "65001:101"}, hidden: {rd: "65001:102", rts: "65001:102"}}
policies:
  own: [{match: {rts: "65001:102"}, then: reject}]
hosts:
  h1: {to: pe1, vrf: red, addresses: [10.1.0.2/24], lans: [110.1.0.1/24]}
  h2: {to: pe1, vrf: hidden, addresses: [10.2.0.2/24]}
`

const farBGP = `
[global.config]
  as = 65002
  router-id = "10.10.10.2"
[[neighbors]]
  [neighbors.config]
    neighbor-address = "192.168.0.1"
    peer-as = 65001
  [neighbors.timers.config]
    connect-retry = 1
  [[neighbors.afi-safis]]
    [neighbors.afi-safis.config]
      afi-safi-name = "l3vpn-ipv4-unicast"
`

// nicPair is a NIC of the server, and the NIC at the other end of its cable.
type nicPair struct{ near, far string }

// nicPairs returns a veth pair, which is created for the test, and the pairs of
// NICs that the surroundings have connected.
func nicPairs(t *testing.T) []nicPair {
	t.Helper()
	pairs := []nicPair{{"pwtnic0", "pwtnic1"}}
	for _, given := range strings.Fields(os.Getenv(nicsEnv)) {
		near, far, ok := strings.Cut(given, ":")
		if !ok {
			t.Fatalf("%s: %q; want NIC:NIC", nicsEnv, given)
		}
		pairs = append(pairs, nicPair{near, far})
	}
	return pairs
}

// farSide is a real router's place at the other end of the server's NIC.
type farSide struct {
	nicPair
	path string // of its namespace
	api  string // of its gobgpd
}

func newFarSide(t *testing.T, nics nicPair) farSide {
	t.Helper()
	f := farSide{nicPair: nics, path: "/run/netns/pwt-away", api: "127.0.0.1:50051"}
	run := func(argv ...string) {
		t.Helper()
		if r := command(argv...); r.code != 0 {
			t.Fatalf("%v: %s", argv, r.stderr)
		}
	}
	run("ip", "netns", "add", "pwt-away")
	t.Cleanup(func() { command("ip", "netns", "del", "pwt-away") })
	if nics.near == "pwtnic0" {
		run("ip", "link", "add", nics.near, "type", "veth", "peer", "name", nics.far)
		t.Cleanup(func() { command("ip", "link", "del", nics.near) })
	}
	run("ip", "link", "set", nics.far, "netns", "pwt-away") // a real one comes back when the namespace goes
	run("ip", "-n", "pwt-away", "link", "set", "lo", "up")
	run("ip", "-n", "pwt-away", "addr", "add", "192.168.0.2/30", "dev", nics.far)
	run("ip", "-n", "pwt-away", "link", "set", nics.far, "up")
	return f
}

// start starts the distribution's gobgpd at the far side.
func (f farSide) start(t *testing.T) {
	t.Helper()
	conf := filepath.Join(t.TempDir(), "gobgpd.toml")
	if err := os.WriteFile(conf, []byte(farBGP), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("nsenter", "--net="+f.path, "gobgpd", "-f", conf, "--api-hosts", f.api)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
}

func (f farSide) gobgp(args ...string) result {
	return command(append([]string{"nsenter", "--net=" + f.path, "gobgp"}, args...)...)
}

// A router of the lab uses the server's NIC, with other software at the other end.
// The absent peer is reported as waiting; then its routes arrive and label the
// packets; labelled packets from it reach the host; and the NIC returns unchanged.
func TestRealNIC(t *testing.T) {
	for _, nics := range nicPairs(t) {
		t.Run(nics.near, func(t *testing.T) { lendNIC(t, newFarSide(t, nics)) })
	}
}

func lendNIC(t *testing.T, far farSide) {
	before := command("ip", "-o", "link", "show", far.near).stdout
	driver := driverOf(t, "ethtool", "-i", far.near)
	l := fromText(t, t.TempDir(), "pwt-nic", strings.ReplaceAll(nicTopology, "NIC", far.near))
	t.Cleanup(func() { pseudowan("down", l.name) })
	out := must(t, "up", l.file, "--runtime", "netns")
	if !strings.Contains(out, "waiting") || !strings.Contains(out, "192.168.0.2") {
		t.Errorf("up does not mention the absent peer:\n%s", out)
	}
	if driver == "virtio_net" { // checksums left to absent offload hardware
		driver = "veth"
	}
	if got := driverOf(t, "nsenter", "--net="+l.netns("pe1"), "ethtool", "-i", "eth1"); got != driver {
		t.Errorf("eth1 of pe1 is a %s; want %s", got, driver)
	}
	far.start(t)
	eventually(t, 30*time.Second, func() error { // gobgpd answers, then the session comes up
		r := far.gobgp("global", "rib", "add", "-a", "vpnv4", "198.51.100.0/24", "label", "5000", "rd", "65002:1", "rt", "65001:101", "nexthop", "192.168.0.2")
		if r.code != 0 {
			return fmt.Errorf("gobgp: %s%s", r.stdout, r.stderr)
		}
		return nil
	})
	eventually(t, 30*time.Second, func() error {
		if !slices.ContainsFunc(table[status.Flow](t, l, "flow"), func(f status.Flow) bool {
			return f.Prefix.String() == "198.51.100.0/24" && f.Label != nil && *f.Label == 5000
		}) {
			return fmt.Errorf("no flow with the label of the outside router")
		}
		return nil
	})
	farReceived(t, far)
	reply := far.ping(t, "198.51.100.7", "10.1.0.2", 1000)
	if reply.label != 5000 || reply.ttl != 63 {
		t.Errorf("the answer leaves with label %d and TTL %d; want 5000 and 63", reply.label, reply.ttl)
	}
	guessLabels(t, l, far)
	must(t, "down", l.name)
	if after := command("ip", "-o", "link", "show", far.near).stdout; linkIdentity(after) != linkIdentity(before) {
		t.Errorf("the NIC was\n%s\nand comes back as\n%s", before, after)
	}
}

// A NIC returns from a router whose processes were all killed: the kernel's
// datapath, if used, outlives its daemon and holds the NIC.
func TestRealNICReturnsFromTheDead(t *testing.T) {
	for _, nics := range nicPairs(t) {
		t.Run(nics.near, func(t *testing.T) {
			newFarSide(t, nics)
			before := command("ip", "-o", "link", "show", nics.near).stdout
			l := fromText(t, t.TempDir(), "pwt-nic", strings.ReplaceAll(nicTopology, "NIC", nics.near))
			t.Cleanup(func() { pseudowan("down", l.name) })
			must(t, "up", l.file, "--runtime", "netns")
			killAll(t, l)
			must(t, "down", l.name)
			if after := command("ip", "-o", "link", "show", nics.near).stdout; linkIdentity(after) != linkIdentity(before) {
				t.Errorf("the NIC was\n%s\nand comes back as\n%s", before, after)
			}
		})
	}
}

// driverOf reads a driver's name from the output of ethtool.
func driverOf(t *testing.T, ethtool ...string) string {
	t.Helper()
	r := command(ethtool...)
	for line := range strings.Lines(r.stdout) {
		if name, ok := strings.CutPrefix(line, "driver: "); ok {
			return strings.TrimSpace(name)
		}
	}
	t.Fatalf("%v: %s%s", ethtool, r.stdout, r.stderr)
	return ""
}

// guessLabels sends packets with labels that the router has not told the outside router.
// None joins a VRF, not even behind an explicit null.
func guessLabels(t *testing.T, l lab, far farSide) {
	t.Helper()
	hidden := -1
	for _, f := range table[status.Flow](t, l, "flow") {
		if f.VRF == "hidden" && f.Direction == status.DirectionIn {
			hidden = int(*f.Label)
		}
	}
	if hidden < 0 {
		t.Fatal("VRF hidden has no label")
	}
	atHost := startCapture(t, l, "h2", "eth0", 1, "icmp and src 198.51.100.7")
	for _, stack := range [][]uint32{{uint32(hidden)}, {0, uint32(hidden)}, {2, 0, uint32(hidden)}} {
		if err := far.inside(func() error { return send(far.far, "198.51.100.7", "10.2.0.2", stack...) }); err != nil {
			t.Fatal(err)
		}
	}
	far.ping(t, "198.51.100.7", "10.1.0.2", 1000) // the others have passed
	atHost.mustBeEmpty(t)
}

// linkIdentity returns the part of `ip -o link` that must not change: name, MTU, MAC.
func linkIdentity(line string) string {
	fields := strings.Fields(line)
	var keep []string
	for i, f := range fields {
		if f == "mtu" || f == "link/ether" {
			keep = append(keep, f, fields[i+1])
		}
	}
	return strings.Join(keep, " ")
}

// farReceived checks which routes the outside router has received.
func farReceived(t *testing.T, far farSide) {
	t.Helper()
	eventually(t, 10*time.Second, func() error {
		rib := far.gobgp("global", "rib", "-a", "vpnv4").stdout
		for _, want := range []string{"65001:101:10.1.0.2/32", "65001:101:110.1.0.0/24", "[1000]", "[1001]", "65001", "Med: 100", "192.168.0.1"} {
			if !strings.Contains(rib, want) {
				return fmt.Errorf("the outside router lacks %q in\n%s", want, rib)
			}
		}
		return nil
	})
}

// labelled is a labelled echo reply as received by the far side.
type labelled struct {
	label uint32
	ttl   uint8
}

// inside runs a function in the far side's namespace.
func (f farSide) inside(do func() error) error {
	done := make(chan error, 1)
	go func() {
		runtime.LockOSThread() // never unlocked: the thread stays in the namespace and is discarded
		handle, err := netns.GetFromPath(f.path)
		if err == nil {
			defer handle.Close()
			err = netns.Set(handle)
		}
		if err == nil {
			err = do()
		}
		done <- err
	}()
	return <-done
}

// ping sends a labelled echo request from the far side and waits for the
// labelled answer.
func (f farSide) ping(t *testing.T, src, dst string, label uint32) (reply labelled) {
	t.Helper()
	if err := f.inside(func() (err error) {
		reply, err = pingOn(f.far, src, dst, label)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return reply
}

// rawSocket returns a socket for all frames on an interface, and its MAC.
func rawSocket(name string) (int, net.HardwareAddr, error) {
	nic, err := net.InterfaceByName(name)
	if err != nil {
		return 0, nil, err
	}
	const allTypes = 0x0300 // ETH_P_ALL in network order
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW, allTypes)
	if err != nil {
		return 0, nil, err
	}
	return fd, nic.HardwareAddr, unix.Bind(fd, &unix.SockaddrLinklayer{Protocol: allTypes, Ifindex: nic.Index})
}

// echoRequest is a frame to the router with an echo request under a label stack.
func echoRequest(from net.HardwareAddr, src, dst string, stack ...uint32) ([]byte, error) {
	upper := []gopacket.SerializableLayer{
		&layers.Ethernet{SrcMAC: from, DstMAC: net.HardwareAddr{0, 0, 0, 1, 1, 1}, EthernetType: layers.EthernetTypeMPLSUnicast},
	}
	for i, label := range stack {
		upper = append(upper, &layers.MPLS{Label: label, StackBottom: i == len(stack)-1, TTL: 64})
	}
	upper = append(upper,
		&layers.IPv4{Version: 4, TTL: 64, Protocol: layers.IPProtocolICMPv4, SrcIP: net.ParseIP(src).To4(), DstIP: net.ParseIP(dst).To4()},
		&layers.ICMPv4{TypeCode: layers.CreateICMPv4TypeCode(layers.ICMPv4TypeEchoRequest, 0), Id: 7, Seq: 1},
		gopacket.Payload("pseudowan"))
	buf := gopacket.NewSerializeBuffer()
	err := gopacket.SerializeLayers(buf, gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true}, upper...)
	return buf.Bytes(), err
}

// send sends an echo request with a label stack out of an interface.
func send(through, src, dst string, stack ...uint32) error {
	fd, mac, err := rawSocket(through)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	frame, err := echoRequest(mac, src, dst, stack...)
	if err != nil {
		return err
	}
	return unix.Send(fd, frame, 0)
}

func pingOn(through, src, dst string, label uint32) (labelled, error) {
	fd, mac, err := rawSocket(through)
	if err != nil {
		return labelled{}, err
	}
	defer unix.Close(fd)
	frame, err := echoRequest(mac, src, dst, label)
	if err != nil {
		return labelled{}, err
	}
	if err := unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &unix.Timeval{Sec: 1}); err != nil {
		return labelled{}, err
	}
	if err := unix.Send(fd, frame, 0); err != nil {
		return labelled{}, err
	}
	return readReply(fd, src)
}

// readReply reads frames until the labelled echo reply to dst is among them.
func readReply(fd int, dst string) (labelled, error) {
	frame := make([]byte, 4096)
	for deadline := time.Now().Add(5 * time.Second); time.Now().Before(deadline); {
		n, err := unix.Read(fd, frame)
		if err != nil {
			continue // nothing came for a second
		}
		p := gopacket.NewPacket(frame[:n], layers.LayerTypeEthernet, gopacket.Default)
		mpls, _ := p.Layer(layers.LayerTypeMPLS).(*layers.MPLS)
		ip, _ := p.Layer(layers.LayerTypeIPv4).(*layers.IPv4)
		icmp, _ := p.Layer(layers.LayerTypeICMPv4).(*layers.ICMPv4)
		if mpls != nil && ip != nil && icmp != nil && ip.DstIP.String() == dst && icmp.TypeCode.Type() == layers.ICMPv4TypeEchoReply {
			return labelled{mpls.Label, ip.TTL}, nil
		}
	}
	return labelled{}, fmt.Errorf("no labelled answer for %s", dst)
}
