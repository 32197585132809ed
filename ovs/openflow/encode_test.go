package openflow

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// pipelineFlows are all flows of the pipeline's goldens.
func pipelineFlows(t testing.TB) []Flow {
	t.Helper()
	files, err := filepath.Glob("../pipeline/testdata/*.golden")
	if err != nil || len(files) == 0 {
		t.Fatalf("no goldens of the pipeline: %v", err)
	}
	var flows []Flow
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(text)) {
			if line = strings.TrimSpace(line); line != "" {
				flows = append(flows, readGolden(t, line))
			}
		}
	}
	return flows
}

// readGolden reads "cookie=0x1, table=0, priority=1,in_port=1 actions=drop".
func readGolden(t testing.TB, line string) Flow {
	t.Helper()
	var f Flow
	head, actions, _ := strings.Cut(line, " actions=")
	f.Actions = actions
	var rest string
	if _, err := fmt.Sscanf(head, "cookie=0x%x, table=%d, priority=%d,%s", &f.Cookie, &f.Table, &f.Priority, &rest); err != nil && rest != "" {
		t.Fatalf("%s: %v", line, err)
	}
	f.Match = rest
	return f
}

// randomFlows are flows with values that the goldens do not have.
func randomFlows(r *rand.Rand, n int) []Flow {
	mac := func() string {
		m := make(net.HardwareAddr, 6)
		for i := range m {
			m[i] = byte(r.Uint32())
		}
		return m.String()
	}
	address := func(octets int) netip.Addr {
		b := make([]byte, octets)
		for i := range b {
			b[i] = byte(r.Uint32())
		}
		a, _ := netip.AddrFromSlice(b)
		return a
	}
	flows := make([]Flow, n)
	for i := range flows {
		v4, v6 := netip.PrefixFrom(address(4), 1+r.IntN(32)).Masked(), netip.PrefixFrom(address(16), 1+r.IntN(128)).Masked()
		match := []string{
			fmt.Sprintf("metadata=%#x,ip,nw_dst=%s", r.Uint32(), v4),
			fmt.Sprintf("metadata=%#x,ipv6,ipv6_dst=%s", r.Uint32(), v6),
			fmt.Sprintf("in_port=%d,ip,nw_src=%s", r.Uint32N(65000), v4),
			fmt.Sprintf("in_port=%d,ipv6,ipv6_src=%s", r.Uint32N(65000), v6),
			fmt.Sprintf("mpls,mpls_label=%d,mpls_bos=%d", r.Uint32N(1<<20), r.IntN(2)),
			fmt.Sprintf("in_port=%d,tcp6,dl_dst=%s,ipv6_src=%s,ipv6_dst=%s,tp_src=%d", r.Uint32N(65000), mac(), v6, address(16), r.Uint32N(65536)),
			fmt.Sprintf("in_port=%d,udp,nw_dst=%s,udp_dst=%d", r.Uint32N(65000), v4, r.Uint32N(65536)),
			fmt.Sprintf("reg%d=%#x,reg7=%#x,reg8=0x80000000/0x80000000", r.IntN(7), r.Uint32(), r.Uint32()),
			fmt.Sprintf("reg6=0x1/0x1,metadata=%d,arp,arp_tpa=%s", r.Uint32(), address(4)),
		}[r.IntN(9)]
		actions := []string{
			fmt.Sprintf("set_field:%#x->reg%d,set_field:%s->eth_src,set_field:%s->eth_dst,output:%d", r.Uint32(), r.IntN(10), mac(), mac(), r.Uint32N(65000)),
			fmt.Sprintf("check_pkt_larger(%d)->NXM_NX_REG6[%d],goto_table:%d", r.IntN(65536), r.IntN(32), 41+r.IntN(200)),
			fmt.Sprintf("controller(max_len=65535,meter_id=%d)", 1+r.Uint32N(65000)),
			fmt.Sprintf("multipath(symmetric_l3l4+udp,%d,hrw,%d,0,NXM_NX_REG7[0..7]),goto_table:41", r.IntN(1<<16), 1+r.IntN(256)),
			fmt.Sprintf("move:NXM_NX_REG%d[3..22]->NXM_NX_REG%d[0..19],resubmit(,%d)", r.IntN(10), r.IntN(10), r.IntN(255)),
			fmt.Sprintf("load:%#x->NXM_NX_REG%d[4..11]", r.IntN(256), r.IntN(8)),
		}[r.IntN(6)]
		flows[i] = Flow{Table: uint8(r.IntN(41)), Priority: uint16(r.IntN(65536)), Cookie: r.Uint64N(1 << 63), Match: match, Actions: actions}
	}
	return flows
}

