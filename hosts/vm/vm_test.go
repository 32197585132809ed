package vm

import (
	"io"
	"net"
	"os"
	"path/filepath"
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
			[]string{"-kernel /run/machine/kernel", "-initrd /run/machine/rootfs", "-append console=ttyS0 quiet", "fd=4", "mac=52:54:00:00:00:02,host_mtu=9000,bootindex=2,romfile="},
			[]string{"-drive", "-bios"},
		},
		"disk":    {hosts.Machine{Image: "/srv/a,b.qcow2"}, []string{"file=/run/machine/image,if=virtio,format=qcow2,snapshot=on", "romfile="}, []string{"-kernel"}},
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

// A machine starts from what its host sees of the server's files.
func TestLent(t *testing.T) {
	want := map[string]string{"/run/machine/kernel": "/tmp/k", "/run/machine/image": "/srv/a,b.qcow2"}
	if diff := cmp.Diff(want, lent(&hosts.Machine{Kernel: "/tmp/k", Image: "/srv/a,b.qcow2", Append: "quiet"})); diff != "" {
		t.Error(diff)
	}
}

func TestStandsAlone(t *testing.T) {
	header := func(version, backing, features byte) []byte {
		b := make([]byte, 104)
		copy(b, "QFI\xfb")
		b[7], b[15], b[79] = version, backing, features
		return b
	}
	dir := t.TempDir()
	for name, tt := range map[string]struct {
		text []byte
		want string // in the refusal; "" for none
	}{
		"whole.qcow2":     {header(3, 0, 1), ""},
		"old.qcow2":       {header(2, 0, 4), ""}, // its octets there are something else
		"backed.qcow2":    {header(3, 104, 0), "a backing file"},
		"oldbacked.qcow2": {header(2, 72, 0)[:72], "a backing file"},
		"data.qcow2":      {header(3, 0, 4), "an external data file"},
		"short.qcow2":     {[]byte("QFI"), ""}, // QEMU refuses these
		"empty.qcow2":     {nil, ""},
		"raw.img":         {header(3, 104, 0), ""}, // a disk whose first sector looks like that
	} {
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, tt.text, 0o600); err != nil {
			t.Fatal(err)
		}
		err := standsAlone(file)
		if (err != nil) != (tt.want != "") || err != nil && !(strings.Contains(err.Error(), tt.want) && strings.Contains(err.Error(), "qemu-img convert")) {
			t.Errorf("%s: %v, want %q", name, err, tt.want)
		}
	}
}

// Whoever attaches to a console gets what was last written and what follows; one that
// does not read holds up nobody.
func TestConsole(t *testing.T) {
	in, machine := io.Pipe()
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
	typed := make([]byte, len("root\r"))
	if _, err := io.ReadFull(in, typed); err != nil || string(typed) != "root\r" {
		t.Errorf("the machine got %q, %v", typed, err)
	}
	_, _ = c.Write([]byte("x"))
	if n, err = ours.Read(buf); err != nil || buf[0] != 'x' {
		t.Errorf("then %q, %v", buf[:n], err)
	}
	for range 2 * backlog {
		_, _ = c.Write([]byte("y"))
	}
	ours.Close()
}

func TestUntilLeave(t *testing.T) {
	got, err := io.ReadAll(untilLeave{strings.NewReader("ls\r\x1dmore")})
	if err != nil || string(got) != "ls\r" {
		t.Errorf("%q, %v", got, err)
	}
}
