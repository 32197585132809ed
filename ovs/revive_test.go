package ovs

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"pseudowan/ovs/pipeline"
)

// through is two hosts on the ports of a switch that sends everything from one
// to the other.
type through struct {
	*Switch
	ns     *namespace
	hosts  [2]*namespace
	mended mendings
}

// mendings is what a switch has repaired.
type mendings struct {
	mu   sync.Mutex
	list []string
}

func (m *mendings) add(what string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.list = append(m.list, what)
}

func (m *mendings) has(what string) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.ContainsFunc(m.list, func(s string) bool { return strings.Contains(s, what) })
}

func throughFlows() []pipeline.Flow {
	cookie := func(id uint64) pipeline.Cookie { return pipeline.NewCookie(pipeline.KindBase, 0, id) }
	return []pipeline.Flow{
		{Table: 0, Priority: 10, Cookie: cookie(1), Match: "in_port=1", Actions: "output:2"},
		{Table: 0, Priority: 10, Cookie: cookie(2), Match: "in_port=2", Actions: "output:1"},
	}
}

func throughPorts() Bridge {
	return Bridge{Ports: []Port{{Number: 1, Name: "w1"}, {Number: 2, Name: "w2"}, {Number: 3, Name: "i3", Internal: true}}}
}

func newThrough(t *testing.T) *through {
	t.Helper()
	n := &through{ns: newNamespace(t)}
	for i := range n.hosts {
		n.hosts[i] = newNamespace(t)
		wire(t, n.ns, fmt.Sprintf("w%d", i+1), fmt.Sprintf("02:00:00:00:01:%02d", i), n.hosts[i], "eth0", fmt.Sprintf("02:00:00:00:02:%02d", i), 1500)
		n.hosts[i].address(t, "eth0", fmt.Sprintf("10.0.0.%d/24", i+1))
	}
	n.Switch = startSwitch(t, n.ns, Config{Mended: n.mended.add})
	check(t, n.ApplyBridge(t.Context(), throughPorts()))
	check(t, n.SetMeters(t.Context(), Meter{ID: 7, Rate: 100, Burst: 100}))
	check(t, n.Commit(t.Context(), throughFlows(), nil))
	n.passes(t)
	return n
}

func (n *through) passes(t *testing.T) {
	t.Helper()
	eventually(t, "packets pass", func() bool {
		_, err := n.hosts[0].run("ping", "-c", "1", "-W", "1", "10.0.0.2")
		return err == nil
	})
}

// A daemon that is killed or hangs is replaced, with all ports, meters and flows.
func TestRealDaemonsAreReplaced(t *testing.T) {
	needsRoot(t)
	t.Parallel()
	n := newThrough(t)
	for _, signal := range []unix.Signal{unix.SIGKILL, unix.SIGSTOP} {
		for name, running := range map[string]func() *daemon{switchDaemon: n.daemons.vswitchd, databaseServer: n.daemons.database} {
			before := running()
			before.signal(signal)
			eventually(t, fmt.Sprintf("%s is replaced after %v", name, signal), func() bool { return running() != before })
			n.passes(t)
			check(t, n.ApplyBridge(t.Context(), throughPorts()))
			if diff, err := n.Correct(t.Context(), throughFlows()); err != nil || diff != 0 {
				t.Errorf("%s was replaced: %d flows differ, %v", name, diff, err)
			}
			out, err := n.daemons.tools.run(t.Context(), nil, "ovs-ofctl", "-O", "OpenFlow13", "dump-meters", "br0")
			check(t, err)
			if !strings.Contains(string(out), "meter=7 ") {
				t.Errorf("%s was replaced; the meters are\n%s", name, out)
			}
			if !n.mended.has("restarted " + name) {
				t.Errorf("the replacement of %s was not reported", name)
			}
		}
	}
	if n := len(daemonsOf(t, n.cfg.Dir)); n != 2 {
		t.Errorf("%d daemons run, want 2", n)
	}
}

