package hosts

import (
	"context"
	"io"
	"net/netip"
	"os/exec"
)

// NetNS is the name, in tables, of the runtime of a node that is a network
// namespace of this server, as every router is.
const NetNS = "netns"

// Spec describes a host to its runtime.
type Spec struct {
	Lab, Node    string
	Name         string            // of the host on this server, as users type it
	Namespace    string            // of the host's network namespace, if the runtime names one
	Hosts        []HostsEntry      // for /etc/hosts, after localhost
	Env          map[string]string // for every command
	Files        map[string]string // content by absolute path; a runtime may have no place for some
	Resolves     bool              // others write its resolv.conf
	Keep         []string          // directories of its own that survive restarts of the host
	Lent         map[string]string // namespaces only: files of the server, to be read, by where the host sees them
	Command      []string          // runs while the host does; empty: the image's, or none
	Image        string            // containers only; empty: the built-in one
	Build        string            // containers only: the Dockerfile of Image, or its directory; Image is its BuildTag
	Mounts       []Mount           // containers only
	Devices      []string          // containers only: character devices of the server
	Capabilities []string          // containers only: beside the usual ones, without CAP_
	Memory       int64             // containers only: octets; 0: no limit
	CPUs         float64           // containers only; 0: no limit
	Machine      *Machine          // virtual machines only
}

// Machine is what makes a host a virtual machine.
type Machine struct {
	Kernel string // absolute paths on the server; "": the firmware looks for a system
	Rootfs string // an initramfs for the kernel
	Image  string // a disk; what is written to it is lost
	Append string // the kernel's command line
	UEFI   bool   // its firmware; else a BIOS
	NICs   []MachineNIC
}

// MachineNIC is a NIC of a virtual machine. It is bridged with the host's interface,
// which has another MAC address.
type MachineNIC struct {
	Interface string
	MAC       string
	MTU       int
}

// Mount shows a path of the server inside a host.
type Mount struct {
	Source   string // absolute, on the server; exists
	Target   string // absolute, inside
	ReadOnly bool
}

// HostsEntry is a line of /etc/hosts.
type HostsEntry struct {
	Addr  netip.Addr
	Names []string
}

// Sandbox is a host that exists, without its wires and configuration.
type Sandbox struct {
	Runtime   string
	Lab, Node string
	Name      string // of the namespace or the container
	NetNS     string // path of its network namespace; empty if it does not run
	PID       int    // its own command, or a container's first process; 0 if none runs
	Paused    bool   // its processes are frozen; its network still answers
	Ended     bool   // that process ran and has ended
	ExitCode  int    // of the ended process, 128 plus the signal that ended it; or UnknownExit
	Unsure    bool   // its mark does not say that it was made as this host: it may be a copy
}

// UnknownExit is the exit code of a process that nobody has waited for.
const UnknownExit = -1

// Running reports whether the host can be entered. A container that its user
// has stopped exists but has no namespace.
func (s Sandbox) Running() bool { return s.NetNS != "" }

// Mark returns the mark of the host.
func (s Sandbox) Mark() Mark { return Mark{Lab: s.Lab, Node: s.Node, Kind: KindHost} }

// Mark returns the mark of the host.
func (s Spec) Mark() Mark { return Mark{Lab: s.Lab, Node: s.Node, Kind: KindHost} }

// Exec is a command to run inside a host.
type Exec struct {
	Argv  []string
	Shell bool     // Argv starts a shell; a host without one may give its console instead
	TTY   bool     // give the command a terminal, if its standard streams are one
	Env   []string // KEY=VALUE, beside the host's
	Dir   string   // empty: the image's, or the caller's if it exists inside
}

