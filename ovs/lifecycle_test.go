package ovs

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func TestRealStartLeavesNothing(t *testing.T) {
	needsRoot(t)
	t.Parallel()
	ns := newNamespace(t)
	s := startSwitch(t, ns, Config{})
	check(t, s.ApplyBridge(t.Context(), Bridge{Ports: []Port{{Number: 2, Name: "i2", Internal: true}}}))
	info, err := os.Stat(s.cfg.Dir)
	check(t, err)
	if info.Mode().Perm() != 0o700 {
		t.Errorf("run directory has mode %v", info.Mode())
	}
	for _, file := range []string{"tcp", "tcp6", "udp", "udp6"} {
		var table []byte
		check(t, ns.do(func() (err error) {
			table, err = os.ReadFile("/proc/thread-self/net/" + file)
			return err
		}))
		if lines := strings.Split(strings.TrimSpace(string(table)), "\n"); len(lines) != 1 {
			t.Errorf("sockets in %s: %v", file, lines[1:])
		}
	}
	for _, args := range [][]string{{"ovs-vsctl", "show"}, {"ovs-ofctl", "dump-flows", "br0"}, {"ovs-appctl", "version"}} {
		if _, err := s.daemons.tools.run(t.Context(), nil, args[0], args[1:]...); err != nil {
			t.Errorf("%s with OVS_RUNDIR: %v", args, err)
		}
	}

	check(t, s.Stop(t.Context()))
	check(t, s.Stop(t.Context()))
	<-s.Done()
	check(t, s.Err())
	links, err := ns.links.LinkList()
	check(t, err)
	for _, l := range links {
		if name := l.Attrs().Name; name != "lo" {
			t.Errorf("interface after the end: %s", name)
		}
	}
	if left := files(t, s.cfg.Dir); !slices.Equal(left, []string{"ovs-vswitchd.log", "ovsdb-server.log"}) {
		t.Errorf("files after the end: %v", left)
	}
}

func files(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	check(t, err)
	names := make([]string, 0, len(entries))
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

func TestRealChannelIsMadeAgain(t *testing.T) {
	needsRoot(t)
	t.Parallel()
	ns := newNamespace(t)
	s := startSwitch(t, ns, Config{})
	// A daemon that has not seen the identifier before it is restored keeps the
	// connection.
	var fault error
	eventually(t, "the connection is cut", func() bool {
		_, err := s.daemons.tools.vsctl(t.Context(), "set", "bridge", "br0", "other_config:datapath-id=00000000000000aa")
		check(t, err)
		select {
		case fault = <-s.Faults():
			return true
		case <-time.After(time.Second):
			return false
		}
	})
	if want := "the switch closed the connection"; !strings.Contains(fault.Error(), want) {
		t.Errorf("fault: %v, want %s", fault, want)
	}
	select {
	case err := <-s.Faults():
		if want := "reconnected"; !strings.Contains(err.Error(), want) {
			t.Errorf("fault: %v, want %s", err, want)
		}
	case <-time.After(patience):
		t.Fatal("not reconnected")
	}
	// The identifier is restored, which cuts the connection once more.
	eventually(t, "the connection serves", func() bool {
		_, err := s.PortStats(t.Context())
		return err == nil
	})
}

// runDir is a directory short enough for sockets.
func runDir(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "pwt-ovs-")
	check(t, err)
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

func TestRealStartFails(t *testing.T) {
	needsRoot(t)
	t.Parallel()
	ns := newNamespace(t)
	for name, c := range map[string]struct {
		cfg  Config
		want string
	}{
		"datapath": {Config{Dir: runDir(t), Datapath: "dpdk"}, `datapath "dpdk"`},
		"bridge":   {Config{Dir: runDir(t), Bridge: "a/b"}, `bridge name "a/b"`},
		"long":     {Config{Dir: filepath.Join(runDir(t), strings.Repeat("x", 80))}, "octets"},
	} {
		err := ns.do(func() error { _, err := Start(t.Context(), c.cfg); return err })
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %s", name, err, c.want)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	dir := runDir(t)
	err := ns.do(func() error { _, err := Start(ctx, Config{Dir: dir}); return err })
	if !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	for _, pid := range daemonsOf(t, dir) {
		t.Errorf("process %d is left of a failed start", pid)
	}
}

// daemonsOf finds the processes that run for a run directory.
func daemonsOf(t *testing.T, dir string) []int {
	t.Helper()
	var pids []int
	entries, err := os.ReadDir("/proc")
	check(t, err)
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		// A process that has ended meanwhile has no command line.
		cmdline, _ := os.ReadFile(filepath.Join("/proc", e.Name(), "cmdline"))
		if strings.Contains(string(cmdline), dir+"/") && strings.HasPrefix(string(cmdline), "ovs") {
			pids = append(pids, pid)
		}
	}
	return pids
}

const victimEnv = "PWT_OVS_VICTIM_DIR"

// TestMain is also the process that starts a switch and is killed.
func TestMain(m *testing.M) {
	if dir := os.Getenv(victimEnv); dir != "" {
		if err := victim(dir); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		fmt.Println("started")
		select {}
	}
	os.Exit(m.Run())
}

func TestRealLeftoversAreEnded(t *testing.T) {
	needsRoot(t)
	t.Parallel()
	ns := newNamespace(t)
	dir := runDir(t)
	check(t, createDatabase(filepath.Join(dir, databaseFile)))
	leftover := exec.Command(databaseServer, filepath.Join(dir, databaseFile),
		"--pidfile="+filepath.Join(dir, databaseServer+".pid"), "--unixctl="+filepath.Join(dir, "x.ctl"))
	check(t, ns.do(leftover.Start))
	ended := make(chan error, 1)
	go func() { ended <- leftover.Wait() }()
	eventually(t, "the leftover has written its pid", func() bool {
		pid, err := readPID(filepath.Join(dir, databaseServer+".pid"))
		return err == nil && pid == leftover.Process.Pid
	})

	// The other pid file names an unrelated process.
	stranger := exec.Command("sleep", "600")
	check(t, ns.do(stranger.Start))
	t.Cleanup(func() { _ = stranger.Process.Kill(); _ = stranger.Wait() })
	check(t, os.WriteFile(filepath.Join(dir, switchDaemon+".pid"), []byte(strconv.Itoa(stranger.Process.Pid)), 0o600))

	check(t, ns.do(func() error { return endLeftovers(t.Context(), dir) }))
	if err := <-ended; err == nil || err.Error() != "signal: killed" {
		t.Errorf("leftover: %v", err)
	}
	check(t, unix.Kill(stranger.Process.Pid, syscall.Signal(0)))

	// The same program in the same directory, in another namespace.
	check(t, createDatabase(filepath.Join(dir, databaseFile)))
	foreign := exec.Command(databaseServer, leftover.Args[1:]...)
	check(t, newNamespace(t).do(foreign.Start))
	t.Cleanup(func() { _ = foreign.Process.Kill(); _ = foreign.Wait() })
	if isDaemon(foreign.Process.Pid, databaseServer, dir) {
		t.Error("a daemon in another namespace is mistaken for ours")
	}
}
