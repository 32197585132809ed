package server

import (
	"encoding/binary"
	"fmt"
	"net"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
)

// The programs at the hooks of a NIC and of the wire to a segment, which together are
// a switch with three ports: the wire behind the NIC, the server, and the segment.
// They know who is on the segment from what it sends.
//
// A frame of the segment that the server is to receive enters at the NIC once more, as
// if it came from there, with a mark of the packet that keeps it from going back.

// program makes one of them.
type program func(stations *ebpf.Map, nic, end int, mac net.HardwareAddr) (*ebpf.Program, error)

const (
	ownMark = 0x70775077 // of a packet from the segment on its way to the server

	offsetMark = 8 // in struct __sk_buff

	actUnspec = -1 // as if the program were not there
	actShot   = 2
	ingress   = 1 // BPF_F_INGRESS

	frame    = -16       // where the begin of a frame is in the program's stack: the receiver
	sender   = frame + 6 // and the sender
	known    = frame - 8 // a value of the map
	maxKnown = 4096      // stations of a segment; the one unheard for longest is forgotten
	header   = 14        // octets
)

// newStations makes the table of those on a segment.
func newStations(macs []net.HardwareAddr) (*ebpf.Map, error) {
	m, err := ebpf.NewMap(&ebpf.MapSpec{Name: "pseudowan", Type: ebpf.LRUHash, KeySize: 6, ValueSize: 4, MaxEntries: maxKnown})
	if err != nil {
		return nil, fmt.Errorf("make a table of MAC addresses: %w", err)
	}
	for _, mac := range macs {
		if err := m.Put([]byte(mac), uint32(1)); err != nil {
			m.Close()
			return nil, err
		}
	}
	return m, nil
}

// wireProgram copies to the segment what comes in at the NIC for a group or a station
// there.
func wireProgram(stations *ebpf.Map, _, end int, _ net.HardwareAddr) (*ebpf.Program, error) {
	code := asm.Instructions{
		asm.Mov.Reg(asm.R6, asm.R1),
		asm.LoadMem(asm.R2, asm.R6, offsetMark, asm.Word),
		asm.JNE.Imm32(asm.R2, ownMark, "foreign"),
		asm.StoreImm(asm.R6, offsetMark, 0, asm.Word),
		asm.Ja.Label("pass"),
		asm.Mov.Reg(asm.R1, asm.R6).WithSymbol("foreign"),
	}
	code = append(code, load("pass")...)
	code = append(code, toStation(stations, frame, "copy", "pass")...)
	code = append(code, cloneTo(end, 0, "copy")...)
	return finish("wire", code)
}

// serverProgram copies to the segment what the server sends to a group, and moves
// there what it sends to a station.
func serverProgram(stations *ebpf.Map, _, end int, mac net.HardwareAddr) (*ebpf.Program, error) {
	code := asm.Instructions{asm.Mov.Reg(asm.R6, asm.R1)}
	code = append(code, load("pass")...)
	code = append(code, compareMAC(sender, mac, "pass")...) // others' frames only leave
	code = append(code, toStation(stations, frame, "copy", "pass")...)
	code = append(code, redirect(end, 0, "")...)
	code = append(code, cloneTo(end, 0, "copy")...)
	return finish("server", code)
}

// labProgram sends what the segment sends to the wire, to the server, or to both.
func labProgram(stations *ebpf.Map, nic, _ int, mac net.HardwareAddr) (*ebpf.Program, error) {
	code := asm.Instructions{asm.Mov.Reg(asm.R6, asm.R1)}
	code = append(code, load("drop")...)
	code = append(code,
		asm.LoadMem(asm.R2, asm.RFP, sender, asm.Byte),
		asm.And.Imm(asm.R2, 1),
		asm.JNE.Imm(asm.R2, 0, "drop"), // nobody's address
	)
	code = append(code, compareMAC(sender, mac, "station")...)
	code = append(code,
		asm.Ja.Label("drop"), // the server's, from elsewhere
		asm.StoreImm(asm.RFP, known, 1, asm.Word).WithSymbol("station"),
		asm.LoadMapPtr(asm.R1, stations.FD()),
		asm.Mov.Reg(asm.R2, asm.RFP), asm.Add.Imm(asm.R2, sender),
		asm.Mov.Reg(asm.R3, asm.RFP), asm.Add.Imm(asm.R3, known),
		asm.Mov.Imm(asm.R4, 0),
		asm.FnMapUpdateElem.Call(),
		asm.LoadMem(asm.R2, asm.RFP, frame, asm.Byte),
		asm.And.Imm(asm.R2, 1),
		asm.JNE.Imm(asm.R2, 0, "group"),
	)
	code = append(code, compareMAC(frame, mac, "out")...)
	code = append(code, asm.StoreImm(asm.R6, offsetMark, ownMark, asm.Word))
	code = append(code, redirect(nic, ingress, "")...)
	code = append(code, asm.StoreImm(asm.R6, offsetMark, ownMark, asm.Word).WithSymbol("group"))
	code = append(code, clone(nic, ingress)...)
	code = append(code, asm.StoreImm(asm.R6, offsetMark, 0, asm.Word))
	code = append(code, redirect(nic, 0, "out")...)
	code = append(code, asm.Mov.Imm(asm.R0, actShot).WithSymbol("drop"), asm.Return())
	return finish("lab", code)
}

