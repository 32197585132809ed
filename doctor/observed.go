package doctor

import "net/netip"

// Observed is what was seen of a server. What could not be seen is zero, and not
// judged.
type Observed struct {
	Root   bool
	Cores  int // that processes may use; 0: unknown
	Kernel Kernel
	Privileges
	OVS      OVS
	Daemons  []Daemon
	Disks    []Disk
	Limits   Limits
	Programs []string       // that a lab needs and the server lacks
	Packages []string       // the same of packages
	NICs     map[string]NIC // by name; only those that a lab names
	BridgeNF bool           // the server's firewall filters what its bridges forward
	Labs     []Lab

	// Of the server's own network, if a lab has uplinks.
	NoNFT     bool // nft is not installed
	Networks  []Network
	Addresses []netip.Addr // of the server
	Ports     []Port       // on which it listens
	Droppers  []Dropper
}

// Presence tells whether the kernel has a feature.
type Presence int

// Unknown is the Presence of a feature that was not looked for.
const (
	Unknown Presence = iota
	Absent
	Present
)

// Kernel holds the features of the kernel that labs use or could use.
type Kernel struct {
	Release     string
	Namespaces  Presence
	Veth        Presence
	Bridge      Presence
	Dummy       Presence
	IFB         Presence
	TUN         Presence
	IPv6        Presence
	OpenVSwitch Presence // the datapath module
	XDP         Presence // sockets of AF_XDP; only if a lab needs them
	VXLAN       Presence
	VRF         Presence
	MPLS        Presence
}

// Privileges is what root has here: a container may withhold some of it.
type Privileges struct {
	Container       Container
	Lacks           []string // capabilities that labs need, without CAP_
	SysctlsReadOnly bool     // as in containers that are not privileged
	NoTUN           bool     // the device is there, and may not be used
}

// Container is the kind of a container that this program is in; "" for none.
type Container string

// The kinds of containers, which differ in how they are given what they lack.
const (
	Pod             Container = "a pod of Kubernetes"
	DockerContainer Container = "a container of Docker"
	OtherContainer  Container = "a container"
)

// OVS describes the Open vSwitch of the server.
type OVS struct {
	Missing []string // programs that labs start
	Version string   // "" if unknown
	XDP     Presence // ports of type afxdp; only if a lab needs them
	Service int      // PID of the server's own ovs-vswitchd; 0 if it does not run
}

// Daemon is the daemon of a runtime with containers. The caller observes it.
type Daemon struct {
	Runtime   string // whose hosts it keeps
	Name      string
	Installed bool   // its program is on this server
	Problem   string // why it does not answer; "" if it does
	Version   string
	API       string
	Cgroup    string   // version and driver
	Absent    []string // images that the lab names and the daemon lacks

	// The commands that install the daemon, start it, and pull an image, whose name
	// follows.
	Install, Start, Pull string
}

// Disk is a file system that holds one of our directories.
type Disk struct {
	Path string
	Free uint64 // octets
}

// Limits are the limits of the kernel.
type Limits struct {
	OpenFiles       uint64 // hard limit of one process; 0: unknown
	InotifyUsers    uint64 // fs.inotify.max_user_instances
	Threads         uint64 // the least of kernel.pid_max, kernel.threads-max and the control group's pids.max
	ThreadsUsed     uint64
	ARP, ND         Table
	MemoryAvailable uint64 // octets
	Locked          uint64 // octets that processes may lock in memory; 0: any number, or unknown
}

// Table is a neighbour table of the kernel. All namespaces share it, and only the
// first of them shows its size.
type Table struct {
	Most uint64 // gc_thresh3; 0: unknown
	Used uint64
}

// NIC is an interface of the server.
type NIC struct {
	Present   bool
	Kind      string // of the interface, as the kernel names it: device, bridge, veth…
	Up        bool
	Down      bool       // administratively
	Default   bool       // a default route uses it
	SSH       netip.Addr // the client of one's own SSH session, which comes in through it
	Master    string     // the bridge or bond that it belongs to
	Addresses []netip.Prefix
	Wireless  bool
	Ethernet  bool
	MTU       int
	Lab       string // a segment of which it is a port of; "": none
	Manager   string // NetworkManager or systemd-networkd, if one configures it
}
