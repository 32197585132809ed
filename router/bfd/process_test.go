package bfd

import (
	"context"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// asProcess has the test program be the process of BFD.
const asProcess = "PSEUDOWAN_TEST_BFD"

func TestMain(m *testing.M) {
	if os.Getenv(asProcess) == "" {
		os.Exit(m.Run())
	}
	if err := Serve(context.Background(), os.Stdin, slog.New(slog.DiscardHandler)); err != nil {
		os.Exit(1)
	}
}

// runProcess returns one that runs until the test ends.
func runProcess(t *testing.T) *Process {
	t.Setenv(asProcess, "yes")
	p := NewProcess([]string{"/proc/self/exe"}, slog.New(slog.DiscardHandler))
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		p.Run(ctx)
		close(ended)
	}()
	t.Cleanup(func() {
		cancel()
		<-ended
		if left := children(t); len(left) > 0 {
			t.Errorf("processes %v are left", left)
		}
	})
	return p
}

// eachOther are two sessions which are each other's peers.
func eachOther() []Config {
	a, b := netip.MustParseAddr("127.77.0.1"), netip.MustParseAddr("127.77.0.2")
	every := Config{MinTx: 20 * time.Millisecond, MinRx: 20 * time.Millisecond, Multiplier: 3}
	there, back := every, every
	there.Key, back.Key = Key{a, b, true}, Key{b, a, true}
	return []Config{there, back}
}

// expect waits until both sessions have come to a state.
func (p *Process) expect(t *testing.T, to State) (last []Change) {
	t.Helper()
	for timeout := time.After(20 * time.Second); len(last) < 2; {
		select {
		case changes := <-p.Changes():
			for _, c := range changes {
				if c.To == to {
					last = append(last, c)
				}
			}
		case <-timeout:
			t.Fatalf("no two sessions are %s: %v", to, last)
		}
	}
	return last
}

// children lists the processes that this one has started.
func children(t *testing.T) (pids []int) {
	t.Helper()
	tasks, err := filepath.Glob("/proc/self/task/*/children")
	if err != nil {
		t.Fatal(err)
	}
	for _, task := range tasks {
		data, _ := os.ReadFile(task)
		for _, field := range strings.Fields(string(data)) {
			if pid, err := strconv.Atoi(field); err == nil {
				pids = append(pids, pid)
			}
		}
	}
	return pids
}

// Sessions live in a process of its own, which is started again if it is killed, and ends
// when there are none.
func TestProcess(t *testing.T) {
	p := runProcess(t)
	if pids := children(t); len(pids) > 0 {
		t.Fatalf("processes %v run without sessions", pids)
	}
	p.Configure(t.Context(), eachOther())
	p.expect(t, Up)
	list := p.Sessions(t.Context())
	if len(list) != 2 || list[0].State != Up || list[0].Packets.Sent == 0 || !list[0].Key.Local.IsLoopback() {
		t.Errorf("the sessions are %+v", list)
	}
	pids := children(t)
	if len(pids) != 1 {
		t.Fatalf("the processes are %v", pids)
	}
	if err := syscall.Kill(pids[0], syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	p.expect(t, Up)
	if now := children(t); len(now) != 1 || now[0] == pids[0] {
		t.Errorf("the processes are %v, of which %v was killed", now, pids)
	}
	p.Configure(t.Context(), nil)
	for _, c := range p.expect(t, AdminDown) {
		if !c.Ordered {
			t.Errorf("%+v is not on purpose", c)
		}
	}
	for began := time.Now(); len(children(t)) > 0; time.Sleep(10 * time.Millisecond) {
		if time.Since(began) > 10*time.Second {
			t.Fatal("the process does not end")
		}
	}
	p.Configure(t.Context(), eachOther())
	p.expect(t, Up)
}

// A process whose other end is gone ends, and tells the peers.
func TestProcessAlone(t *testing.T) {
	p := NewProcess([]string{"/proc/self/exe"}, slog.New(slog.DiscardHandler))
	t.Setenv(asProcess, "yes")
	cmd, client, err := p.start()
	if err != nil {
		t.Fatal(err)
	}
	if err := call(t.Context(), client, "Configure", eachOther(), nil); err != nil {
		t.Fatal(err)
	}
	if err := client.Close(); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
}