// load reads the addresses of the frame, and jumps if it is too short.
func load(short string) asm.Instructions {
	return asm.Instructions{
		asm.Mov.Reg(asm.R1, asm.R6),
		asm.Mov.Imm(asm.R2, 0),
		asm.Mov.Reg(asm.R3, asm.RFP), asm.Add.Imm(asm.R3, frame),
		asm.Mov.Imm(asm.R4, header),
		asm.FnSkbLoadBytes.Call(),
		asm.JNE.Imm(asm.R0, 0, short),
	}
}

// compareMAC jumps if an address on the stack is not a given one.
func compareMAC(at int16, mac net.HardwareAddr, different string) asm.Instructions {
	return asm.Instructions{
		asm.LoadMem(asm.R2, asm.RFP, at, asm.Half),
		asm.JNE.Imm(asm.R2, int32(binary.NativeEndian.Uint16(mac)), different),
		asm.LoadMem(asm.R2, asm.RFP, at+2, asm.Half),
		asm.JNE.Imm(asm.R2, int32(binary.NativeEndian.Uint16(mac[2:])), different),
		asm.LoadMem(asm.R2, asm.RFP, at+4, asm.Half),
		asm.JNE.Imm(asm.R2, int32(binary.NativeEndian.Uint16(mac[4:])), different),
	}
}

// toStation jumps to group if an address is one, and to none if nobody on the segment
// has it.
func toStation(stations *ebpf.Map, at int16, group, none string) asm.Instructions {
	return asm.Instructions{
		asm.LoadMem(asm.R2, asm.RFP, at, asm.Byte),
		asm.And.Imm(asm.R2, 1),
		asm.JNE.Imm(asm.R2, 0, group),
		asm.LoadMapPtr(asm.R1, stations.FD()),
		asm.Mov.Reg(asm.R2, asm.RFP), asm.Add.Imm(asm.R2, int32(at)),
		asm.FnMapLookupElem.Call(),
		asm.JEq.Imm(asm.R0, 0, none),
	}
}

func clone(to, flags int) asm.Instructions {
	return asm.Instructions{
		asm.Mov.Reg(asm.R1, asm.R6), asm.Mov.Imm(asm.R2, int32(to)), asm.Mov.Imm(asm.R3, int32(flags)), asm.FnCloneRedirect.Call(),
	}
}

// cloneTo is clone at a label, and the end of a program that lets everything pass.
func cloneTo(to, flags int, label string) asm.Instructions {
	code := clone(to, flags)
	code[0] = code[0].WithSymbol(label)
	return append(code, asm.Mov.Imm(asm.R0, actUnspec).WithSymbol("pass"), asm.Return())
}

// redirect ends a program: the frame goes elsewhere.
func redirect(to, flags int, label string) asm.Instructions {
	code := asm.Instructions{
		asm.Mov.Imm(asm.R1, int32(to)), asm.Mov.Imm(asm.R2, int32(flags)), asm.FnRedirect.Call(), asm.Return(),
	}
	if label != "" {
		code[0] = code[0].WithSymbol(label)
	}
	return code
}

func finish(name string, code asm.Instructions) (*ebpf.Program, error) {
	p, err := ebpf.NewProgram(&ebpf.ProgramSpec{Name: "pseudowan_" + name, Type: ebpf.SchedCLS, License: "GPL", Instructions: code})
	if err != nil {
		return nil, fmt.Errorf("load the program %s: %w", name, err)
	}
	return p, nil
}
