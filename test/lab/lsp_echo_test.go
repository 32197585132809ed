package lab

import (
	"encoding/json"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"

	"pseudowan/status"
)

// lspTest runs a test of a path, and returns its exit code and what it prints.
func lspTest(t testing.TB, l lab, args ...string) (int, status.LSPTest) {
	t.Helper()
	r := pseudowan(slices.Concat([]string{"lsp"}, args, []string{"--lab", l.name, "-o", "json"})...)
	var got status.LSPTest
	if err := json.Unmarshal([]byte(r.stdout), &got); err != nil {
		t.Fatalf("lsp %s: %v: exit code %d\n%s%s", strings.Join(args, " "), err, r.code, r.stdout, r.stderr)
	}
	return r.code, got
}

// answering lists the routers that have answered, and what they said, a line each.
func answering(of status.LSPTest) (lines []string) {
	for _, a := range of.Answers {
		lines = append(lines, a.Router+": "+a.Meaning)
	}
	return lines
}

// MPLS echo goes along the label-switched paths that show lsp has, and tshark reads it. A
// label that is not what the router has told is found where it is.
func TestRealLSPPing(t *testing.T) {
	t.Parallel()
	l := fromCatalog(t, t.TempDir(), "core", "pwt-echo")
	l.up(t)
	// Requests have two labels here and go to the port, replies one and come from it.
	wire := startCapture(t, l, "p1", "eth3", 4, "ether[44:2] = 3503 or ether[38:2] = 3503")
	code, got := lspTest(t, l, "traceroute", "pe1", "10.4.0.2", "--vrf", "blue")
	way := []string{"p1: label switched", "p2: label switched", "pe4: replying router is egress"}
	if code != 0 || !got.Arrived || !slices.Equal(answering(got), way) {
		t.Fatalf("the way of a route: exit code %d, %+v", code, got)
	}
	p1, p2 := pathTo(t, l, "p1", "pe4"), pathTo(t, l, "p2", "pe4")
	if first := got.Answers[0]; len(first.InLabels) != 2 || first.InLabels[0] != *p1.InLabel || first.Out[0] != *p1.OutLabel || first.NextHop != p1.NextHop || !slices.Equal(got.Labels, first.InLabels) {
		t.Errorf("p1 says %+v; show lsp %+v", first, p1)
	}
	if second := got.Answers[1]; second.InLabels[0] != *p2.InLabel || second.Out[0] != 3 || !slices.Equal(got.Answers[2].InLabels, second.Out[1:]) {
		t.Errorf("p2 says %+v; show lsp %+v", second, p2)
	}
	echoOnTheWire(t, wire)
	for _, args := range [][]string{
		{"ping", "pe1", "pe4", "--count", "1"}, {"ping", "pe1", "10.255.0.4", "--count", "1"}, {"ping", "p1", "p2", "--count", "1"},
		{"ping", "pe4", "10.1.0.0/24", "--vrf", "red", "--count", "2", "--every", "10ms"},
	} {
		if code, got := lspTest(t, l, args...); code != 0 || !got.Arrived || got.Answered != got.Sent {
			t.Errorf("lsp %s: exit code %d, %+v", strings.Join(args, " "), code, got)
		}
	}
	echoRefuses(t, l)
	echoFindsTheFault(t, l, *p1.OutLabel)
	echoOfCustomers(t, l)
}

// echoOnTheWire has tshark read requests and replies.
func echoOnTheWire(t *testing.T, wire *capture) {
	t.Helper()
	kinds := map[string]int{}
	for _, f := range wire.decode(t, "mpls_echo.msg_type", "mpls_echo.tlv.type", "_ws.malformed", "ip.dst", "ip.ttl") {
		if f[2] != "" || f[0] == "" {
			t.Errorf("tshark reads %q", f)
		}
		kinds[f[0]]++
		if f[0] == "1" && f[3] != "127.0.0.1" {
			t.Errorf("a request goes to %s", f[3])
		}
	}
	if kinds["1"] == 0 || kinds["2"] == 0 {
		t.Errorf("requests and replies by type: %v", kinds)
	}
}

