package lab

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/gopacket/gopacket/pcapgo"
)

// capture is a tcpdump on an interface of a node.
type capture struct {
	cmd  *exec.Cmd
	file string
	done chan error
}

// startCapture returns when tcpdump listens. The capture ends after count packets
// that match the filter.
func startCapture(t testing.TB, l lab, node, intf string, count int, filter string) *capture {
	t.Helper()
	c := &capture{file: filepath.Join(t.TempDir(), "wire.pcap"), done: make(chan error, 1)}
	c.cmd = exec.Command("nsenter", "--net="+l.netns(node), "tcpdump", "-Z", "root", "-U", "-n", "-i", intf,
		"-w", c.file, "-c", strconv.Itoa(count), filter)
	stderr, err := c.cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(stderr)
	for lines.Scan() {
		if strings.Contains(lines.Text(), "listening on") {
			break
		}
	}
	go func() {
		for lines.Scan() { // let tcpdump write the rest
		}
		c.done <- c.cmd.Wait()
	}()
	t.Cleanup(func() { c.cmd.Process.Kill() })
	return c
}

// frame is one packet as tshark decodes it.
type frame struct {
	labels, bottoms, ttls []string // of the label stack, outermost first
	ipTTL, src, dst       string
}

// wait waits until the capture is complete.
func (c *capture) wait(t testing.TB) {
	t.Helper()
	select {
	case <-c.done:
	case <-time.After(patience(10 * time.Second)):
		c.cmd.Process.Signal(syscall.SIGINT)
		<-c.done
		out, _ := exec.Command("tcpdump", "-n", "-e", "-r", c.file).CombinedOutput()
		t.Fatalf("too few packets on the wire:\n%s", out)
	}
}

// mustBeEmpty ends a capture that must be empty.
func (c *capture) mustBeEmpty(t testing.TB) {
	t.Helper()
	c.cmd.Process.Signal(syscall.SIGINT)
	<-c.done
	if out, err := exec.Command("tcpdump", "-n", "-e", "-r", c.file).Output(); err != nil || len(out) > 0 {
		t.Errorf("on the wire, where nothing should be: %v\n%s", err, out)
	}
}

// stop ends the capture and returns its frames.
func (c *capture) stop(t testing.TB) [][]byte {
	t.Helper()
	c.cmd.Process.Signal(syscall.SIGINT)
	<-c.done
	return c.soFar(t)
}

// soFar returns the frames that tcpdump has written.
func (c *capture) soFar(t testing.TB) [][]byte {
	t.Helper()
	file, err := os.Open(c.file)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	r, err := pcapgo.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	var frames [][]byte
	for {
		frame, _, err := r.ReadPacketData()
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return frames
		}
		if err != nil {
			t.Fatal(err)
		}
		frames = append(frames, frame)
	}
}

// decode waits until the capture is complete, and decodes some fields of each packet
// with tshark.
func (c *capture) decode(t testing.TB, fields ...string) [][]string {
	t.Helper()
	c.wait(t)
	argv := []string{"-r", c.file, "-T", "fields", "-E", "separator=|"}
	for _, f := range fields {
		argv = append(argv, "-e", f)
	}
	out, err := exec.Command("tshark", argv...).Output()
	if err != nil {
		t.Fatalf("tshark: %v", err)
	}
	var all [][]string
	for line := range strings.Lines(string(out)) {
		f := strings.Split(strings.TrimRight(line, "\n"), "|")
		if len(f) != len(fields) {
			t.Fatalf("tshark printed %q", line)
		}
		all = append(all, f)
	}
	return all
}

// frames waits until the capture is complete, and decodes it.
func (c *capture) frames(t testing.TB) []frame {
	t.Helper()
	var frames []frame
	for _, f := range c.decode(t, "mpls.label", "mpls.bottom", "mpls.ttl", "ip.ttl", "ip.src", "ip.dst") {
		list := func(s string) []string { return strings.Split(s, ",") }
		frames = append(frames, frame{list(f[0]), list(f[1]), list(f[2]), f[3], f[4], f[5]})
	}
	return frames
}

func (f frame) String() string {
	return fmt.Sprintf("%s > %s ttl %s labels %v bottom %v mpls ttl %v", f.src, f.dst, f.ipTTL, f.labels, f.bottoms, f.ttls)
}
