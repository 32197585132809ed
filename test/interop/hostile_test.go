package interop

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"pseudowan/hosts/probe"
	"pseudowan/test/rawbgp"
)

// Two routers, a VPN with a PE behind the NIC, and one without.
const hostileText = `
name: pwt-interop
routers: {pe1: {as: 65001, id: 10.10.10.1}, pe2: {as: 65001, id: 10.10.10.3}}
links:
- nic: pwtio0
  ends: {pe1:eth1: {addresses: [192.168.0.1/30]}}
  bgp: {peer: "192.168.0.2", as: 65002, SETTINGS}
- {ends: [pe1:eth2, pe2:eth1], subnets: [192.168.1.0/30]}
vrfs: {red: {rd: "65001:101", rts: "65001:101"}, blue: {rd: "65001:102", rts: "65001:102"}}
hosts:
  red1:  {to: pe1, vrf: red, addresses: [10.1.0.2/24]}
  red2:  {to: pe2, vrf: red, addresses: [10.2.0.2/24]}
  blue1: {to: pe1, vrf: blue, addresses: [10.1.0.2/24]}
  blue2: {to: pe2, vrf: blue, addresses: [10.2.0.2/24]}
`

// hostile is a PE behind the NIC that means no good.
type hostile struct {
	*testing.T
	*rand.Rand
	lab
	until time.Time
}

// attacked brings the lab up, has a peer attack it, and checks that neither the
// VPN that it is in nor the other loses a packet, and that the router lives.
func attacked(t *testing.T, settings string, attack func(*hostile)) {
	t.Helper()
	newFar(t)
	l := upLab(t, labName, strings.ReplaceAll(hostileText, "SETTINGS", settings))
	h := &hostile{t, rand.New(rand.NewPCG(1, 2)), l, time.Now().Add(attackTime())}
	agent := l.agent(t)
	stop := make(chan struct{})
	var pings []*pinging
	for _, vpn := range []string{"red", "blue"} {
		pings = append(pings, startPing(l, vpn+"1", "10.2.0.2", stop))
	}
	attack(h)
	close(stop)
	for _, p := range pings {
		if sent, lost := p.end(t); lost > 1+sent/1000 { // a busy machine loses one now and then
			t.Errorf("%s lost %d of %d pings", p.what, lost, sent)
		} else {
			t.Logf("%s lost %d of %d pings", p.what, lost, sent)
		}
	}
	if now := l.agent(t); now != agent {
		t.Errorf("the router's agent is another process: %d, was %d", now, agent)
	}
	t.Logf("the router's agent has had %d MB at most", memory(t, agent, "VmHWM")>>10)
}

// attackTime is how long attacks last that have no end of their own.
func attackTime() time.Duration {
	if os.Getenv(wholeEnv) == "all" {
		return 30 * time.Second
	}
	return 4 * time.Second
}

// memory reads a row of a process's status, in kB.
func memory(t *testing.T, pid int, row string) int {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, row+":"); ok {
			n, _ := strconv.Atoi(strings.Fields(rest)[0])
			return n
		}
	}
	t.Fatalf("no %s in\n%s", row, text)
	return 0
}

// pinging is a ping every ten milliseconds, until it is stopped.
type pinging struct {
	what string
	done chan result
}

func startPing(l lab, host, address string, stop <-chan struct{}) *pinging {
	p := &pinging{host + " to " + address, make(chan result, 1)}
	go func() {
		// The ping before the end of the file is the last that counts.
		const script = `ping -q -n -i 0.01 -W 2 "$0" & read -r _; kill -INT $!; wait $!`
		r, w := io.Pipe()
		go func() { <-stop; w.Close() }()
		p.done <- commandWith(r, program, "exec", "--lab", l.name, host, "--", "bash", "-c", script, address)
	}()
	return p
}

// end returns how many were sent, and how many had no answer.
func (p *pinging) end(t *testing.T) (sent, lost int) {
	t.Helper()
	r := <-p.done
	for line := range strings.Lines(r.stdout) {
		var received int
		if n, _ := fmt.Sscanf(line, "%d packets transmitted, %d received", &sent, &received); n == 2 {
			// The last may have been on its way when ping was told to end.
			return sent, max(0, sent-received-1)
		}
	}
	t.Errorf("ping %s: exit code %d\n%s%s", p.what, r.code, r.stdout, r.stderr)
	return 0, 0
}

// dial connects with the router from behind the NIC; nil where that is refused.
func (h *hostile) dial() net.Conn {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	conn, err := probe.Host{NetNS: "/run/netns/" + farNetns}.Connect(ctx, netip.MustParseAddrPort(ourIPv4+":179"))
	if err != nil {
		return nil
	}
	return conn
}

// session connects until the router takes it, and brings the session up; nil
// when the time is over.
func (h *hostile) session() net.Conn {
	for time.Now().Before(h.until) {
		if conn := h.dial(); conn != nil {
			_ = conn.SetDeadline(time.Now().Add(5 * time.Second))
			if kind := rawbgp.ReadKind(conn); kind == 1 {
				_, _ = conn.Write(bgpOpen())
				_, _ = conn.Write(rawbgp.Message(4))
				if rawbgp.ReadKind(conn) == 4 {
					_ = conn.SetDeadline(time.Time{})
					return conn
				}
			}
			_ = conn.Close()
		}
		time.Sleep(20 * time.Millisecond)
	}
	return nil
}

// bgpOpen is that of AS 65002 with VPNv4 and four-octet AS numbers.
func bgpOpen() []byte {
	return rawbgp.Message(1, 4, 0xfd, 0xea, 0, 90, 10, 10, 10, 2, 14, 2, 12, 1, 4, 0, 1, 0, 128, 65, 4, 0, 0, 0xfd, 0xea)
}

// bgpVPNUpdate announces n VPNv4 prefixes from the first-th of 32.0.0.0/24 on,
// with a route target 65001:target.
func bgpVPNUpdate(first, n int, target byte) []byte {
	attrs := []byte{0x40, 1, 1, 0, 0x40, 2, 6, 2, 1, 0, 0, 0xfd, 0xea, 0xc0, 16, 8, 0, 2, 0xfd, 0xe9, 0, 0, 0, target}
	reach := []byte{0, 1, 128, 12, 0, 0, 0, 0, 0, 0, 0, 0, 192, 168, 0, 2, 0}
	for i := first; i < first+n; i++ {
		reach = append(reach, 112, 0, 0x1f, 0x41, 0, 0, 0xfd, 0xea, 0, 0, 0, 1, byte(32+i>>16), byte(i>>8), byte(i))
	}
	attrs = append(attrs, 0x90, 14, byte(len(reach)>>8), byte(len(reach)))
	attrs = append(attrs, reach...)
	return rawbgp.Message(2, append([]byte{0, 0, byte(len(attrs) >> 8), byte(len(attrs))}, attrs...)...)
}
