package lab

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"pseudowan/labs/store"
)

const (
	ipxeKernel  = "/usr/lib/ipxe/ipxe.lkrn"
	machineDisk = "disk.img" // beside the file
	machineLab  = `
name: pwt-vm
runtime: netns
routers: {pe1: {as: 65000}, pe2: {as: 65000}}
links: [{ends: [pe1:eth1, pe2:eth1], subnets: [192.168.0.0/30]}]
vrfs: {red: {rts: "1:1"}}
segments: {lan: {to: pe1, vrf: red, subnets: [10.1.0.0/24]}}
hosts:
  guest: {runtime: vm, to: lan, mac: "52:54:00:00:00:09", kernel: ` + ipxeKernel + `, image: ` + machineDisk + `, memory: 64M,
    append: "ifopen net0 && set net0/ip 10.1.0.9 && set net0/netmask 255.255.255.0 && set net0/gateway 10.1.0.1 && echo the guest is ready && shell"}
  near: {to: lan, addresses: [10.1.0.2/24]}
  far: {to: pe2, vrf: red, addresses: [10.2.0.2/24]}
expect: [near -> 10.1.0.9, far -> 10.1.0.9]
`
)

// A virtual machine is on a segment with its own MAC address and answers across the
// core; its serial console is its log and can be typed at; it ends and starts with the
// lab, and becomes a namespace when the file says so.
func TestRealVirtualMachine(t *testing.T) {
	needMachines(t, ipxeKernel)
	l := machineLabWithDisk(t)
	l.up(t)
	l.awaitGuest(t)
	l.ownOverlay(t)
	l.mustExec(t, "near", "ping", "-n", "-c", "1", "-W", "5", "10.1.0.9")
	if out := l.mustExec(t, "near", "ip", "neighbour", "show", "10.1.0.9"); !strings.Contains(out, "52:54:00:00:00:09") {
		t.Errorf("the guest has another MAC address:\n%s", out)
	}
	must(t, "verify", l.name)
	if log := must(t, "logs", "--lab", l.name, "guest"); !strings.Contains(log, "the guest is ready") {
		t.Errorf("the log is not the console's:\n%s", log)
	}
	l.typeAtConsole(t, "ifstat\r", "net0: 52:54:00:00:00:09")
	if r := l.exec("guest", "id"); r.code == 0 || !strings.Contains(r.stderr, "exec -it guest") {
		t.Errorf("a command inside: code %d, %s", r.code, r.stderr)
	}

	emulators := l.emulators(t)
	command("kill", "-9", fmt.Sprint(l.pidOf(t, "guest")))
	eventually(t, 20*time.Second, func() error {
		if pid := l.pidOf(t, "guest"); pid != 0 {
			return fmt.Errorf("ps knows process %d of a machine that was killed", pid)
		}
		return nil
	})
	l.up(t)
	l.awaitGuest(t)
	// The QEMU of the attendant that was killed has been replaced, not kept.
	if now := l.emulators(t); len(emulators) != 1 || len(now) != 1 || now[0] == emulators[0] {
		t.Errorf("QEMU runs as %v, before the attendant was killed as %v", now, emulators)
	}
	l.apply(t, strings.Replace(machineLab, "memory: 64M", "memory: 72M", 1))
	l.awaitGuest(t)
	l.refusedByQEMU(t)

	l.apply(t, strings.Replace(machineLab, machineLab[strings.Index(machineLab, "  guest:"):strings.Index(machineLab, "  near:")],
		"  guest: {to: lan, mac: \"52:54:00:00:00:09\", addresses: [10.1.0.9/24]}\n", 1))
	must(t, "verify", l.name)
	l.mustExec(t, "guest", "ping", "-n", "-c", "1", "-W", "5", "10.2.0.2")
	l.apply(t, machineLab)
	l.awaitGuest(t)
	pid := l.pidOf(t, "guest")
	must(t, "down", l.name)
	if _, err := os.Stat(fmt.Sprintf("/proc/%d", pid)); err == nil {
		t.Errorf("process %d of the machine outlives the lab", pid)
	}
	if _, err := os.Stat(filepath.Join(store.StateRoot, l.name)); err == nil {
		t.Errorf("%s is left", filepath.Join(store.StateRoot, l.name))
	}
}

