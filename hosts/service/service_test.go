package service

import (
	"os"
	"path/filepath"
	"testing"

	"pseudowan/hosts"
)

func TestReadyText(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.log")
	write := func(text string) {
		t.Helper()
		f, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		if _, err := f.WriteString(text); err != nil {
			t.Fatal(err)
		}
	}
	write("it is ready\n") // by an earlier process
	log := newTail(path)
	defer log.close()
	for _, step := range []struct {
		adds string
		has  bool
	}{{"", false}, {"it is re", false}, {"dy, it is", false}, {" read", false}, {"y\n", true}, {"", true}} {
		write(step.adds)
		if got := log.has("is ready"); got != step.has {
			t.Errorf("after %q: %t", step.adds, got)
		}
	}
	rotated := newTail(path)
	defer rotated.close()
	if err := os.Truncate(path, 0); err != nil {
		t.Fatal(err)
	}
	write("up\n")
	if !rotated.has("up") {
		t.Error("not found after a rotation")
	}
}

func TestReadyPort(t *testing.T) {
	const table = `  sl  local_address rem_address   st tx_queue rx_queue
   0: 00000000:0050 00000000:0000 0A 00000000:00000000 00:00000000
   1: 0100007F:1F90 0100007F:0050 01 00000000:00000000 00:00000000
`
	for port, want := range map[int]bool{80: true, 8080: false, 81: false} {
		if got := hasSocket([]byte(table), port, tcpListens); got != want {
			t.Errorf("port %d: %t", port, got)
		}
	}
}

// A policy says which ends are followed by a start; a killed supervisor is missed.
func TestPolicies(t *testing.T) {
	zero, one := 0, 1
	for _, tt := range []struct {
		record   Record
		now      Phase
		orphaned bool
	}{
		{Record{Phase: Ready}, Ended, false},
		{Record{Phase: Ready, Service: Service{Restart: OnFailure}}, Ended, true},
		{Record{Phase: Restarting, Service: Service{Restart: Always}}, Ended, true},
		{Record{Phase: Ended, Code: &zero, Service: Service{Restart: OnFailure}}, Ended, false},
		{Record{Phase: Ended, Code: &one, Service: Service{Restart: OnFailure}}, Ended, true},
		{Record{Phase: Done, Code: &zero, Service: Service{Restart: OnFailure, Once: true}}, Done, false},
		{Record{Phase: Ready, PID: os.Getpid(), Start: hosts.StartTime(os.Getpid())}, Ready, false},
	} {
		if now, orphaned := tt.record.Now(), tt.record.Orphaned(); now != tt.now || orphaned != tt.orphaned {
			t.Errorf("%+v: %s, orphaned %t", tt.record, now, orphaned)
		}
	}
}
