package hosts

import (
	"context"
	"io"
	"net/netip"
	"os/exec"
)

// NetNS is what tables call the runtime of a node that is a network namespace
// of this server, as every router is.
const NetNS = "netns"

// Spec is what a runtime needs to know to make a host.
type Spec struct {
	Lab, Node string
	Name      string            // of the host on this server, as its users type it
	Namespace string            // of the host's network namespace, where the runtime names one
	Hosts     []HostsEntry      // for /etc/hosts, after localhost
	Env       map[string]string // for every command
	Files     map[string]string // content by absolute path; a runtime may have no room for some
	Command   []string          // runs as long as the host does; empty: the image's, or nothing
	Image     string            // containers only; empty: the built-in one
	Build     string            // containers only: the Dockerfile of Image, or its directory; Image is its BuildTag
	Mounts    []Mount           // containers only
	Memory    int64             // containers only: octets; 0: no limit
	CPUs      float64           // containers only; 0: no limit
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
	NetNS     string // path of its network namespace; empty where it does not run
	PID       int    // its own command, or a container's first process; 0 where none runs
	Paused    bool   // its processes are frozen, while its network answers
	Ended     bool   // that process ran and has ended
	ExitCode  int    // of a process that has ended, 128 plus the signal that ended it; UnknownExit where nobody knows
}

// UnknownExit is the exit code of a process that nobody has waited for.
const UnknownExit = -1

// Running reports whether the host can be entered. A container that its user
// has stopped exists, but has no namespace.
func (s Sandbox) Running() bool { return s.NetNS != "" }

// Mark is the mark of the host.
func (s Sandbox) Mark() Mark { return Mark{Lab: s.Lab, Node: s.Node, Kind: KindHost} }

// Mark is the mark of the host.
func (s Spec) Mark() Mark { return Mark{Lab: s.Lab, Node: s.Node, Kind: KindHost} }

// Exec is a command to run inside a host.
type Exec struct {
	Argv []string
	TTY  bool     // the command shall have a terminal, where its standard streams are one
	Env  []string // KEY=VALUE, beside the host's
	Dir  string   // empty: the image's, or the caller's where it exists inside
}

// Runtime makes hosts and runs commands inside them. Some can do more: see
// Containers and Logger.
type Runtime interface {
	// Name is how topologies and tables call the runtime.
	Name() string
	// Ready returns why the runtime cannot be used on this server now, with
	// the remedy.
	Ready(ctx context.Context) error
	// Check refuses hosts that cannot be made, before anything is: names that
	// cannot be used, files that have no place. It changes nothing and names
	// every such host. A name that is taken by something else is an error that
	// wraps ErrForeign.
	Check(ctx context.Context, specs []Spec) error
	// Prepare makes available on this server what the hosts are made from,
	// such as images, and removes what is in the way of them.
	Prepare(ctx context.Context, specs []Spec) error
	// Ensure makes the host, or keeps the one that is there. Interfaces that
	// are made inside afterwards inherit a host's settings (PrepareHost). A
	// name that is taken by something else is an error that wraps ErrForeign.
	// On error nothing is left that was not there before.
	Ensure(ctx context.Context, spec Spec) (Sandbox, error)
	// List finds the hosts of a lab by their marks, sorted by name; the empty
	// name means all labs.
	List(ctx context.Context, lab string) ([]Sandbox, error)
	// Remove ends what runs inside and removes the host with all that belongs
	// to it. A host that is gone is no error.
	Remove(ctx context.Context, s Sandbox) error
	// Command prepares a command that runs inside. Its exit code is the inner
	// command's: 126 and 127 where that cannot be executed or found, as in a
	// shell. Signals reach it. Stdin, Stdout and Stderr are the caller's to
	// set.
	Command(ctx context.Context, s Sandbox, e Exec) (*exec.Cmd, error)
	// Log writes the output of the host's own command, or of a container's
	// first process. A host that has none has an empty log.
	Log(ctx context.Context, s Sandbox, o LogOptions, w io.Writer) error
}

// Containers is a Runtime whose hosts a daemon keeps. Others may stop and start
// them, and they outlive the daemon.
type Containers interface {
	Runtime
	// BuildTag names the image that is built from a Dockerfile or the
	// directory of one. The name changes with the content of the directory.
	BuildTag(path string) (string, error)
	// Builtin returns why no host can be made that names no image.
	Builtin() error
	// Settle returns when none of the hosts is being made any more: the daemon
	// carries out the requests of a killed command too. It changes none.
	Settle(ctx context.Context, specs []Spec) error
	// Watch reports every host of a lab that runs, by its node, and every one
	// that is started from then on, until ctx ends.
	Watch(ctx context.Context, lab string, started func(node string))
	// Refurnish restores in a host that runs what was lost when somebody
	// restarted it, wires and configuration apart. The Sandbox of a host that
	// does not run has no namespace.
	Refurnish(ctx context.Context, spec Spec) (Sandbox, error)
	// Daemon describes the daemon, and which of the images it lacks.
	Daemon(ctx context.Context, images []string) Daemon
	// Unknown is the cause, with the remedy, when the daemon does not know a
	// host that runs.
	Unknown() error
}

// Daemon describes the daemon of a runtime.
type Daemon struct {
	Name      string
	Installed bool   // its program is on this server
	Problem   string // why it does not answer; empty: it does
	Version   string
	API       string   // version of its interface
	Cgroup    string   // version and driver
	Absent    []string // images that it does not have

	// Commands that install it and start it, and the one that gets the image whose
	// name follows.
	Install, Start, Pull string
}

// Logger is a Runtime whose hosts write log files, which somebody has to bound:
// see package logfile.
type Logger interface {
	// LogFile is the path of a host's log, which may not exist yet.
	LogFile(lab, node string) string
}

// Driver is a runtime that is not opened yet: what is known of it on any
// server.
type Driver struct {
	Name string // as Runtime.Name

	// Containers: its Runtime implements Containers. The hosts have programs
	// and files of their own, mounts and limits.
	Containers bool
	// MinName is the length of the shortest name that a host can have.
	MinName int

	// Open does not touch the server yet.
	Open func(Options) (Runtime, error)
	// Enter is the life of a process that the runtime has started as
	// Options.Enter with its name and args; nil where it starts none.
	Enter func(args []string) error
}

// Options are what a Driver is opened with.
type Options struct {
	StateDir string       // for files of hosts, in StateDir/LAB/NODE
	Enter    []string     // argv prefix that runs this program so that it calls Enter with the rest
	Progress func(string) // hears what Prepare does; may be nil
}

// LogOptions say how much of a log is wanted.
type LogOptions struct {
	Last   int  // lines; negative: all that are kept
	Follow bool // until the process has ended and all is written, or ctx ends
}