// What is programmed while a daemon is away takes effect when it is back.
func TestRealChangesOutliveADaemon(t *testing.T) {
	needsRoot(t)
	t.Parallel()
	n := newThrough(t)
	flows := throughFlows()
	for i := range 40 {
		if i%10 == 5 {
			n.daemons.vswitchd().signal(unix.SIGKILL)
		}
		if i%10 == 9 {
			n.daemons.database().signal(unix.SIGKILL)
		}
		f := pipeline.Flow{
			Table: 20, Priority: 5, Cookie: pipeline.NewCookie(pipeline.KindRoute, 0, uint64(i+1)),
			Match: fmt.Sprintf("ip,nw_dst=10.9.%d.0/24", i), Actions: "drop",
		}
		check(t, n.Commit(t.Context(), []pipeline.Flow{f}, nil))
		if flows = append(flows, f); i%3 == 0 {
			flows = flows[:len(flows)-1]
			check(t, n.Commit(t.Context(), nil, []pipeline.Flow{f}))
		}
		check(t, n.ApplyBridge(t.Context(), throughPorts()))
	}
	if diff, err := n.Correct(t.Context(), flows); err != nil || diff != 0 {
		t.Errorf("%d flows differ, %v", diff, err)
	}
	n.passes(t)
}

// Whatever others do to the bridge is undone at once.
func TestRealBridgeHeals(t *testing.T) {
	needsRoot(t)
	t.Parallel()
	n := newThrough(t)
	tool := func(args ...string) string {
		out, err := n.daemons.tools.run(t.Context(), nil, args[0], args[1:]...)
		check(t, err)
		return string(out)
	}
	for _, ruin := range []struct {
		told    string
		do      func()
		rebuilt bool
	}{
		{told: "settings", do: func() { tool("ovs-vsctl", "remove", "bridge", "br0", "fail_mode", "secure") }},
		{told: "settings", do: func() { tool("ovs-vsctl", "set-fail-mode", "br0", "standalone") }},
		{told: "settings", do: func() { tool("ovs-vsctl", "set-controller", "br0", "ptcp:6653:127.0.0.1") }},
		{told: "settings", do: func() { tool("ovs-vsctl", "set", "bridge", "br0", "protocols=OpenFlow10") }},
		{told: "port w1", do: func() { tool("ovs-vsctl", "del-port", "w1") }},
		{told: "port i3", do: func() { tool("ovs-vsctl", "del-port", "i3") }, rebuilt: true},
		{told: "restored br0", do: func() { tool("ovs-vsctl", "del-br", "br0") }, rebuilt: true},
		{told: "restarted " + databaseServer, do: func() { check(t, os.Remove(filepath.Join(n.cfg.Dir, databaseSocket))) }},
		{told: "restarted " + switchDaemon, do: func() { check(t, os.Remove(n.daemons.managementSocket())) }},
	} {
		n.mended.mu.Lock()
		n.mended.list = nil
		n.mended.mu.Unlock()
		select {
		case <-n.Rebuilt():
		default:
		}
		ruin.do()
		eventually(t, "told: "+ruin.told, func() bool { return n.mended.has(ruin.told) })
		if ruin.rebuilt {
			<-n.Rebuilt()
		}
		n.passes(t)
		if mode := strings.TrimSpace(tool("ovs-vsctl", "get-fail-mode", "br0")); mode != "secure" {
			t.Errorf("%s: fail_mode is %q", ruin.told, mode)
		}
		if c := strings.TrimSpace(tool("ovs-vsctl", "get-controller", "br0")); c != "" {
			t.Errorf("%s: controller %q", ruin.told, c)
		}
		if diff, err := n.Correct(t.Context(), throughFlows()); err != nil || diff != 0 {
			t.Errorf("%s: %d flows differ, %v", ruin.told, diff, err)
		}
	}
}

