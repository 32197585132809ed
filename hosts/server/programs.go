package server

import (
	"encoding/binary"
	"net"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
)

// The programs at the hooks of a NIC and of the wire to a segment, which together are
// a switch with three ports: the wire behind the NIC, the server, and the segment.
// They know who is on the segment from the file, and from what it sends: the latter
// cuts nobody off from the server, since whoever is there can send with any address.
//
// A frame of the segment that the server is to receive enters at the NIC once more, as
// if it came from there, with a mark of the packet that keeps it from going back.

// program makes one of them, with the file descriptor of the table of stations.
type program func(stations, nic, end int, mac net.HardwareAddr) *ebpf.ProgramSpec

const (
	ownMark = 0x70775077 // of a packet from the segment on its way to the server

	offsetMark = 8 // in struct __sk_buff

	actUnspec = -1 // as if the program were not there
	actShot   = 2
	ingress   = 1 // BPF_F_INGRESS

	frame  = -16       // where the begin of a frame is in the program's stack: the receiver
	sender = frame + 6 // and the sender
	value  = frame - 8 // of the map
	header = 14        // octets
)

// wireProgram copies to the segment what comes in at the NIC for a group or a station
// there. Whoever sends at the NIC is not on the segment, whatever that has sent.
func wireProgram(stations, _, end int, _ net.HardwareAddr) *ebpf.ProgramSpec {
	code := asm.Instructions{
		asm.Mov.Reg(asm.R6, asm.R1),
		asm.LoadMem(asm.R2, asm.R6, offsetMark, asm.Word),
		asm.JNE.Imm32(asm.R2, ownMark, "foreign"),
	}
	code = append(code, mark(0, "")...)
	code = append(code, asm.Ja.Label("pass"), asm.Mov.Reg(asm.R1, asm.R6).WithSymbol("foreign"))
	code = append(code, load("pass")...)
	code = append(code, lookup(stations, sender)...)
	code = append(code,
		asm.JEq.Imm(asm.R0, 0, "receiver"),
		asm.LoadMem(asm.R2, asm.R0, 0, asm.Word),
		asm.JEq.Imm(asm.R2, ofFile, "receiver"),
		asm.LoadMapPtr(asm.R1, stations),
		asm.Mov.Reg(asm.R2, asm.RFP), asm.Add.Imm(asm.R2, sender),
		asm.FnMapDeleteElem.Call(),
		asm.Mov.Reg(asm.R1, asm.R6).WithSymbol("receiver"),
	)
	code = append(code, toStation(stations, frame, "copy", "pass")...)
	code = append(code, cloneTo(end, 0, "copy")...)
	return finish("wire", code)
}

// serverProgram copies to the segment what the server sends to a group or to a station
// that says it is there, and moves there what it sends to one of the file.
func serverProgram(stations, _, end int, mac net.HardwareAddr) *ebpf.ProgramSpec {
	code := asm.Instructions{asm.Mov.Reg(asm.R6, asm.R1)}
	code = append(code, load("pass")...)
	code = append(code, compareMAC(sender, mac, "pass")...) // others' frames only leave
	code = append(code, toStation(stations, frame, "copy", "pass")...)
	code = append(code, asm.LoadMem(asm.R2, asm.R0, 0, asm.Word), asm.JNE.Imm(asm.R2, ofFile, "copy"))
	code = append(code, redirect(end, 0, "")...)
	code = append(code, cloneTo(end, 0, "copy")...)
	return finish("server", code)
}

