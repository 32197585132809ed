package vm

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"

	"pseudowan/hosts"
	"pseudowan/hosts/netns"
)

const (
	runtimeName = "vm"
	qemu        = "qemu-system-x86_64"
)

// machines is the runtime.
type machines struct {
	netns.Runtime
	enter []string
}

// Driver describes the runtime.
func Driver() hosts.Driver {
	return hosts.Driver{
		Name: runtimeName, Machines: true, Accelerator: Accelerator,
		Open: func(o hosts.Options) (hosts.Runtime, error) {
			return &machines{netns.Alone(runtimeName, o), o.Enter}, nil
		},
		Enter: enter,
	}
}

// Ready implements Runtime.
func (m *machines) Ready(context.Context) error {
	if _, err := exec.LookPath(qemu); err != nil {
		return errors.New("no " + qemu + "; apt-get install qemu-system-x86")
	}
	return nil
}

// Check implements Runtime.
func (m *machines) Check(ctx context.Context, specs []hosts.Spec) error {
	errs := []error{m.Runtime.Check(ctx, specs)}
	for _, s := range specs {
		if s.Machine == nil {
			errs = append(errs, fmt.Errorf("host %s: the file has to say which hosts are virtual machines, with runtime: %s", s.Node, runtimeName))
			continue
		}
		for _, file := range []string{s.Machine.Kernel, s.Machine.Rootfs, s.Machine.Image} {
			if err := readable(file); err != nil {
				errs = append(errs, fmt.Errorf("host %s: %w", s.Node, err))
			}
		}
		if readable(s.Machine.Image) == nil {
			if err := standsAlone(s.Machine.Image); err != nil {
				errs = append(errs, fmt.Errorf("host %s: %w", s.Node, err))
			}
		}
		if s.Machine.UEFI {
			if _, err := firmware(); err != nil {
				errs = append(errs, fmt.Errorf("host %s: %w", s.Node, err))
			}
		}
	}
	return errors.Join(errs...)
}

// Ensure implements Runtime. A machine that ended is started again; one with other
// settings or interfaces is replaced.
func (m *machines) Ensure(ctx context.Context, spec hosts.Spec) (hosts.Sandbox, error) {
	if spec.Machine == nil {
		return hosts.Sandbox{}, fmt.Errorf("host %s: it is not a virtual machine", spec.Node)
	}
	argv, err := arguments(spec)
	if err != nil {
		return hosts.Sandbox{}, fmt.Errorf("host %s: %w", spec.Node, err)
	}
	spec.Keep, spec.Lent = []string{overlayDir}, lent(spec.Machine)
	spec.Command = slices.Concat(m.enter, []string{runtimeName, attend}, nicFlags(spec.Machine.NICs), []string{"--"}, argv)
	return m.Runtime.Ensure(ctx, spec)
}

// Command implements Runtime: only the console of a machine can be reached from
// outside.
func (m *machines) Command(ctx context.Context, s hosts.Sandbox, e hosts.Exec) (*exec.Cmd, error) {
	if !e.Shell {
		return nil, fmt.Errorf("host %s is a virtual machine, in which no command can be started from outside; `pseudowan exec -it %s` is its console", s.Node, s.Node)
	}
	if s.PID == 0 {
		return nil, fmt.Errorf("host %s: the machine does not run; `pseudowan up` starts it", s.Node)
	}
	argv := slices.Concat(m.enter, []string{runtimeName, attach, m.Dir(s.Lab, s.Node) + consoleDir})
	return exec.CommandContext(ctx, argv[0], argv[1:]...), nil
}

// Accelerator returns what runs machines on this server: kvm, or tcg, QEMU's
// emulation, if the processor cannot or the kernel does not.
func Accelerator() string {
	device, err := os.OpenFile("/dev/kvm", os.O_RDWR, 0)
	if err != nil {
		return "tcg"
	}
	device.Close()
	// A device without such a processor belongs to an emulation that starts no guest.
	flags, _ := os.ReadFile("/proc/cpuinfo")
	for word := range strings.FieldsSeq(string(flags)) {
		if word == "vmx" || word == "svm" {
			return "kvm"
		}
	}
	return "tcg"
}

// arguments returns the command line of QEMU. The guest gets no device but a disk, a
// serial line, random numbers and its NICs, and what it writes to its disk is lost.
func arguments(spec hosts.Spec) ([]string, error) {
	x := spec.Machine
	argv := []string{
		qemu, "-name", spec.Node, "-nodefaults", "-no-user-config", "-machine", "pc,graphics=off", "-display", "none", "-monitor", "none",
		"-m", fmt.Sprintf("%dM", cmp.Or(spec.Memory>>20, defaultMemory)), "-smp", fmt.Sprint(cmp.Or(int(spec.CPUs), 1)),
		"-chardev", "stdio,id=console,signal=off", "-serial", "chardev:console",
		"-object", "rng-random,id=rng,filename=/dev/urandom", "-device", "virtio-rng-pci,rng=rng",
		"-sandbox", "on,obsolete=deny,spawn=deny,resourcecontrol=deny", "-runas", "nobody",
	}
	if Accelerator() == "kvm" {
		argv = append(argv, "-accel", "kvm", "-cpu", "host")
	} else {
		argv = append(argv, "-accel", "tcg,thread=multi", "-cpu", "max")
	}
	if x.UEFI {
		file, err := firmware()
		if err != nil {
			return nil, err
		}
		argv = append(argv, "-bios", file)
	}
	for _, option := range []struct{ name, given, seen string }{
		{"-kernel", x.Kernel, lentDir + "kernel"}, {"-initrd", x.Rootfs, lentDir + "rootfs"}, {"-append", x.Append, x.Append},
	} {
		if option.given != "" {
			argv = append(argv, option.name, option.seen)
		}
	}
	argv = append(argv, diskFlags(x.Image)...)
	rom := ",romfile=" // only a machine without anything else looks for its system in the network
	if x.Kernel == "" && x.Image == "" {
		rom = ""
	}
	for i, n := range x.NICs {
		argv = append(argv, "-netdev", fmt.Sprintf("tap,id=n%d,fd=%d", i, firstTap+i),
			"-device", fmt.Sprintf("virtio-net-pci,netdev=n%d,mac=%s,host_mtu=%d,bootindex=%d%s", i, n.MAC, n.MTU, i+1, rom))
	}
	return argv, nil
}

const defaultMemory = 256 // MiB

// firmware finds the UEFI firmware.
func firmware() (string, error) {
	for _, file := range []string{"/usr/share/ovmf/OVMF.fd", "/usr/share/qemu/OVMF.fd", "/usr/share/OVMF/OVMF.fd"} {
		if _, err := os.Stat(file); err == nil {
			return file, nil
		}
	}
	return "", errors.New("no UEFI firmware; apt-get install ovmf")
}
