package doctor

import (
	"net/netip"
	"slices"
	"strings"
	"testing"

	"pseudowan/status"
)

// healthy returns a server without warnings or failures.
func healthy() Observed {
	return Observed{
		Root: true,
		Kernel: Kernel{
			Namespaces: Present, Veth: Present, Bridge: Present, Dummy: Present, TUN: Present, IPv6: Present,
			OpenVSwitch: Present, VXLAN: Present, VRF: Present, MPLS: Present,
		},
		OVS: OVS{Version: "3.3.0"},
		Daemons: []Daemon{{
			Runtime: "docker", Name: "Docker", Version: "28.0", API: "1.48", Cgroup: "v2 by systemd",
			Install: "apt-get install docker.io", Start: "systemctl start docker", Pull: "docker pull",
		}},
		Disks:  []Disk{{"/run", 1 << 30}},
		Limits: Limits{OpenFiles: 1 << 20, InotifyUsers: 128, Threads: 32768, ThreadsUsed: 200, ARP: Table{1024, 4}, ND: Table{1024, 30}, MemoryAvailable: 4 << 30},
	}
}

func small() Need {
	return Need{Lab: "demo", Ports: map[string]int{"pe1": 12, "pe2": 12}, Hosts: 20, LANs: true, Runtimes: []string{"netns"}}
}

func TestHealthyServer(t *testing.T) {
	for _, n := range []Need{{}, small()} {
		for _, f := range Judge(healthy(), n) {
			if f.Status != status.OK || f.Cost != "" || f.Remedy != "" || f.Detail == "" {
				t.Errorf("%+v", f)
			}
		}
	}
}