// echoRefuses has lsp refuse what it cannot test.
func echoRefuses(t *testing.T, l lab) {
	t.Helper()
	for args, want := range map[string]struct {
		code int
		says string
	}{
		"lsp ping pe1 pe9":                         {4, "no router pe9"},
		"lsp ping pe9 pe1":                         {4, "no router pe9"},
		"lsp ping pe1 pe1":                         {1, "no label-switched path to pe1"},
		"lsp ping pe1 10.4.0.0/24 --vrf rad":       {4, "did you mean red"},
		"lsp ping pe1 10.9.0.0/24 --vrf red":       {1, "has no route to 10.9.0.0/24"},
		"lsp ping pe1 10.1.0.0/24 --vrf red":       {1, "leads to no other router"},
		"lsp traceroute pe1 pe4 --vrf red":         {1, "write an address or a prefix"},
		"lsp ping pe1 pe4 --count 0":               {2, "--count"},
		"lsp traceroute pe1 pe4 --wait 0s":         {2, "--wait"},
		"lsp ping pe1 10.255.0.77/32 --wait 100ms": {1, "no label-switched path to 10.255.0.77/32"},
	} {
		r := pseudowan(append(strings.Fields(args), "--lab", l.name)...)
		if r.code != want.code || !strings.Contains(r.stdout+r.stderr, want.says) {
			t.Errorf("%s: exit code %d, want %d and %q:\n%s%s", args, r.code, want.code, want.says, r.stdout, r.stderr)
		}
	}
}

// echoFindsTheFault has p1 swap the label of the path to pe4 for another one.
func echoFindsTheFault(t *testing.T, l lab, out uint32) {
	t.Helper()
	other := *pathTo(t, l, "p2", "pe1").InLabel
	relabelled := false
	for line := range strings.Lines(l.mustExec(t, "p1", "ovs-ofctl", "-O", "OpenFlow13", "--no-stats", "dump-flows", "br0", "table=30")) {
		right, wrong := fmt.Sprintf("set_field:%d->mpls_label", out), fmt.Sprintf("set_field:%d->mpls_label", other)
		match, actions, _ := strings.Cut(strings.TrimSpace(line), " actions=")
		if _, match, _ = strings.Cut(match, ", "); strings.Contains(match, "mpls_bos=1") && strings.Contains(actions, right) {
			l.mustExec(t, "p1", "ovs-ofctl", "-O", "OpenFlow13", "--strict", "mod-flows", "br0", match+",actions="+strings.ReplaceAll(actions, right, wrong))
			relabelled = true
		}
	}
	if !relabelled {
		t.Fatalf("p1 has no flow with label %d", out)
	}
	code, got := lspTest(t, l, "traceroute", "pe1", "pe4")
	if lines := answering(got); code != 1 || got.Arrived || len(lines) < 2 || lines[0] != "p1: label switched" || lines[1] != "p2: downstream mapping mismatch" {
		t.Errorf("with a wrong label at p1: exit code %d, %q", code, lines)
	}
	code, got = lspTest(t, l, "ping", "pe1", "pe4", "--count", "1", "--wait", "1s")
	if code != 1 || got.Arrived {
		t.Errorf("with a wrong label at p1, ping: exit code %d, %+v", code, got)
	}
}

// echoOfCustomers has a host send what looks like MPLS echo: its router drops it.
func echoOfCustomers(t *testing.T, l lab) {
	t.Helper()
	e := newEmitter(t, l, "b1", netip.MustParseAddr("10.1.0.1"))
	wire := startCapture(t, l, "pe1", "eth1", 1, "ether[38:2] = 3503 or ether[44:2] = 3503")
	ip := &layers.IPv4{Version: 4, TTL: 64, Protocol: layers.IPProtocolUDP, SrcIP: net.IPv4(10, 1, 0, 2), DstIP: net.IPv4(127, 0, 0, 1)}
	udp := &layers.UDP{SrcPort: 4000, DstPort: 3503}
	if err := udp.SetNetworkLayerForChecksum(ip); err != nil {
		t.Fatal(err)
	}
	const packets = 5
	for range packets {
		if err := e.send(serialize(t, e.ethernet(layers.EthernetTypeIPv4, nil), ip, udp, gopacket.Payload("request"))); err != nil {
			t.Fatal(err)
		}
	}
	eventually(t, 10*time.Second, func() error {
		must(t, "show", "flow", "--lab", l.name, "--router", "pe1") // has the switch count
		flows := l.mustExec(t, "pe1", "ovs-ofctl", "dump-flows", "br0", "table=0,ip,nw_dst=127.0.0.0/8")
		if !strings.Contains(flows, fmt.Sprintf("n_packets=%d,", packets)) {
			return fmt.Errorf("no flow of pe1 has dropped %d packets to 127.0.0.1:\n%s", packets, flows)
		}
		return nil
	})
	wire.mustBeEmpty(t)
}
