package main

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"pseudowan/doctor"
	"pseudowan/status"
)

// server is a server that a lab finds lacking.
type server struct {
	observed doctor.Observed
	need     doctor.Need
}

// servers returns servers with every problem that doctor knows, a few each.
func servers() []server {
	const absent = doctor.Absent
	lacking := doctor.Kernel{
		Namespaces: absent, Veth: absent, Bridge: absent, Dummy: absent, IFB: absent,
		TUN: absent, IPv6: absent, OpenVSwitch: absent,
	}
	nic := func(n doctor.NIC) server {
		return server{
			doctor.Observed{Root: true, NICs: map[string]doctor.NIC{"eth1": n}, BridgeNF: n.Kind == "tuntap"},
			doctor.Need{Lab: "LAB", NICs: []string{"eth1"}},
		}
	}
	return []server{
		{doctor.Observed{Kernel: lacking}, doctor.Need{LANs: true, Segments: true, IPv6: true, Datapath: "system"}},
		{doctor.Observed{Root: true, Kernel: lacking}, doctor.Need{Datapath: "netdev"}},
		{withheld(doctor.Pod), doctor.Need{Datapath: "netdev"}},
		{withheld(doctor.DockerContainer), doctor.Need{Datapath: "netdev"}},
		{withheld(doctor.OtherContainer), doctor.Need{Datapath: "netdev"}},
		{withheld(""), doctor.Need{Datapath: "netdev"}},
		{doctor.Observed{Root: true, Kernel: doctor.Kernel{OpenVSwitch: doctor.Present}}, doctor.Need{XDP: 2}},
		{doctor.Observed{Root: true, Kernel: doctor.Kernel{XDP: absent}}, doctor.Need{XDP: 2, Datapath: "netdev"}},
		{doctor.Observed{Root: true, OVS: doctor.OVS{XDP: absent}, Limits: doctor.Limits{Locked: 8 << 20}}, doctor.Need{XDP: 2, Datapath: "netdev"}},
		{doctor.Observed{Root: true, OVS: doctor.OVS{Missing: []string{"ovs-vswitchd"}}}, doctor.Need{}},
		{doctor.Observed{Root: true, OVS: doctor.OVS{Version: "2.17"}}, doctor.Need{}},
		{doctor.Observed{Root: true, Daemons: docker(doctor.Daemon{Problem: "no daemon answers"})}, doctor.Need{Runtimes: []string{"docker"}}},
		{doctor.Observed{Root: true, Daemons: docker(doctor.Daemon{Problem: "no daemon answers"})}, doctor.Need{}},
		{doctor.Observed{Root: true, Daemons: docker(doctor.Daemon{Installed: true, Problem: "no daemon answers"})}, doctor.Need{}},
		{doctor.Observed{Root: true, Daemons: docker(doctor.Daemon{Absent: []string{"IMAGE"}})}, doctor.Need{}},
		{doctor.Observed{Root: true}, doctor.Need{Lab: "LAB", Builtin: "busybox is not installed"}},
		{doctor.Observed{Root: true}, doctor.Need{Lab: "LAB", Accelerator: "tcg"}},
		{doctor.Observed{Root: true, Programs: []string{"bird"}}, doctor.Need{Programs: map[string]string{"bird": "HOST"}}},
		{doctor.Observed{Root: true, Packages: []string{"radvd"}}, doctor.Need{Packages: map[string]string{"radvd": "HOST"}}},
		{doctor.Observed{Root: true, Disks: []doctor.Disk{{Path: "/run", Free: 1 << 20}}}, doctor.Need{Ports: map[string]int{"pe1": 2}}},
		{doctor.Observed{Root: true, Limits: tightLimits(2048)}, doctor.Need{Ports: map[string]int{"pe1": 300}, Hosts: 100, ARP: doctor.Entries{Hosts: 3000}}},
		{doctor.Observed{Root: true, Cores: 2}, doctor.Need{BFD: doctor.BFD{Ends: 100, Packets: 10000, Interval: 10 * time.Millisecond}}},
		{doctor.Observed{Root: true, Limits: tightLimits(1024)}, doctor.Need{ARP: doctor.Entries{Routers: 2000}}},
		nic(doctor.NIC{}),
		nic(doctor.NIC{Present: true, Kind: "device", Default: true}),
		nic(doctor.NIC{Present: true, Kind: "device", SSH: netip.MustParseAddr("203.0.113.5")}),
		{
			doctor.Observed{Root: true, NICs: map[string]doctor.NIC{"eth1": {Present: true, Kind: "device", Up: true, Default: true}}},
			doctor.Need{Lab: "LAB", NICs: []string{"eth1"}, Force: true},
		},
		nic(doctor.NIC{Present: true, Kind: "bridge"}),
		nic(doctor.NIC{Present: true, Kind: "device", Master: "br7"}),
		nic(doctor.NIC{Present: true, Kind: "tuntap", Manager: "NetworkManager", Addresses: []netip.Prefix{netip.MustParsePrefix("192.0.2.1/24")}}),
		nic(doctor.NIC{Present: true, Kind: "device", Manager: "systemd-networkd", Up: true}),
		{
			doctor.Observed{Root: true, NoNFT: true, Networks: []doctor.Network{{Prefix: netip.MustParsePrefix("172.20.0.0/16"), Interface: "docker0"}}, Ports: []doctor.Port{{Protocol: "tcp", Port: 8080, Holder: "nginx (PID 7)"}}, Droppers: []doctor.Dropper{{Family: "ip", Table: "filter", Chain: "FORWARD", User: "DOCKER-USER"}}},
			doctor.Need{
				Lab: "LAB", Uplinks: []doctor.Uplink{{Segment: "SEGMENT", Subnets: []netip.Prefix{netip.MustParsePrefix("172.20.0.0/16")}}},
				Publish: []doctor.Published{
					{Port: doctor.Port{Protocol: "tcp", Port: 8080}, Text: "8080:80/tcp", Host: "HOST"},
					{Port: doctor.Port{Protocol: "tcp", Address: netip.MustParseAddr("192.0.2.1"), Port: 8081}, Text: "192.0.2.1:8081:80/tcp", Host: "HOST"},
				},
			},
		},
		onSegment(doctor.NIC{}),
		onSegment(doctor.NIC{Present: true, Lab: "OTHER"}),
		onSegment(doctor.NIC{Present: true, Wireless: true}),
		onSegment(doctor.NIC{Present: true}),
		onSegment(doctor.NIC{Present: true, Ethernet: true, Master: "br7"}),
		onSegment(doctor.NIC{Present: true, Ethernet: true, MTU: 1400}),
		onSegment(doctor.NIC{Present: true, Ethernet: true, MTU: 1500}),
		{doctor.Observed{Root: true, Labs: []doctor.Lab{
			{Name: "LAB", Routers: 2, Hosts: 20, Wrong: []string{"router pe1 is missing"}},
			{Name: "LAB", Files: []string{"/run/pseudowan/LAB"}},
		}}, doctor.Need{}},
	}
}