func TestEachFinding(t *testing.T) {
	for _, tt := range []struct {
		name   string
		server func(*Observed)
		lab    func(*Need)
		check  string
		status status.Severity
		says   string // in the detail or the remedy
	}{
		{"Docker stopped", func(o *Observed) { o.Daemons[0].Installed, o.Daemons[0].Problem = true, "no daemon answers" }, nil, "Docker", status.Warn, "systemctl start docker"},
		{"no Docker", func(o *Observed) { o.Daemons[0].Problem = "no daemon answers" }, nil, "Docker", status.Warn, "apt-get install docker.io"},
		{"no static busybox", nil, func(n *Need) { n.Builtin = "busybox needs shared libraries" }, "built-in image", status.Fail, "busybox-static"},
		{"no static busybox, no lab", nil, func(n *Need) { *n = Need{Builtin: "busybox is not installed"} }, "built-in image", status.Warn, "busybox-static"},
		{"packages are missing", func(o *Observed) { o.Packages = []string{"galera-4", "radvd"} }, func(n *Need) { n.Packages = map[string]string{"galera-4": "a", "radvd": "b"} }, "packages", status.Warn, "apt-get install galera-4 radvd"},
		{"a program of a missing package is missing", func(o *Observed) { o.Programs, o.Packages = []string{"rsyncx"}, []string{"some"} }, func(n *Need) {
			n.Programs, n.Packages = map[string]string{"rsyncx": "a"}, map[string]string{"some": "a"}
		}, "program rsyncx", status.Fail, "apt-get install some"},
		{"nft is missing, and ports are guarded", func(o *Observed) { o.Programs = []string{"nft"} }, func(n *Need) { n.Programs, n.Guard = map[string]string{"nft": "vm1"}, "nft" }, "program nft", status.Fail, "apt-get install nftables"},
		{"a host's program is missing", func(o *Observed) { o.Programs = []string{"bird"} }, func(n *Need) { n.Programs = map[string]string{"bird": "red-b"} }, "program bird", status.Fail, "apt-get install bird2"},
		{"no root", func(o *Observed) { o.Root = false }, nil, "root", status.Fail, "sudo"},
		{"a pod without capabilities", func(o *Observed) { o.Container, o.Lacks = Pod, []string{"NET_RAW", "NET_BIND_SERVICE"} }, nil, "capabilities", status.Fail, "add: [NET_RAW, NET_BIND_SERVICE]"},
		{"a container without capabilities", func(o *Observed) { o.Container, o.Lacks = DockerContainer, []string{"NET_RAW", "SYS_ADMIN"} }, nil, "capabilities", status.Fail, "--cap-add NET_RAW --cap-add SYS_ADMIN"},
		{"a unit without capabilities", func(o *Observed) { o.Lacks = []string{"SYS_ADMIN"} }, nil, "capabilities", status.Fail, "systemd"},
		{"a container", func(o *Observed) { o.Container = OtherContainer }, nil, "container", status.OK, "all that labs need"},
		{"sysctls in a pod", func(o *Observed) { o.Container, o.SysctlsReadOnly = Pod, true }, nil, "sysctls", status.Fail, "remount,bind,rw"},
		{"no tun in a pod", func(o *Observed) { o.Container, o.Kernel.TUN = Pod, Absent }, func(n *Need) { n.Datapath = "netdev" }, "kernel: tun", status.Fail, "mountPath: /dev/net/tun"},
		{"tun is withheld", func(o *Observed) { o.Container, o.NoTUN = DockerContainer, true }, func(n *Need) { n.Datapath = "netdev" }, "kernel: tun", status.Fail, "--device"},
		{"tun is withheld, and not needed", func(o *Observed) { o.Container, o.NoTUN = OtherContainer, true }, nil, "kernel: tun", status.Warn, "may not be used"},
		{"no namespaces", func(o *Observed) { o.Kernel.Namespaces = Absent }, nil, "kernel: namespaces", status.Fail, "use a kernel"},
		{"no veth", func(o *Observed) { o.Kernel.Veth = Absent }, nil, "kernel: veth", status.Fail, "modprobe veth"},
		{"virtual machines", nil, func(n *Need) { n.Accelerator = "kvm" }, "virtual machines", status.OK, "by KVM"},
		{"emulated machines", nil, func(n *Need) { n.Accelerator = "tcg" }, "virtual machines", status.Warn, "emulated"},
		{"no tun", func(o *Observed) { o.Kernel.TUN, o.Kernel.OpenVSwitch = Absent, Absent }, nil, "kernel: tun", status.Fail, "modprobe tun"},
		{"no tun, system datapath", func(o *Observed) { o.Kernel.TUN = Absent }, func(n *Need) { n.Datapath = "system" }, "kernel: tun", status.Warn, "not available"},
		{"no tun, kernel datapath found", func(o *Observed) { o.Kernel.TUN = Absent }, nil, "kernel: tun", status.Warn, "not available"},
		{"no bridge", func(o *Observed) { o.Kernel.Bridge = Absent }, nil, "kernel: bridge", status.Warn, "not available"},
		{"no bridge for a LAN of routers", func(o *Observed) { o.Kernel.Bridge = Absent }, func(n *Need) { n.Segments = true }, "kernel: bridge", status.Fail, "modprobe bridge"},
		{"no dummy but ifb", func(o *Observed) { o.Kernel.Dummy, o.Kernel.IFB = Absent, Present }, nil, "kernel: dummy or ifb", status.OK, "available"},
		{"neither dummy nor ifb", func(o *Observed) { o.Kernel.Dummy, o.Kernel.IFB = Absent, Absent }, nil, "kernel: dummy or ifb", status.Fail, "modprobe dummy"},
		{"no IPv6", func(o *Observed) { o.Kernel.IPv6 = Absent }, nil, "kernel: IPv6", status.Warn, "ipv6.disable"},
		{"no IPv6 for an IPv6 lab", func(o *Observed) { o.Kernel.IPv6 = Absent }, func(n *Need) { n.IPv6 = true }, "kernel: IPv6", status.Fail, "ipv6.disable"},
		{"no MPLS", func(o *Observed) { o.Kernel.MPLS = Absent }, nil, "kernel: routing features", status.OK, "not available: MPLS"},
		{"no module", func(o *Observed) { o.Kernel.OpenVSwitch = Absent }, nil, "datapath", status.OK, "none is needed"},
		{"system without module", func(o *Observed) { o.Kernel.OpenVSwitch = Absent }, func(n *Need) { n.Datapath = "system" }, "datapath", status.Fail, "modprobe openvswitch"},
		{"system with module", nil, func(n *Need) { n.Datapath = "system" }, "datapath", status.OK, "in the kernel"},
		{"auto with module", nil, nil, "datapath", status.OK, "system, in the kernel"},
		{"netdev with module", nil, func(n *Need) { n.Datapath = "netdev" }, "datapath", status.OK, "netdev, in user space"},
		{"AF_XDP", func(o *Observed) { o.Kernel.XDP, o.OVS.XDP = Present, Present }, func(n *Need) { n.XDP, n.Datapath = 4, "netdev" }, "port-type afxdp", status.OK, "4 ports with 32 MiB"},
		{"AF_XDP and the kernel's datapath", nil, func(n *Need) { n.XDP = 2 }, "port-type afxdp", status.Fail, "datapath: netdev"},
		{"no AF_XDP", func(o *Observed) { o.Kernel.XDP = Absent }, func(n *Need) { n.XDP, n.Datapath = 2, "netdev" }, "port-type afxdp", status.Fail, "CONFIG_XDP_SOCKETS"},
		{"OVS without AF_XDP", func(o *Observed) { o.OVS.XDP = Absent }, func(n *Need) { n.XDP, n.Datapath = 2, "netdev" }, "port-type afxdp", status.Fail, "Debian's"},
		{"little may be locked", func(o *Observed) { o.Limits.Locked = 8 << 20 }, func(n *Need) { n.XDP, n.Datapath = 2, "netdev" }, "limit: locked memory", status.Warn, "a lab needs about 16 MiB"},
		{"no OVS", func(o *Observed) { o.OVS = OVS{Missing: []string{"ovs-vsctl", "ovs-ofctl"}} }, nil, "Open vSwitch", status.Fail, "ovs-vsctl, ovs-ofctl not installed"},
		{"old OVS", func(o *Observed) { o.OVS.Version = "2.17.9" }, nil, "Open vSwitch", status.Warn, "2.17.9"},
		{"OVS of tomorrow", func(o *Observed) { o.OVS.Version = "10.0.0" }, nil, "Open vSwitch", status.OK, "10.0.0"},
		{"OVS of unknown age", func(o *Observed) { o.OVS.Version = "branch" }, nil, "Open vSwitch", status.OK, "branch"},
		{"OVS service", func(o *Observed) { o.OVS.Service = 42 }, nil, "the server's own Open vSwitch", status.OK, "PID 42"},
		{"no Docker", func(o *Observed) { o.Daemons[0].Problem = "no daemon" }, nil, "Docker", status.Warn, "no daemon"},
		{"no Docker for containers", func(o *Observed) { o.Daemons[0].Problem = "no daemon" }, func(n *Need) { n.Runtimes = []string{"docker", "netns"} }, "Docker", status.Fail, "--runtime netns"},
		{"image", func(o *Observed) { o.Daemons[0].Absent = []string{"nginx"} }, nil, "image nginx", status.Warn, "docker pull nginx"},
		{"full disk", func(o *Observed) { o.Disks[0].Free = 3 << 20 }, nil, "disk /run", status.Fail, "3 MiB free"},
		{"disk of a large lab", func(o *Observed) { o.Disks[0].Free = 17 << 20 }, nil, "disk /run", status.Fail, "free space"},
		{"few files", func(o *Observed) { o.Limits.OpenFiles = 1000 }, nil, "limit: open files", status.Warn, "a lab needs about 1024"},
		{"files for many ports", func(o *Observed) { o.Limits.OpenFiles = 1024 }, func(n *Need) { n.Ports["pe2"] = 250 }, "limit: open files", status.Warn, "a lab needs about 1064"},
		{"few threads", func(o *Observed) { o.Limits.ThreadsUsed = 32700 }, nil, "limit: threads", status.Warn, "of which 32700"},
		{"neighbours", nil, func(n *Need) { n.ARP = Entries{90, 40} }, "limit: neighbours", status.OK, "ARP 1024, of which 4 are in use, and the lab needs 130; ND 1024"},
		{"neighbours of IPv4", nil, func(n *Need) { n.ARP = Entries{900, 121} }, "limit: neighbours", status.Warn, "sysctl -w net.ipv4.neigh.default.gc_thresh3=4096"},
		{"neighbours that are in use", func(o *Observed) { o.Limits.ND.Used = 1020 }, func(n *Need) { n.ND = Entries{0, 5} }, "limit: neighbours", status.Warn, "sysctl -w net.ipv6.neigh.default.gc_thresh3=4096"},
		{"neighbours of hosts alone", nil, func(n *Need) { n.ARP = Entries{0, 3000} }, "limit: neighbours", status.Warn, "gc_thresh3=8192"},
		{"neighbours of routers on a LAN", nil, func(n *Need) { n.ARP = Entries{1560, 40} }, "limit: neighbours", status.Fail, "gc_thresh3=4096"},
		{"neighbours of both families", nil, func(n *Need) { n.ARP, n.ND = Entries{1560, 0}, Entries{1560, 0} }, "limit: neighbours", status.Fail,
			"sysctl -w net.ipv4.neigh.default.gc_thresh3=4096 net.ipv6.neigh.default.gc_thresh3=4096"},
		{"inotify", func(o *Observed) { o.Limits.InotifyUsers = 8 }, nil, "limit: inotify", status.Warn, "max_user_instances"},
		{"memory", func(o *Observed) { o.Limits.MemoryAvailable = 90 << 20 }, nil, "memory", status.Warn, "90 MiB"},
		{"ports", nil, func(n *Need) { n.Ports["pe3"], n.Datapath = 251, "netdev" }, "ports per router", status.Warn, "275 in all, pe3 has the most: 251"},
		{"ports in the kernel", nil, func(n *Need) { n.Ports["pe3"], n.Datapath = 251, "system" }, "ports per router", status.OK, "251"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			o, n := healthy(), small()
			if tt.server != nil {
				tt.server(&o)
			}
			if tt.lab != nil {
				tt.lab(&n)
			}
			expect(t, Judge(o, n), tt.check, tt.status, tt.says)
		})
	}
}