// Runtime makes hosts and runs commands inside them. Some can do more: see
// Containers and Logger.
type Runtime interface {
	// Name is the name of the runtime in topologies and tables.
	Name() string
	// Ready returns an error with a remedy if the runtime cannot be used on
	// this server now.
	Ready(ctx context.Context) error
	// Check refuses hosts that cannot be made: unusable names, files without a
	// place. It changes nothing, and names every refused host. A name that is
	// taken by something else is an error that wraps ErrForeign.
	Check(ctx context.Context, specs []Spec) error
	// Prepare makes available on this server what the hosts are made from, such
	// as images, and removes what is in their way.
	Prepare(ctx context.Context, specs []Spec) error
	// Ensure makes the host, or keeps an existing one. Interfaces made inside
	// afterwards inherit a host's settings (PrepareHost). A name that is taken
	// by something else is an error that wraps ErrForeign. On error nothing new
	// is left behind.
	Ensure(ctx context.Context, spec Spec) (Sandbox, error)
	// List finds the hosts of a lab by their marks, sorted by name. An empty
	// name means all labs.
	List(ctx context.Context, lab string) ([]Sandbox, error)
	// Remove ends what runs inside and removes the host with everything that
	// belongs to it. It is no error if the host is gone.
	Remove(ctx context.Context, s Sandbox) error
	// Command prepares a command that runs inside. Its exit code is the inner
	// command's, or as in a shell 126 and 127 if that cannot be executed or
	// found. Signals reach it. Stdin, Stdout and Stderr are for the caller to
	// set.
	Command(ctx context.Context, s Sandbox, e Exec) (*exec.Cmd, error)
	// Log writes the output of the host's own command, or of a container's
	// first process. A host without one has an empty log.
	Log(ctx context.Context, s Sandbox, o LogOptions, w io.Writer) error
}

// Containers is a Runtime whose hosts are kept by a daemon. Others may stop and
// start them, and they outlive the daemon.
type Containers interface {
	Runtime
	// BuildTag names the image that is built from a Dockerfile or its
	// directory. The name changes with the content of the directory.
	BuildTag(path string) (string, error)
	// Builtin returns an error if no host can be made without naming an image.
	Builtin() error
	// Settle returns when the daemon is no longer making any of the hosts: it
	// also completes the requests of a killed command. Settle changes no host.
	Settle(ctx context.Context, specs []Spec) error
	// Watch reports every running host of a lab, by its node, and every one
	// started later, until ctx ends.
	Watch(ctx context.Context, lab string, started func(node string))
	// Refurnish restores in a running host what a restart by somebody else has
	// lost, except wires and configuration. The Sandbox of a host that does not
	// run has no namespace.
	Refurnish(ctx context.Context, spec Spec) (Sandbox, error)
	// Daemon describes the daemon, and names the images that it lacks.
	Daemon(ctx context.Context, images []string) Daemon
	// RemoveKept removes what the hosts of a lab have kept, once they are gone; with
	// node, only that host's.
	RemoveKept(ctx context.Context, lab, node string) error
	// Unknown returns the cause and the remedy if the daemon does not know a
	// running host.
	Unknown() error
}

// Stopper is a Runtime that stops and freezes hosts itself. Ensure undoes both.
type Stopper interface {
	// Stop ends what runs inside.
	Stop(ctx context.Context, s Sandbox) error
	// Pause freezes what runs inside.
	Pause(ctx context.Context, s Sandbox) error
}

// Daemon describes the daemon of a runtime.
type Daemon struct {
	Name      string
	Installed bool   // its program is on this server
	Problem   string // why it does not answer; empty if it does
	Version   string
	API       string   // version of its API
	Cgroup    string   // version and driver
	Absent    []string // images that it lacks

	// Commands that install it, that start it, and that get the image whose
	// name follows.
	Install, Start, Pull string
}

// Logger is a Runtime whose hosts write log files that must be bounded: see
// package logfile.
type Logger interface {
	// LogFile returns the path of a host's log, which may not exist yet.
	LogFile(lab, node string) string
}

// Driver is a runtime before it is opened: what holds on any server.
type Driver struct {
	Name string // as Runtime.Name

	// Containers: its Runtime implements Containers. The hosts have programs
	// and files of their own, mounts and limits.
	Containers bool
	// Machines: the hosts are virtual machines. A file says which hosts are.
	Machines bool
	// Accelerator returns what runs virtual machines on this server: kvm, or tcg, which
	// is QEMU's emulation. It is nil for other runtimes.
	Accelerator func() string
	// MinName is the length of the shortest name that a host can have.
	MinName int

	// Open does not touch the server yet.
	Open func(Options) (Runtime, error)
	// Enter runs a process that the runtime has started as Options.Enter with
	// its name and args; nil if it starts none.
	Enter func(args []string) error
}

// Options are what a Driver is opened with.
type Options struct {
	StateDir string       // for files of hosts, in StateDir/LAB/NODE
	KeepDir  string       // for what hosts keep, in KeepDir/LAB/keep/NODE; "": StateDir
	Enter    []string     // argv prefix that runs this program such that it calls Enter with the remaining arguments
	Progress func(string) // is called with what Prepare is doing; may be nil
}

// LogOptions select a part of a log.
type LogOptions struct {
	Last   int  // lines; negative: all that are kept
	Follow bool // until the process has ended and all is written, or ctx ends
}
