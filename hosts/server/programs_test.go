package server

import (
	"errors"
	"net"
	"testing"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"pseudowan/hosts"
	"pseudowan/hosts/hoststest"
)

var (
	serverMAC  = net.HardwareAddr{2, 0, 0, 0, 0, 1}
	stationMAC = net.HardwareAddr{2, 0, 0, 0, 0, 0x11} // of the file
	gatewayMAC = net.HardwareAddr{2, 0, 0, 0, 0, 0xfe} // outside
)

// Kernels before 6.4 load no program that stores a constant in its context.
func TestProgramsStoreConstantsInTheStackAlone(t *testing.T) {
	for _, of := range []program{wireProgram, serverProgram, labProgram} {
		spec := of(3, 1, 2, serverMAC)
		for _, i := range spec.Instructions {
			if i.OpCode.Class() == asm.StClass && i.Dst != asm.RFP {
				t.Errorf("%s: %v", spec.Name, i)
			}
		}
	}
}

// frameOf is a frame between two addresses.
func frameOf(to, from net.HardwareAddr) []byte {
	f := make([]byte, 60)
	copy(f, to)
	copy(f[6:], from)
	f[12], f[13] = 0x08, 0x06
	return f
}

// The kernel takes the programs, and they decide as a switch does that no station can
// deceive for long: whoever speaks in a name of the outside gets copies, and only
// until that one is heard.
func TestRealPrograms(t *testing.T) {
	hoststest.NeedRoot(t)
	apartFrom(t)
	stations, err := newStations([]net.HardwareAddr{stationMAC})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stations.Close() })
	const lo, pass, drop, elsewhere = 1, -1, 2, 7
	run := func(of program, frame []byte) int32 {
		t.Helper()
		p, err := ebpf.NewProgram(of(stations.FD(), lo, lo, serverMAC))
		if err != nil {
			t.Fatal(err)
		}
		defer p.Close()
		action, err := p.Run(&ebpf.RunOptions{Data: frame})
		if err != nil {
			t.Fatal(err)
		}
		return int32(action)
	}
	group, other := net.HardwareAddr{255, 255, 255, 255, 255, 255}, net.HardwareAddr{2, 0, 0, 0, 0, 0x99}
	for _, step := range []struct {
		what     string
		at       program
		to, from net.HardwareAddr
		action   int32
		knows    uint32 // of the gateway's address, after it
	}{
		{"the server to a station of the file", serverProgram, stationMAC, serverMAC, elsewhere, 0},
		{"the server to the gateway", serverProgram, gatewayMAC, serverMAC, pass, 0},
		{"a station speaks as the server", labProgram, group, serverMAC, drop, 0},
		{"a BPDU of a station", labProgram, net.HardwareAddr{1, 0x80, 0xc2, 0, 0, 0}, stationMAC, drop, 0},
		{"LLDP of a station", labProgram, net.HardwareAddr{1, 0x80, 0xc2, 0, 0, 0xe}, stationMAC, drop, 0},
		{"GMRP of a station", labProgram, net.HardwareAddr{1, 0x80, 0xc2, 0, 0, 0x20}, stationMAC, elsewhere, 0},
		{"a station speaks as the gateway", labProgram, other, gatewayMAC, elsewhere, learned},
		{"the server to the gateway all the same", serverProgram, gatewayMAC, serverMAC, pass, learned},
		{"the gateway is heard", wireProgram, serverMAC, gatewayMAC, pass, 0},
		{"the station of the file comes back by a loop", wireProgram, group, stationMAC, pass, 0},
		{"and speaks itself", labProgram, serverMAC, stationMAC, elsewhere, 0},
		{"and is still one of the file", serverProgram, stationMAC, serverMAC, elsewhere, 0},
	} {
		if got := run(step.at, frameOf(step.to, step.from)); got != step.action {
			t.Errorf("%s: action %d, want %d", step.what, got, step.action)
		}
		var knows uint32
		if err := stations.Lookup([6]byte(gatewayMAC), &knows); err != nil && !errors.Is(err, ebpf.ErrKeyNotExist) || knows != step.knows {
			t.Errorf("%s: knows %d of the gateway, want %d (%v)", step.what, knows, step.knows, err)
		}
	}
}

// An edit of the file makes a table of programs that run what a new one would be.
func TestRealStationsOfAnEditedFile(t *testing.T) {
	hoststest.NeedRoot(t)
	m, err := newStations([]net.HardwareAddr{stationMAC})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	if err := m.Put([6]byte(gatewayMAC), uint32(learned)); err != nil {
		t.Fatal(err)
	}
	added := net.HardwareAddr{2, 0, 0, 0, 0, 0x12}
	info, err := m.Info()
	if err != nil {
		t.Fatal(err)
	}
	id, _ := info.ID()
	if err := knowIn(id, []net.HardwareAddr{added}); err != nil {
		t.Fatal(err)
	}
	for mac, want := range map[[6]byte]uint32{[6]byte(stationMAC): 0, [6]byte(gatewayMAC): learned, [6]byte(added): ofFile} {
		var how uint32
		if err := m.Lookup(mac, &how); err != nil && !errors.Is(err, ebpf.ErrKeyNotExist) || how != want {
			t.Errorf("%x: %d, want %d (%v)", mac, how, want, err)
		}
	}
}

// A repair that was killed has left programs that know different stations: that is
// to be repaired again.
func TestRealKilledRepair(t *testing.T) {
	hoststest.NeedRoot(t)
	apartFrom(t)
	var links []netlink.Link
	for _, name := range []string{"pwt-nic", "pwt-end"} {
		if err := netlink.LinkAdd(&netlink.Veth{LinkAttrs: netlink.LinkAttrs{Name: name}, PeerName: name + "-p"}); err != nil {
			t.Fatal(err)
		}
		l, err := netlink.LinkByName(name)
		if err != nil {
			t.Fatal(err)
		}
		if err := addHooks(l); err != nil {
			t.Fatal(err)
		}
		links = append(links, l)
	}
	nic, end := links[0], links[1]
	links[0].Attrs().RawFlags |= unix.IFF_PROMISC
	u := Uplink{Lab: "pwt", Segment: "lan", NIC: "pwt-nic", Stations: []net.HardwareAddr{stationMAC}}
	name, hooks := u.filterName(nic, end), hooksBetween(nic, end)
	if err := u.attach(hooks, nic, end, name); errors.Is(err, unix.ENOENT) {
		t.Skip("this kernel has no cls_bpf")
	} else if err != nil {
		t.Fatal(err)
	}
	if _, ok := intact(hooks, name); !ok {
		t.Error("what was just made is not whole")
	}
	if err := u.attach(hooks[:1], nic, end, name); err != nil {
		t.Fatal(err)
	}
	if _, ok := intact(hooks, name); ok {
		t.Error("two tables are taken for one")
	}
	u.Lab = "other"
	if err := u.attach(hooks, nic, end, name); !errors.Is(err, hosts.ErrForeign) {
		t.Errorf("filters of another lab are replaced: %v", err)
	}
}