// expect fails unless a check has the wanted finding and none is worse.
func expect(t *testing.T, found []status.Finding, check string, want status.Severity, says string) {
	t.Helper()
	i := slices.IndexFunc(found, func(f status.Finding) bool { return f.Check == check })
	if i < 0 {
		t.Fatalf("no finding %q in %v", check, found)
	}
	f := found[i]
	if f.Status != want || !strings.Contains(f.Detail+"\n"+f.Remedy, says) {
		t.Errorf("got %+v, want %s and %q", f, want, says)
	}
	if f.Status != status.OK && (f.Cost == "" || f.Remedy == "") {
		t.Errorf("%+v: cost and remedy are missing", f)
	}
	if (len(failures(found)) > 0) != (want == status.Fail) {
		t.Errorf("failed: %v", failures(found))
	}
}

func TestNIC(t *testing.T) {
	good := NIC{Present: true, Kind: "device", Up: true}
	for _, tt := range []struct {
		name   string
		change func(*NIC)
		status status.Severity
		says   string
	}{
		{"good", func(*NIC) {}, status.OK, "can be lent"},
		{"absent", func(n *NIC) { *n = NIC{} }, status.Fail, "no interface of that name"},
		{"default route", func(n *NIC) { n.Default = true }, status.Fail, "default route"},
		{"SSH session", func(n *NIC) { n.SSH = netip.MustParseAddr("203.0.113.5") }, status.Fail, "your SSH session from 203.0.113.5"},
		{"bridge", func(n *NIC) { n.Kind = "bridge" }, status.Fail, "loopback"},
		{"port of a bridge", func(n *NIC) { n.Master = "br7" }, status.Fail, "belongs to br7"},
		{"NetworkManager", func(n *NIC) { n.Manager = networkManager }, status.Warn, "nmcli device set ens5"},
		{"networkd", func(n *NIC) { n.Manager = networkd }, status.Warn, "Unmanaged=yes"},
		{"address", func(n *NIC) { n.Addresses = []netip.Prefix{netip.MustParsePrefix("2001:db8::5/64")} }, status.Warn, "2001:db8::5/64"},
		{"no carrier", func(n *NIC) { n.Up = false }, status.Warn, "no carrier"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			nic, need := good, small()
			tt.change(&nic)
			need.NICs = []string{"ens5"}
			o := healthy()
			o.NICs = map[string]NIC{"ens5": nic}
			expect(t, Judge(o, need), "NIC ens5", tt.status, tt.says)
		})
	}
}

