package vm

import (
	"bytes"
	"io"
	"net"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pseudowan/hosts"
)

func TestArguments(t *testing.T) {
	nics := []hosts.MachineNIC{{Interface: "eth0", MAC: "52:54:00:00:00:01", MTU: 1500}, {Interface: "wan", MAC: "52:54:00:00:00:02", MTU: 9000}}
	for name, tt := range map[string]struct {
		machine       hosts.Machine
		want, without []string
	}{
		"kernel": {
			hosts.Machine{Kernel: "/boot/k", Rootfs: "/tmp/r", Append: "console=ttyS0 quiet"},
			[]string{"-kernel /boot/k", "-initrd /proc/1/root/tmp/r", "-append console=ttyS0 quiet", "fd=4", "mac=52:54:00:00:00:02,host_mtu=9000,bootindex=2,romfile="},
			[]string{"-drive", "-bios"},
		},
		"disk":    {hosts.Machine{Image: "/srv/a,b.qcow2"}, []string{"file=/srv/a,,b.qcow2,if=virtio,format=qcow2,snapshot=on", "romfile="}, []string{"-kernel"}},
		"raw":     {hosts.Machine{Image: "/srv/d.img"}, []string{"format=raw,snapshot=on"}, nil},
		"cdrom":   {hosts.Machine{Image: "/srv/d.iso"}, []string{"media=cdrom,format=raw,readonly=on"}, nil},
		"network": {hosts.Machine{}, []string{"bootindex=1", "-m 256M", "-smp 1"}, []string{"romfile=", "-kernel", "-drive"}},
	} {
		tt.machine.NICs = nics
		argv, err := arguments(hosts.Spec{Node: "guest", Machine: &tt.machine})
		if err != nil {
			t.Fatal(err)
		}
		line := strings.Join(argv, " ")
		for _, want := range append(tt.want, "-runas nobody", "-sandbox on", "-nodefaults") {
			if !strings.Contains(line, want) {
				t.Errorf("%s: no %q in %s", name, want, line)
			}
		}
		for _, not := range tt.without {
			if strings.Contains(line, not) {
				t.Errorf("%s: %q in %s", name, not, line)
			}
		}
	}
	got, argv, err := readNICs(slices.Concat(nicFlags(nics), []string{"--", "qemu", "-x"}))
	if diff := cmp.Diff(nics, got); diff != "" || err != nil || len(argv) != 2 {
		t.Errorf("NICs read back: %v, %q\n%s", err, argv, diff)
	}
	for _, bad := range [][]string{{}, {"--"}, {"-nic", "eth0"}, {"-nic", "eth0", "--", "qemu"}, {"-nic", "eth0,m,x", "--", "qemu"}} {
		if _, _, err := readNICs(bad); err == nil {
			t.Errorf("%q is accepted", bad)
		}
	}
}

// Whoever attaches to a console gets what was last written and what follows; one that
// does not read holds up nobody.
func TestConsole(t *testing.T) {
	var typed bytes.Buffer
	in, machine := io.Pipe()
	done := make(chan struct{})
	go func() { _, _ = io.Copy(&typed, in); close(done) }()
	c := &console{in: machine, log: io.Discard}
	_, _ = c.Write([]byte("login: "))
	ours, theirs := net.Pipe()
	_, stuck := net.Pipe()
	go c.serve(stuck)
	go c.serve(theirs)
	buf := make([]byte, 64)
	n, err := ours.Read(buf)
	if err != nil || string(buf[:n]) != "login: " {
		t.Fatalf("replayed %q, %v", buf[:n], err)
	}
	_, _ = ours.Write([]byte("root\r"))
	_, _ = c.Write([]byte("x"))
	if n, err = ours.Read(buf); err != nil || buf[0] != 'x' {
		t.Errorf("then %q, %v", buf[:n], err)
	}
	for range 2 * backlog {
		_, _ = c.Write([]byte("y"))
	}
	ours.Close()
	machine.Close()
	<-done
	if !strings.HasPrefix(typed.String(), "root\r") {
		t.Errorf("the machine got %q", typed.String())
	}
}

func TestUntilLeave(t *testing.T) {
	got, err := io.ReadAll(untilLeave{strings.NewReader("ls\r\x1dmore")})
	if err != nil || string(got) != "ls\r" {
		t.Errorf("%q, %v", got, err)
	}
}
