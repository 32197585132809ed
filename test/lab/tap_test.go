package lab

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"
)

// tapping is a capture that runs beside the test.
type tapping struct {
	cmd      *exec.Cmd
	out, err bytes.Buffer
}

// startTap starts a capture, and returns once its sockets are open.
func startTap(t testing.TB, l lab, args ...string) *tapping {
	t.Helper()
	c := &tapping{cmd: exec.Command(program, append([]string{"capture", "--lab", l.name}, args...)...)}
	said, err := c.cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	c.cmd.Stdout = &c.out
	if err := c.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.cmd.Process.Kill() })
	buffer := make([]byte, 1<<16)
	for !strings.Contains(c.err.String(), "capturing at") {
		n, err := said.Read(buffer)
		c.err.Write(buffer[:n])
		if err != nil {
			t.Fatalf("capture %v: %v\n%s", args, err, c.err.String())
		}
	}
	return c
}

// end interrupts the capture, and waits for it.
func (c *tapping) end(t testing.TB, sig syscall.Signal) {
	t.Helper()
	_ = c.cmd.Process.Signal(sig)
	_ = c.cmd.Wait() // its exit code is that of an interrupted command
}

// A capture at several points shows the labels between routers, in the order of time,
// with the VRF and the hosts as comments; nothing of it is left, however it ends.
func TestRealCapture(t *testing.T) {
	l := smallLab(t, "pwt-tap")
	l.up(t)
	file := filepath.Join(t.TempDir(), "both.pcapng")
	c := startTap(t, l, "pe1:eth1", "h1", "h2:eth0", "--vrf", "red", "--prefix", "10.2.0.0/24", "-o", file)
	l.mustExec(t, "h1", "ping", "-c", "3", "-i", "0.2", "10.2.0.2")
	eventually(t, 15*time.Second, func() error {
		info, err := os.Stat(file)
		if err == nil && info.Size() < 2000 {
			err = os.ErrNotExist
		}
		return err
	})
	c.end(t, syscall.SIGINT)
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, words := range []string{"VRF red (10.255.0.2:1) of pe2", "10.1.0.2 is h1", "10.2.0.2 is h2", "link to pe2:eth1", "lab pwt-tap"} {
		if !bytes.Contains(data, []byte(words)) {
			t.Errorf("the file lacks %q", words)
		}
	}
	path := requestsBy(t, data)
	if want := "h1:eth0 pe1:eth1/MPLS h2:eth0 "; !strings.HasPrefix(path, strings.Repeat(want, 3)) {
		t.Errorf("the requests pass %s; want %s three times", path, want)
	}
	l.sound(t, "--tables")
}

// requestsBy returns where the file has echo requests, in its order.
func requestsBy(t testing.TB, file []byte) string {
	t.Helper()
	r, err := pcapgo.NewNgReader(bytes.NewReader(file), pcapgo.NgReaderOptions{WantMixedLinkType: true})
	if err != nil {
		t.Fatal(err)
	}
	var path strings.Builder
	for {
		data, info, err := r.ReadPacketData()
		if err != nil {
			return path.String()
		}
		p := gopacket.NewPacket(data, layers.LayerTypeEthernet, gopacket.Default)
		icmp, ok := p.Layer(layers.LayerTypeICMPv4).(*layers.ICMPv4)
		if !ok || icmp.TypeCode.Type() != layers.ICMPv4TypeEchoRequest {
			continue
		}
		i, err := r.Interface(info.InterfaceIndex)
		if err != nil {
			t.Fatal(err)
		}
		path.WriteString(i.Name)
		if p.Layer(layers.LayerTypeMPLS) != nil {
			path.WriteString("/MPLS")
		}
		path.WriteByte(' ')
	}
}

// Lines for a terminal, filters, ends and refusals.
func TestRealCaptureEnds(t *testing.T) {
	l := smallLab(t, "pwt-tapends")
	l.up(t)
	before := l.mustExec(t, "pe1", "ovs-vsctl", "show")
	c := startTap(t, l, "--vrf", "red", "--count", "4")
	l.mustExec(t, "h1", "ping", "-c", "2", "-i", "0.2", "10.2.0.2")
	if err := c.cmd.Wait(); err != nil {
		t.Errorf("a capture of four packets: %v", err)
	}
	if lines := strings.Split(strings.TrimSpace(c.out.String()), "\n"); len(lines) != 4 {
		t.Errorf("four packets are\n%s", c.out.String())
	}
	stream := startTap(t, l, "pe1:eth1", "-o", "-", "--for", "500ms")
	if err := stream.cmd.Wait(); err != nil || !bytes.HasPrefix(stream.out.Bytes(), []byte{0x0a, 0x0d, 0x0d, 0x0a}) {
		t.Errorf("a stream: %v, %d octets", err, stream.out.Len())
	}
	startTap(t, l, "pe1", "-o", filepath.Join(t.TempDir(), "killed.pcapng")).end(t, syscall.SIGKILL)
	if after := l.mustExec(t, "pe1", "ovs-vsctl", "show"); after != before {
		t.Errorf("a killed capture has left\n%s\nof\n%s", after, before)
	}
	for args, want := range map[string]struct {
		code int
		says string
	}{
		"pe1:eth9":                {4, "pe1 has pe1:eth1"},
		"pe9":                     {4, "no segment pe9"},
		"--vrf rad":               {4, "did you mean red"},
		"--label 1048576":         {2, "20 bits"},
		"--prefix red":            {2, "--prefix red"},
		"--count -1":              {2, "not a number"},
		"-o /no/such/dir/file":    {1, "no such file"},
		"--lab pwt-nowhere pe1":   {4, "not running"},
		"pe1:eth1 --for -1s -o -": {2, "--for"},
	} {
		args := strings.Fields(args)
		if args[0] != "--lab" {
			args = append([]string{"--lab", l.name}, args...)
		}
		if r := command(append([]string{program, "capture"}, args...)...); r.code != want.code || !strings.Contains(r.stderr, want.says) {
			t.Errorf("capture %v: exit code %d, want %d and %q:\n%s", args, r.code, want.code, want.says, r.stderr)
		}
	}
	last := startTap(t, l, "--vrf", "red")
	must(t, "down", l.name)
	if err := last.cmd.Wait(); err != nil {
		t.Errorf("a capture in a lab that goes down: %v", err)
	}
	l.gone(t)
}