// What the server needs is lent with force alone, and with a warning.
func TestForcedNIC(t *testing.T) {
	o, n := Observed{Root: true}, Need{NICs: []string{"ens5"}, Force: true}
	o.NICs = map[string]NIC{"ens5": {Present: true, Kind: "device", Up: true, Default: true}}
	expect(t, Judge(o, n), "NIC ens5", status.Warn, "default route")
	o.NICs["ens5"] = NIC{Present: true, Kind: "bridge", Default: true}
	expect(t, Judge(o, n), "NIC ens5", status.Fail, "bridge")
}

func TestBridgeFirewallConcernsVirtualNICs(t *testing.T) {
	o, n := healthy(), small()
	o.BridgeNF = true
	n.NICs = []string{"tap0"}
	for kind, want := range map[string]int{"device": 0, "tuntap": 1} {
		o.NICs = map[string]NIC{"tap0": {Present: true, Kind: kind, Up: true}}
		warned := 0
		for _, f := range Judge(o, n) {
			if f.Check == "bridge firewall" {
				warned++
			}
		}
		if warned != want {
			t.Errorf("%s: %d warnings, want %d", kind, warned, want)
		}
	}
}

func TestLabs(t *testing.T) {
	dirs := []string{"/run/pseudowan/demo", "/var/lib/pseudowan/demo"}
	for _, tt := range []struct {
		name   string
		lab    Lab
		status status.Severity
		says   string
	}{
		{"this one runs", Lab{Name: "demo", Routers: 1, Hosts: 20, Files: dirs}, status.OK, "1 router, 20 hosts; `up` applies"},
		{"another runs", Lab{Name: "other", Routers: 2}, status.OK, "running: 2 routers, 0 hosts"},
		{"under way", Lab{Name: "demo", Wrong: []string{"router pe1 is missing"}, Changing: true}, status.OK, "another command"},
		{"files only", Lab{Name: "demo", Files: dirs}, status.Warn, "rm -r /run/pseudowan/demo /var/lib/pseudowan/demo"},
		{"half", Lab{Name: "demo", Routers: 1, Wrong: []string{"a", "b", "c", "d", "e"}}, status.Warn, "a, b, c and 2 more"},
		{"its namespace alone", Lab{Name: "demo", Wrong: []string{"only its own namespace remains"}, Files: dirs}, status.Warn, "pseudowan down demo"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			o := healthy()
			o.Labs = []Lab{tt.lab}
			expect(t, Judge(o, small()), "lab "+tt.lab.Name, tt.status, tt.says)
		})
	}
}

// What was not observed is not judged: the checks of `up` observe little.
func TestUnseenIsNotJudged(t *testing.T) {
	if found := Judge(Observed{Root: true}, small()); len(found) != 2 { // root, ports per router
		t.Errorf("%+v", found)
	}
}