// The flow by which a bridge without fail_mode=secure switches packets is never
// reached.
func TestRealStandaloneBridgesNothing(t *testing.T) {
	needsRoot(t)
	t.Parallel()
	n := newThrough(t)
	flows := pipeline.Base{}.Flows()
	_, err := n.Correct(t.Context(), flows)
	check(t, err)
	normal := pipeline.Flow{Table: 0, Priority: 0, Actions: "output:4294967290" /* NORMAL */}
	check(t, n.Commit(t.Context(), []pipeline.Flow{normal}, nil))
	if _, err := n.hosts[0].run("ping", "-c", "2", "-i", "0.2", "-W", "1", "10.0.0.2"); err == nil {
		t.Error("packets pass although no port is programmed")
	}
}

// victim starts a switch in a process that will be killed.
func victim(dir string) error {
	s, err := Start(context.Background(), Config{Dir: dir, Datapath: Datapath(os.Getenv(datapathEnv)), ExternalIDs: map[string]string{"of": "test"}})
	if err != nil {
		return err
	}
	if s.Adopted() {
		return errors.New("adopted")
	}
	if err := s.ApplyBridge(context.Background(), throughPorts()); err != nil {
		return err
	}
	return s.Commit(context.Background(), throughFlows(), nil)
}

// A switch survives the process that started it. The next one adopts it,
// whichever of its daemons are missing, or starts a new one if none can be kept.
func TestRealSwitchOutlivesItsProcess(t *testing.T) {
	needsRoot(t)
	t.Parallel()
	ns, dir := newNamespace(t), runDir(t)
	var hosts [2]*namespace
	for i := range hosts {
		hosts[i] = newNamespace(t)
		wire(t, ns, fmt.Sprintf("w%d", i+1), fmt.Sprintf("02:00:00:00:01:%02d", i), hosts[i], "eth0", fmt.Sprintf("02:00:00:00:02:%02d", i), 1500)
		hosts[i].address(t, "eth0", fmt.Sprintf("10.0.0.%d/24", i+1))
	}
	self, err := os.Executable()
	check(t, err)
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), victimEnv+"="+dir)
	out, err := cmd.StdoutPipe()
	check(t, err)
	check(t, ns.do(cmd.Start))
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil || line != "started\n" {
		t.Fatalf("victim prints %q, %v", line, err)
	}
	check(t, cmd.Process.Kill())
	_ = cmd.Wait() // says "killed"
	passes := func() bool {
		_, err := hosts[0].run("ping", "-c", "1", "-W", "1", "10.0.0.2")
		return err == nil
	}
	eventually(t, "packets pass without the process", passes)

	start := func(mark string) *Switch {
		t.Helper()
		var s *Switch
		check(t, ns.do(func() (err error) {
			s, err = Start(t.Context(), Config{Dir: dir, Datapath: Datapath(os.Getenv(datapathEnv)), ExternalIDs: map[string]string{"of": mark}})
			return err
		}))
		return s
	}
	kill := func(name string, signal unix.Signal) {
		t.Helper()
		var pid, fd int
		err := ns.do(func() (err error) { pid, fd, err = openDaemon(dir, name); return err })
		if err != nil || pid == 0 {
			t.Fatalf("%s: pid %d, %v", name, pid, err)
		}
		defer unix.Close(fd)
		check(t, unix.PidfdSendSignal(fd, signal, nil, 0))
		if signal == unix.SIGKILL {
			check(t, awaitExit(t.Context(), fd))
		}
	}
	for _, c := range []struct {
		what string
		ruin func()
		mark string
		want bool
	}{
		{"as it was", func() {}, "test", true},
		{"without ovsdb-server", func() { kill(databaseServer, unix.SIGKILL) }, "test", true},
		{"ovsdb-server stopped", func() { kill(databaseServer, unix.SIGSTOP) }, "test", true},
		{"ovs-vswitchd stopped", func() { kill(switchDaemon, unix.SIGSTOP) }, "test", true},
		{"without db.sock", func() { check(t, os.Remove(filepath.Join(dir, databaseSocket))) }, "test", true},
		{"with another mark", func() {}, "other", false},
		{"without ovs-vswitchd", func() { kill(switchDaemon, unix.SIGKILL) }, "other", false},
		{"without br0.mgmt", func() { check(t, os.Remove(filepath.Join(dir, "br0.mgmt"))) }, "other", false},
	} {
		c.ruin()
		s := start(c.mark)
		if s.Adopted() != c.want {
			t.Fatalf("%s: adopted: %t", c.what, s.Adopted())
		}
		if n := len(s.Inherited()); c.want && n != 2 {
			t.Errorf("%s: %d flows are inherited", c.what, n)
		}
		check(t, s.ApplyBridge(t.Context(), throughPorts()))
		if c.want { // what was inherited also survives ovs-vswitchd
			before := s.daemons.vswitchd()
			before.signal(unix.SIGKILL)
			eventually(t, "ovs-vswitchd is replaced", func() bool { return s.daemons.vswitchd() != before && !s.daemons.vswitchd().gone() })
		} else {
			check(t, s.Commit(t.Context(), throughFlows(), nil))
		}
		eventually(t, c.what+": packets pass", passes)
		s.Leave()
		if n := len(daemonsOf(t, dir)); n != 2 {
			t.Errorf("%s: %d daemons run, want 2", c.what, n)
		}
	}
	check(t, start("other").Stop(t.Context()))
	if left := daemonsOf(t, dir); len(left) > 0 {
		t.Errorf("processes %v are left", left)
	}
}