// labProgram sends what the segment sends to the wire, to the server, or to both.
func labProgram(stations, nic, _ int, mac net.HardwareAddr) *ebpf.ProgramSpec {
	code := asm.Instructions{asm.Mov.Reg(asm.R6, asm.R1)}
	code = append(code, load("drop")...)
	code = append(code, dropLinkLocal("drop")...)
	code = append(code,
		asm.LoadMem(asm.R2, asm.RFP, sender, asm.Byte),
		asm.And.Imm(asm.R2, 1),
		asm.JNE.Imm(asm.R2, 0, "drop"), // nobody's address
	)
	code = append(code, compareMAC(sender, mac, "station")...)
	code = append(code,
		asm.Ja.Label("drop"), // the server's, from elsewhere
		asm.Mov.Reg(asm.R1, asm.R6).WithSymbol("station"),
	)
	code = append(code, lookup(stations, sender)...)
	code = append(code,
		asm.JNE.Imm(asm.R0, 0, "known"),
		asm.StoreImm(asm.RFP, value, learned, asm.Word),
		asm.LoadMapPtr(asm.R1, stations),
		asm.Mov.Reg(asm.R2, asm.RFP), asm.Add.Imm(asm.R2, sender),
		asm.Mov.Reg(asm.R3, asm.RFP), asm.Add.Imm(asm.R3, value),
		asm.Mov.Imm(asm.R4, 0),
		asm.FnMapUpdateElem.Call(),
		asm.LoadMem(asm.R2, asm.RFP, frame, asm.Byte).WithSymbol("known"),
		asm.And.Imm(asm.R2, 1),
		asm.JNE.Imm(asm.R2, 0, "group"),
	)
	code = append(code, compareMAC(frame, mac, "out")...)
	code = append(code, mark(ownMark, "")...)
	code = append(code, redirect(nic, ingress, "")...)
	code = append(code, mark(ownMark, "group")...)
	code = append(code, clone(nic, ingress)...)
	code = append(code, mark(0, "")...)
	code = append(code, redirect(nic, 0, "out")...)
	code = append(code, asm.Mov.Imm(asm.R0, actShot).WithSymbol("drop"), asm.Return())
	return finish("lab", code)
}

// mark sets the mark of the packet, by a register: kernels before 6.4 take no constant.
func mark(to int32, label string) asm.Instructions {
	code := asm.Instructions{asm.Mov.Imm(asm.R2, to), asm.StoreMem(asm.R6, offsetMark, asm.R2, asm.Word)}
	if label != "" {
		code[0] = code[0].WithSymbol(label)
	}
	return code
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

// dropLinkLocal jumps if the receiver is one of 01:80:c2:00:00:0x, which no bridge
// forwards (IEEE 802.1Q, table 8-1): BPDUs, 802.1X, LACP and LLDP are between neighbours.
func dropLinkLocal(drop string) asm.Instructions {
	begin := net.HardwareAddr{0x01, 0x80, 0xc2, 0, 0, 0}
	return asm.Instructions{
		asm.LoadMem(asm.R2, asm.RFP, frame, asm.Half),
		asm.JNE.Imm(asm.R2, int32(binary.NativeEndian.Uint16(begin)), "forwarded"),
		asm.LoadMem(asm.R2, asm.RFP, frame+2, asm.Half),
		asm.JNE.Imm(asm.R2, int32(binary.NativeEndian.Uint16(begin[2:])), "forwarded"),
		asm.LoadMem(asm.R2, asm.RFP, frame+4, asm.Byte),
		asm.JNE.Imm(asm.R2, 0, "forwarded"),
		asm.LoadMem(asm.R2, asm.RFP, frame+5, asm.Byte),
		asm.And.Imm(asm.R2, 0xf0),
		asm.JEq.Imm(asm.R2, 0, drop),
		asm.Mov.Reg(asm.R1, asm.R6).WithSymbol("forwarded"),
	}
}

// lookup looks for an address on the stack among the stations.
func lookup(stations int, at int16) asm.Instructions {
	return asm.Instructions{
		asm.LoadMapPtr(asm.R1, stations),
		asm.Mov.Reg(asm.R2, asm.RFP), asm.Add.Imm(asm.R2, int32(at)),
		asm.FnMapLookupElem.Call(),
	}
}

// toStation jumps to group if an address is one, and to none if nobody on the segment
// has it.
func toStation(stations int, at int16, group, none string) asm.Instructions {
	code := asm.Instructions{
		asm.LoadMem(asm.R2, asm.RFP, at, asm.Byte),
		asm.And.Imm(asm.R2, 1),
		asm.JNE.Imm(asm.R2, 0, group),
	}
	code = append(code, lookup(stations, at)...)
	return append(code, asm.JEq.Imm(asm.R0, 0, none))
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

func finish(name string, code asm.Instructions) *ebpf.ProgramSpec {
	return &ebpf.ProgramSpec{Name: "pseudowan_" + name, Type: ebpf.SchedCLS, License: "GPL", Instructions: code}
}
