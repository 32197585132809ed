package hosts

import (
	"context"
	"io"
	"net/netip"
	"os/exec"
)

// Spec is what a runtime needs to know to make a host.
type Spec struct {
	Lab, Node string
	Name      string            // of the namespace or the container
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

// Running tells whether the host can be entered. A container that its user has
// stopped exists, but has no namespace.
func (s Sandbox) Running() bool { return s.NetNS != "" }

// Exec is a command to run inside a host.
type Exec struct {
	Argv []string
	TTY  bool     // the command shall have a terminal, where its standard streams are one
	Env  []string // KEY=VALUE, beside the host's
	Dir  string   // empty: the image's, or the caller's where it exists inside
}

// Runtime makes hosts and runs commands inside them.
type Runtime interface {
	// Name is how topologies and tables call the runtime.
	Name() string
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
	// command's: 126 and 127 where that cannot be executed or found, as a
	// shell has it. Signals reach it. Stdin, Stdout and Stderr are the
	// caller's to set.
	Command(ctx context.Context, s Sandbox, e Exec) (*exec.Cmd, error)
	// Log writes what the host's own command has said, or a container's first
	// process. A host that has none has said nothing.
	Log(ctx context.Context, s Sandbox, o LogOptions, w io.Writer) error
}

// LogOptions say how much of a log is wanted.
type LogOptions struct {
	Last   int  // lines; negative: all that are kept
	Follow bool // go on until the process has ended and everything is told, or ctx ends
}