// Nothing is lost while ovsdb-server is replaced, and less than 300 ms while
// ovs-vswitchd is. The best of some attempts counts, as the machine may be busy.
func TestRealOutageOfADaemon(t *testing.T) {
	needsRoot(t)
	n := newThrough(t)
	for _, c := range []struct {
		name    string
		running func() *daemon
		limit   int
	}{{databaseServer, n.daemons.database, 0}, {switchDaemon, n.daemons.vswitchd, 30}} {
		best := 400
		for range 5 {
			best = min(best, n.lostWhile(t, func() { c.running().signal(unix.SIGKILL) }))
			if best <= c.limit {
				break
			}
		}
		t.Logf("%s is killed: %d of 400 packets, one every 10 ms, are lost", c.name, best)
		if best > c.limit {
			t.Errorf("%s is killed: %d packets are lost, want at most %d", c.name, best, c.limit)
		}
	}
}

// lostWhile counts how many of 400 datagrams, sent one every 10 ms, do not
// arrive. Unlike ping, it counts late ones as received.
func (n *through) lostWhile(t *testing.T, ruin func()) int {
	t.Helper()
	var in, out net.PacketConn
	check(t, n.hosts[1].do(func() (err error) { in, err = net.ListenPacket("udp", "10.0.0.2:7"); return err }))
	check(t, n.hosts[0].do(func() (err error) { out, err = net.ListenPacket("udp", "10.0.0.1:7"); return err }))
	defer out.Close()
	// Nothing fills in the checksums of what leaves a veth with offload.
	raw, err := out.(*net.UDPConn).SyscallConn()
	check(t, err)
	check(t, raw.Control(func(fd uintptr) { err = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_NO_CHECK, 1) }))
	check(t, err)
	got := make(chan int)
	go func() {
		count, b := 0, make([]byte, 16)
		for {
			if _, _, err := in.ReadFrom(b); err != nil {
				got <- count
				return
			}
			count++
		}
	}()
	const packets = 400
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for i := range packets {
		<-tick.C
		if i == 50 {
			ruin()
		}
		_, err := out.WriteTo([]byte("x"), &net.UDPAddr{IP: net.IPv4(10, 0, 0, 2), Port: 7})
		check(t, err)
	}
	check(t, in.SetReadDeadline(time.Now().Add(2*time.Second)))
	defer in.Close()
	return packets - <-got
}
