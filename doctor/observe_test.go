package doctor

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pseudowan/status"
)

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestManager(t *testing.T) {
	run := t.TempDir()
	write(t, run+"/NetworkManager/devices/2", "[device]\nmanaged=true\nnm-owned=false\n")
	write(t, run+"/NetworkManager/devices/3", "[device]\nmanaged=false\n")
	write(t, run+"/systemd/netif/links/3", "# private\nADMIN_STATE=configured\n")
	write(t, run+"/systemd/netif/links/4", "ADMIN_STATE=unmanaged\n")
	for index, want := range map[int]string{2: networkManager, 3: networkd, 4: "", 5: ""} {
		if got := manager(run, index); got != want {
			t.Errorf("interface %d: %q, want %q", index, got, want)
		}
	}
}

func TestEntries(t *testing.T) {
	file := filepath.Join(t.TempDir(), "arp_cache")
	write(t, file, "entries  allocs\n00000021 000006a4\n00000021 00000001\n")
	if got := entries(file); got != 0x21 {
		t.Errorf("%d entries", got)
	}
	write(t, file, "entries\n")
	if got := entries(file) + entries(file+"-missing"); got != 0 {
		t.Errorf("%d entries of an empty table", got)
	}
}

func TestReadNumber(t *testing.T) {
	file := filepath.Join(t.TempDir(), "n")
	for text, want := range map[string]uint64{"12\n": 12, "max\n": 0, "": 0, "-1\n": 0} {
		write(t, file, text)
		if got := readNumber(file); got != want {
			t.Errorf("%q: %d", text, got)
		}
	}
}

func TestNotReadyErrorNamesTheRemedy(t *testing.T) {
	o := healthy()
	o.OVS = OVS{Missing: []string{"ovs-vsctl"}}
	err := notReadyError(failures(Judge(o, Need{})))
	want := "Open vSwitch: ovs-vsctl not installed (every router is an Open vSwitch of its own); apt-get install openvswitch-switch"
	if err.Error() != want {
		t.Errorf("%v", err)
	}
}

// CheckBeforeUp observes programs and NICs, and reports what is wrong with them.
func TestCheckBeforeUp(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	_, err := CheckBeforeUp(Need{NICs: []string{"pwt-no-such"}})
	if err == nil || !strings.Contains(err.Error(), "openvswitch-switch") || !strings.Contains(err.Error(), "NIC pwt-no-such") {
		t.Errorf("%v", err)
	}
}

func TestRealServer(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("needs root: network namespaces")
	}
	before, err := os.Readlink("/proc/self/ns/net")
	if err != nil {
		t.Fatal(err)
	}
	o := observe(t.Context(), Need{NICs: []string{"lo"}})
	if !o.Root || o.Kernel.Namespaces != Present || o.Kernel.Veth != Present || o.Kernel.Release == "" {
		t.Errorf("kernel: %+v", o.Kernel)
	}
	if o.Kernel.Dummy == Absent && o.Kernel.IFB == Unknown {
		t.Error("without dummy, ifb was not tried")
	}
	if o.Limits.OpenFiles == 0 || o.Limits.Threads == 0 || o.Limits.MemoryAvailable == 0 || len(o.Disks) != 2 {
		t.Errorf("limits %+v, disks %+v", o.Limits, o.Disks)
	}
	if len(o.OVS.Missing) == 0 && o.OVS.Version == "" {
		t.Error("no version of Open vSwitch")
	}
	expect(t, Judge(o, Need{NICs: []string{"lo"}}), "NIC lo", status.Fail, "loopback")
	if after, err := os.Readlink("/proc/self/ns/net"); after != before {
		t.Errorf("the process has moved to another namespace: %s, %v", after, err)
	}
}

func BenchmarkCheckBeforeUp(b *testing.B) {
	for b.Loop() {
		if _, err := CheckBeforeUp(small()); err != nil {
			b.Skip(err)
		}
	}
}
