package status

// NodeKind is the kind of a node.
type NodeKind string

// The kinds of nodes.
const (
	Router NodeKind = "router"
	Host   NodeKind = "host"
)

// NodeState is NodeRunning, or what is wrong with a node.
type NodeState string

// The states of nodes that are one word. The state of a router names the part of it
// that does not run.
const (
	NodeRunning NodeState = "running"
	NodeStopped NodeState = "stopped"
	NodePaused  NodeState = "paused"
	NodeEnded   NodeState = "ended"   // its own command has ended
	NodeUnknown NodeState = "unknown" // the daemon of its container does not answer
)

// The other states of nodes. NodeSwitchless follows another state and a comma.
const (
	NodeAgentless   NodeState = "its agent does not run"
	NodeAgentSilent NodeState = "its agent does not answer"
	NodeAgentHangs  NodeState = "its agent hangs"
	NodeSwitchless  NodeState = "its switch does not run"
	NodeUnplanned   NodeState = "not in the topology"
)

// ServiceState is the state of a service of a host.
type ServiceState string

// The states of services.
const (
	ServiceStarting   ServiceState = "starting" // it is not ready yet
	ServiceReady      ServiceState = "ready"
	ServiceRestarting ServiceState = "restarting" // it has ended, and is started again
	ServiceEnded      ServiceState = "ended"
	ServiceDone       ServiceState = "done" // it runs once, and has
)

// Up reports whether a service is as it should be.
func (s Service) Up() bool { return s.State == ServiceReady || s.State == ServiceDone }

// CommandState is the state of a host's own command; "" if it has none.
type CommandState string

// The states of a host's own command.
const (
	CommandRunning CommandState = "running"
	CommandEnded   CommandState = "ended"
	CommandUnknown CommandState = "unknown" // the daemon of its container does not answer
)