// TestRealEncoding compares every message with what ovs-ofctl sends for the same flow.
func TestRealEncoding(t *testing.T) {
	if _, err := exec.LookPath("ovs-ofctl"); err != nil {
		t.Skip("needs ovs-ofctl")
	}
	flows := append(pipelineFlows(t), randomFlows(rand.New(rand.NewPCG(1, 2)), 1000)...)
	var file bytes.Buffer
	var ours []message
	for i, f := range flows {
		// The transaction ID is no part of the comparison.
		add, err := f.appendAdd(nil, 0)
		check(t, err)
		if i%3 == 2 {
			add, err = f.appendDelete(nil, 0)
			check(t, err)
			fmt.Fprintf(&file, "delete_strict cookie=%#x/-1,%s\n", f.Cookie, f.key())
		} else {
			fmt.Fprintln(&file, "add", f)
		}
		ours = append(ours, message{kind: typeFlowMod, body: add[headerSize:]})
	}
	theirs := ofctlMods(t, &file)
	if len(theirs) != len(ours) {
		t.Fatalf("ovs-ofctl sends %d messages for %d flows", len(theirs), len(ours))
	}
	for i, m := range theirs {
		if !bytes.Equal(m.body, ours[i].body) {
			t.Errorf("%s:\novs-ofctl %x\nours      %x", flows[i], m.body, ours[i].body)
		}
	}
}

// ofctlMods returns the flow modifications that ovs-ofctl sends for a file.
func ofctlMods(t *testing.T, file *bytes.Buffer) []message {
	t.Helper()
	path := filepath.Join(t.TempDir(), "s")
	l, err := net.Listen("unix", path)
	check(t, err)
	mods := make(chan []message, 1)
	go func() {
		defer l.Close()
		sock, err := l.Accept()
		if err != nil {
			close(mods)
			return
		}
		defer sock.Close()
		sw := &fakeSwitch{t: t, sock: sock}
		sw.send(message{kind: typeHello})
		mods <- sw.bundle()
	}()
	cmd := exec.CommandContext(t.Context(), "ovs-ofctl", "--no-names", "--protocols=OpenFlow13", "--bundle", "add-flows", "unix:"+path, "-")
	cmd.Stdin = file
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("ovs-ofctl: %v\n%s", err, out)
	}
	return <-mods
}

// bundle receives one bundle and accepts it.
func (s *fakeSwitch) bundle() (mods []message) {
	const inside = 16
	for {
		switch m := s.next(); {
		case m.kind == typeBarrierRequest:
			s.send(message{kind: typeBarrierReply, xid: m.xid})
		case m.kind != typeExperimenter:
		case be.Uint32(m.body[4:]) == bundleAdd:
			inner, err := readMessage(bytes.NewReader(m.body[inside:]))
			if err != nil {
				s.t.Error(err)
			}
			mods = append(mods, inner)
		default:
			what := be.Uint16(m.body[12:])
			be.PutUint16(m.body[12:], what+1)
			s.send(m)
			if what == bundleCommit {
				return mods
			}
		}
	}
}

func TestUnknownTerms(t *testing.T) {
	for _, f := range []Flow{
		{Match: "nw_tos=4"}, {Match: "ip,nw_dst=10.0.0.0/33"}, {Match: "ip,nw_dst=2001:db8::1"}, {Match: "ipv6,ipv6_dst=1"},
		{Match: "in_port"}, {Match: "dl_dst=1:2"}, {Match: "in_port=x"}, {Match: "ip,,ip"}, {Match: "reg6=0x1/0x1ffffffff"},
		{Actions: ""}, {Actions: "normal"}, {Actions: "goto_table:1,drop"}, {Actions: "goto_table:256"}, {Actions: "output:x"},
		{Actions: "set_field:1->eth_type"}, {Actions: "set_field:0x100000000->reg1"}, {Actions: "move:NXM_NX_REG1[0..3]->NXM_NX_REG2[]"},
		{Actions: "move:NXM_NX_REG1[9..3]->NXM_NX_REG2[]"}, {Actions: "load:1->NXM_NX_REG1[32]"}, {Actions: "load:1->OXM_OF_MPLS_TC[3]"},
		{Actions: "check_pkt_larger(1)->NXM_NX_REG1[]"}, {Actions: "controller"}, {Actions: "controller(max_len=65535,id=1)"},
		{Actions: "resubmit(1,2)"}, {Actions: "multipath(eth_src,0,hrw,1,0,NXM_NX_REG7[0..7])"},
		{Actions: "multipath(symmetric_l3l4+udp,0,hrw,257,0,NXM_NX_REG7[0..7])"}, {Actions: "load:0x10->NXM_NX_REG1[0..3]"},
	} {
		if f.Actions == "" && f.Match != "" {
			f.Actions = "drop"
		}
		if b, err := f.appendAdd(nil, 1); err == nil {
			t.Errorf("%s is encoded: %x", f, b)
		}
	}
}

func FuzzFlow(f *testing.F) {
	for _, g := range pipelineFlows(f) {
		f.Add(g.Match, g.Actions)
	}
	f.Fuzz(func(t *testing.T, match, actions string) {
		b, err := Flow{Match: match, Actions: actions}.appendAdd(nil, 1)
		if err == nil && (len(b)%8 != 0 || int(be.Uint16(b[2:])) != len(b)) {
			t.Errorf("match %q actions %q: %d octets: %x", match, actions, len(b), b)
		}
	})
}

func BenchmarkEncode(b *testing.B) {
	flows := pipelineFlows(b)
	var buf []byte
	for b.Loop() {
		buf = buf[:0]
		for _, f := range flows {
			var err error
			if buf, err = f.appendAdd(buf, 1); err != nil {
				b.Fatal(err)
			}
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(flows)), "ns/flow")
}
