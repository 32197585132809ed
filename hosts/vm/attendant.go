package vm

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"pseudowan/hosts"
)

// What a process of the runtime does, by its first argument.
const (
	attend = "attend" // -nic NAME,MAC,MTU... -- QEMU
	attach = "attach" // DIRECTORY
)

// firstTap is the first file that QEMU inherits beside its standard streams.
const firstTap = 3

func nicFlags(nics []hosts.MachineNIC) []string {
	var out []string
	for _, n := range nics {
		out = append(out, "-nic", strings.Join([]string{n.Interface, n.MAC, strconv.Itoa(n.MTU)}, ","))
	}
	return out
}

// enter runs a process that the runtime has started.
func enter(args []string) error {
	fail := func(err error) error { return &hosts.ExitError{Code: 125, Err: err} }
	switch {
	case len(args) == 2 && args[0] == attach:
		if err := attachConsole(args[1]); err != nil {
			return fail(err)
		}
		os.Exit(0)
	case len(args) > 1 && args[0] == attend:
		nics, argv, err := readNICs(args[1:])
		if err != nil {
			return fail(err)
		}
		code, err := attendMachine(nics, argv)
		if err != nil {
			return fail(err)
		}
		os.Exit(code)
	}
	return fail(fmt.Errorf("arguments %q", args))
}

// readNICs reads what nicFlags writes, and QEMU's command line.
func readNICs(args []string) (nics []hosts.MachineNIC, argv []string, err error) {
	for len(args) > 2 && args[0] == "-nic" {
		fields := strings.Split(args[1], ",")
		if len(fields) != 3 {
			return nil, nil, fmt.Errorf("argument %q", args[1])
		}
		n := hosts.MachineNIC{Interface: fields[0], MAC: fields[1]}
		if n.MTU, err = strconv.Atoi(fields[2]); err != nil {
			return nil, nil, err
		}
		nics, args = append(nics, n), args[2:]
	}
	if len(args) < 2 || args[0] != "--" {
		return nil, nil, errors.New("no command line of QEMU")
	}
	return nics, args[1:], nil
}

// attendMachine runs a machine until it ends, and returns QEMU's exit code. It is in
// the host's namespaces.
func attendMachine(nics []hosts.MachineNIC, argv []string) (int, error) {
	runtime.LockOSThread() // Pdeathsig is of the thread
	ports, err := plug(nics)
	if err != nil {
		return 0, err
	}
	listener, err := listenConsole()
	if err != nil {
		return 0, err
	}
	defer listener.Close()
	fmt.Fprintf(os.Stderr, "pseudowan: QEMU with %s\n", argv[slices.Index(argv, "-accel")+1])
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.ExtraFiles, cmd.Stderr = ports, os.Stderr
	cmd.Env = append(os.Environ(), "TMPDIR="+overlayDir) // else that of whoever has run up
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	in, err := cmd.StdinPipe()
	if err != nil {
		return 0, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return 0, err
	}
	if err := cmd.Start(); err != nil {
		return 0, err
	}
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, unix.SIGTERM, unix.SIGINT, unix.SIGHUP)
	go func() {
		<-stop
		_ = cmd.Process.Signal(unix.SIGTERM)
	}()
	c := &console{in: in, log: os.Stdout}
	go c.accept(listener)
	c.copy(out)
	_ = cmd.Wait() // the result is in its state
	return hosts.ExitStatus(cmd.ProcessState), nil
}

// listenConsole makes the socket of the console.
func listenConsole() (net.Listener, error) {
	path := consoleSocket
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	defer unix.Umask(unix.Umask(0o177))
	return net.Listen("unix", path)
}