// machineLabWithDisk writes the lab, and a link to its disk, which is in a directory of
// the server that the guest's namespace covers with its own.
func machineLabWithDisk(t *testing.T) lab {
	t.Helper()
	beside, err := os.MkdirTemp("/var/tmp", "pwt-vm-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(beside) })
	disk := filepath.Join(t.TempDir(), "octets")
	if err := errors.Join(os.WriteFile(disk, make([]byte, 1<<20), 0o600), os.Symlink(disk, filepath.Join(beside, machineDisk))); err != nil {
		t.Fatal(err)
	}
	return fromText(t, beside, "pwt-vm", machineLab)
}

// ownOverlay checks that what the guest writes to its disk is in a directory of the
// lab, and that a disk that names other files of the server is refused.
func (l lab) ownOverlay(t *testing.T) {
	t.Helper()
	pids := l.emulators(t)
	if len(pids) != 1 {
		t.Fatalf("QEMU runs as %v", pids)
	}
	its, err := os.Stat("/proc/" + pids[0] + "/root/var/tmp")
	if err != nil {
		t.Fatal(err)
	}
	own, err := os.Stat(filepath.Join(store.StateRoot, l.name, "keep/guest/var/tmp"))
	if err != nil || !os.SameFile(its, own) {
		t.Errorf("QEMU has the server's /var/tmp, or another: %v", err)
	}
	if r := command("nsenter", "--mount=/proc/"+pids[0]+"/ns/mnt", "--", "ls", "-l", "/proc/"+pids[0]+"/fd"); !strings.Contains(r.stdout, " /var/tmp/vl.") {
		t.Errorf("QEMU has no file in /var/tmp:\n%s%s", r.stdout, r.stderr)
	}
	header := make([]byte, 104)
	copy(header, "QFI\xfb\x00\x00\x00\x03")
	header[15] = 104 // the offset of the backing file's name
	file := filepath.Join(filepath.Dir(l.file), "backed.qcow2")
	if err := os.WriteFile(file, header, 0o600); err != nil {
		t.Fatal(err)
	}
	backed := lab{l.name, filepath.Join(filepath.Dir(l.file), "backed.yaml")}
	backed.write(t, strings.Replace(machineLab, machineDisk, "backed.qcow2", 1))
	if r := pseudowan("up", backed.file); r.code == 0 || !strings.Contains(r.stderr, file+" has a backing file") {
		t.Errorf("a disk with a backing file: code %d, %s", r.code, r.stderr)
	}
}

// refusedByQEMU checks that up of a machine that QEMU does not start fails, and says why.
func (l lab) refusedByQEMU(t *testing.T) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(filepath.Dir(l.file), "not.qcow2"), []byte("no disk"), 0o600); err != nil {
		t.Fatal(err)
	}
	l.write(t, strings.Replace(machineLab, machineDisk, "not.qcow2", 1))
	if r := pseudowan("up", l.file); r.code == 0 || !strings.Contains(r.stderr, "host guest: its virtual machine has ended") || !strings.Contains(r.stderr, "qcow2") {
		t.Errorf("up of a machine that QEMU refuses: code %d, %s", r.code, r.stderr)
	}
}

// needMachines skips the test if there are no virtual machines or what they start.
func needMachines(t *testing.T, files ...string) {
	t.Helper()
	if _, err := exec.LookPath("qemu-system-x86_64"); err != nil {
		t.Skip("needs QEMU (package qemu-system-x86)")
	}
	for _, file := range files {
		if _, err := os.Stat(file); err != nil {
			t.Skipf("needs %s (packages ipxe, ovmf)", file)
		}
	}
}

// awaitGuest waits until the guest answers from the other site.
func (l lab) awaitGuest(t *testing.T) {
	t.Helper()
	eventually(t, 90*time.Second, func() error {
		if r := l.exec("far", "ping", "-n", "-c", "1", "-W", "2", "10.1.0.9"); r.code != 0 {
			return fmt.Errorf("the guest does not answer:\n%s\n%s", r.stdout, pseudowan("logs", "--lab", l.name, "guest").stdout)
		}
		return nil
	})
}

// typeAtConsole types at a machine's console until it says something.
func (l lab) typeAtConsole(t *testing.T, text, want string) {
	t.Helper()
	eventually(t, 60*time.Second, func() error {
		r := command("sh", "-c", `(printf "$1"; sleep 1) | "$0" exec --lab `+l.name+` -it guest`, program, text)
		if !strings.Contains(r.stdout, want) {
			return fmt.Errorf("typed %q, got %q, %s", text, r.stdout, r.stderr)
		}
		return nil
	})
}

// pidOf returns the process of a host's own command, 0 if none runs.
func (l lab) pidOf(t *testing.T, node string) int {
	t.Helper()
	for _, n := range nodes(t, l) {
		if n.Node == node {
			return n.PID
		}
	}
	return 0
}

// emulators returns the processes of QEMU that run the lab's guest.
func (l lab) emulators(t *testing.T) (pids []string) {
	t.Helper()
	all, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Fatal(err)
	}
	guest, err := os.Stat(l.netns("guest"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range all {
		// The supervisor and the attendant have QEMU's command line behind their own.
		argv, _ := os.ReadFile(file) // it may have ended
		dir := filepath.Dir(file)
		space, _ := os.Stat(filepath.Join(dir, "ns/net"))
		if strings.HasPrefix(string(argv), "qemu-system-x86_64\x00-name\x00guest\x00") && os.SameFile(space, guest) {
			pids = append(pids, filepath.Base(dir))
		}
	}
	return pids
}