// withheld is a container whose root has nothing that it needs not be given.
func withheld(c doctor.Container) doctor.Observed {
	return doctor.Observed{
		Root: true, Kernel: doctor.Kernel{TUN: doctor.Absent, OpenVSwitch: doctor.Absent},
		Privileges: doctor.Privileges{Container: c, Lacks: []string{"SYS_ADMIN", "NET_ADMIN", "NET_RAW", "NET_BIND_SERVICE"}, SysctlsReadOnly: true},
	}
}

// docker adds what is known of Docker to the state of its daemon.
func docker(d doctor.Daemon) []doctor.Daemon {
	d.Runtime, d.Name = "docker", "Docker"
	d.Install, d.Start, d.Pull = "apt-get install docker.io", "systemctl start docker", "docker pull"
	return []doctor.Daemon{d}
}

func tightLimits(arp uint64) doctor.Limits {
	return doctor.Limits{
		OpenFiles: 1024, InotifyUsers: 8, Threads: 300, ThreadsUsed: 200, MemoryAvailable: 40 << 20,
		ARP: doctor.Table{Most: arp, Used: 4},
	}
}

// trouble is a finding, with every severity that it can have.
type trouble struct {
	status.Finding
	severities []string
}

// troubles returns all findings that need a remedy, by check in doctor's order.
func troubles() (checks []string, found map[string][]*trouble) {
	found = map[string][]*trouble{}
	for _, s := range servers() {
		for _, f := range doctor.Judge(s.observed, s.need) {
			if f.Status == status.OK {
				continue
			}
			if found[f.Check] == nil {
				checks = append(checks, f.Check)
			}
			found[f.Check] = addTrouble(found[f.Check], f)
		}
	}
	return checks, found
}

// addTrouble adds f, or only its severity if all else is in the list already.
func addTrouble(all []*trouble, f status.Finding) []*trouble {
	severity := string(f.Status)
	f.Status = ""
	for _, t := range all {
		if t.Finding == f {
			if !slices.Contains(t.severities, severity) {
				t.severities = append(t.severities, severity)
			}
			return all
		}
	}
	return append(all, &trouble{f, []string{severity}})
}

const troubleIntro = "# Troubleshooting\n\n" +
	"| the question | the command |\n|---|---|\n" +
	"| Does everything run? | `sudo pseudowan ps` |\n" +
	"| What does the server lack? | `sudo pseudowan doctor`, with a file or a lab: for that lab |\n" +
	"| Is anything other than it should be? | `sudo pseudowan audit` |\n" +
	"| Who does not reach whom? | `sudo pseudowan verify` |\n" +
	"| Where does a packet stop? | `sudo pseudowan trace HOST ADDRESS` |\n" +
	"| Why is a prefix not in a VRF? | `sudo pseudowan explain ROUTER VRF PREFIX` |\n" +
	"| Why is a session down? | `sudo pseudowan show peer`, column `why` |\n" +
	"| What did a router or a host say? | `sudo pseudowan logs NODE` |\n\n" +
	"Another `pseudowan up` with the lab's file repairs what has ended, vanished or been changed by hand, and says what\n" +
	"that was; `pseudowan down` removes everything, even of an incomplete lab.\n\n" +
	"Below is what makes `doctor` warn (*warn*: a lab runs, but less well) or refuse (*fail*: it cannot run), and the\n" +
	"remedy. If both are given, it is *fail* for a lab that needs the thing. `up` makes the same checks for its lab\n" +
	"before it touches anything.\n"

// troubleshooting returns the page of problems and remedies.
func troubleshooting() string {
	var b strings.Builder
	b.WriteString(troubleIntro)
	checks, found := troubles()
	for _, check := range checks {
		fmt.Fprintf(&b, "\n## %s\n\n| doctor sees | | it costs | remedy |\n|---|---|---|---|\n", check)
		for _, f := range found[check] {
			fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", cell(f.Detail), strings.Join(f.severities, " or "), cell(f.Cost), cell(f.Remedy))
		}
	}
	return b.String()
}

// onSegment is a server with a NIC that is to be a port of a segment.
func onSegment(n doctor.NIC) server {
	return server{
		doctor.Observed{Root: true, NICs: map[string]doctor.NIC{"eth0": n}},
		doctor.Need{Lab: "LAB", OnSegments: []doctor.SegmentNIC{{NIC: "eth0", Segment: "SEGMENT", MTU: 1500}}},
	}
}
