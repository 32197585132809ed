package topology

import (
	"fmt"
	"math"
)

// Machine is what makes a host a virtual machine. Paths are those of the server, as in
// the file.
type Machine struct {
	Kernel string `json:"kernel,omitempty"`
	Rootfs string `json:"rootfs,omitempty"`
	Image  string `json:"image,omitempty"`
	Append string `json:"append,omitempty"`
	UEFI   bool   `json:"uefi,omitempty"`
}

// firmwareKind is what a machine starts with.
type firmwareKind string

const (
	firmwareBIOS firmwareKind = "bios"
	firmwareUEFI firmwareKind = "uefi"
)

const minMachineMemory = 32 << 20

// machineSettings are the keys that only virtual machines have.
type machineSettings struct {
	Kernel   value[string]       `json:"kernel" doc:"Kernel, or a UEFI program, that the virtual machine starts (vm); relative to this file. Without kernel and image it looks for its system in the network."`
	Rootfs   value[string]       `json:"rootfs" doc:"Initramfs for the kernel (vm); relative to this file."`
	Append   value[string]       `json:"append" doc:"Command line of the kernel (vm), such as console=ttyS0."`
	Firmware value[firmwareKind] `json:"firmware" doc:"Firmware of the virtual machine (vm)." default:"bios"`
}

// machineOnly returns the first setting that only a virtual machine can have.
func (s machineSettings) machineOnly() (key string, at pos) {
	for _, v := range []struct {
		key string
		at  pos
	}{{"kernel", s.Kernel.at}, {"rootfs", s.Rootfs.at}, {"append", s.Append.at}, {"firmware", s.Firmware.at}} {
		if v.at != (pos{}) {
			return v.key, v.at
		}
	}
	return "", pos{}
}

// over fills the unset settings of s from base.
func (s machineSettings) over(base machineSettings) machineSettings {
	return machineSettings{first(s.Kernel, base.Kernel), first(s.Rootfs, base.Rootfs), first(s.Append, base.Append), first(s.Firmware, base.Firmware)}
}

// machine fills the settings of a host that is a virtual machine, and refuses what only
// other hosts can have. own are the host's settings without the lab's defaults.
func (b *hostBuilder) machine(h *Host, own rawHost, s hostSettings, element string) {
	name := first(s.Runtime, b.raw.Runtime).v
	h.Runtime, h.Command, h.Env, h.Files, h.Services, h.Keep = string(name), nil, nil, nil, nil, nil
	h.Memory, h.CPUs = int64(s.Memory.v), float64(s.CPUs.v)
	h.Machine = &Machine{Kernel: s.Kernel.v, Rootfs: s.Rootfs.v, Append: s.Append.v, Image: s.Image.v, UEFI: s.Firmware.v == firmwareUEFI}
	const inside = "remove it: what happens inside a virtual machine is the guest's affair"
	refuse := func(given bool, at pos, key string) {
		if given {
			b.refuse(at, element, fmt.Sprintf("%s: is not for hosts with runtime: %s", key, name), inside)
		}
	}
	refuse(len(own.Command) > 0, positionOf(own.Command), "command")
	refuse(len(own.Services) > 0, own.At, "services")
	refuse(len(own.Keep) > 0, own.At, "keep")
	refuse(len(own.Env) > 0, positionOfEntry(own.Env), "env")
	refuse(len(own.Files) > 0, positionOfEntry(own.Files), "files")
	refuse(len(own.LANs) > 0, positionOf(own.LANs), "lans")
	refuse(own.Forward.has, own.Forward.at, "forward")
	refuse(len(h.Sysctls) > 0, own.At, "sysctls")
	refuse(own.Build.has, own.Build.at, "build")
	refuse(len(own.Mounts) > 0, positionOf(own.Mounts), "mounts")
	refuse(len(own.Devices) > 0, positionOf(own.Devices), "devices")
	refuse(len(own.Capabilities) > 0, positionOf(own.Capabilities), "capabilities")
	if s.Rootfs.has && !s.Kernel.has {
		b.refuse(s.Rootfs.at, element, "has a rootfs: without kernel:", "add the kernel that is to use it")
	}
	if s.Append.has && !s.Kernel.has {
		b.refuse(s.Append.at, element, "has append: without kernel:", "add the kernel whose command line it is")
	}
	if s.Memory.has && h.Memory < minMachineMemory {
		b.refuse(s.Memory.at, element, "less memory than a virtual machine needs", fmt.Sprintf("use at least %dM", minMachineMemory>>20))
	}
	if s.CPUs.has && (h.CPUs != math.Trunc(h.CPUs) || h.CPUs < 1) {
		b.refuse(s.CPUs.at, element, fmt.Sprintf("a virtual machine has whole CPUs, not %v", h.CPUs), "write it as 2")
	}
}

func positionOf[T any](list []value[T]) pos {
	if len(list) == 0 {
		return pos{}
	}
	return list[0].at
}

func positionOfEntry[T any](list entries[T]) pos {
	if len(list) == 0 {
		return pos{}
	}
	return list[0].key.at
}

// machineAttachment refuses what an attachment of a virtual machine cannot have.
func (b *hostBuilder) machineAttachment(raw rawAttachment, done Attachment, element string) {
	if done.Segment == "" {
		b.refuse(raw.To.at, element, "a virtual machine is attached to segments only", "add a segment, with the router on it, and name it in to:")
		return
	}
	const remedy = "remove it: the guest configures its interfaces by itself"
	for _, v := range []struct {
		key   string
		given bool
		at    pos
	}{
		{"addresses", len(raw.Addresses) > 0, positionOf(raw.Addresses)},
		{"dad", raw.DAD.has, raw.DAD.at},
		{"proxy-nd", len(raw.ProxyND) > 0, positionOf(raw.ProxyND)},
		{"sysctls", len(raw.Sysctls) > 0, positionOfEntry(raw.Sysctls)},
	} {
		if v.given {
			b.refuse(v.at, element, v.key+": is not for virtual machines", remedy)
		}
	}
	if len(raw.Routes) > 0 {
		b.refuse(raw.Routes[0].at, element, "routes: is not for virtual machines", remedy)
	}
}

// machineNames returns the names of the virtual machines.
func (t *Topology) machineNames() map[string]bool {
	out := make(map[string]bool)
	for _, h := range t.Hosts {
		if h.Machine != nil {
			out[h.Name] = true
		}
	}
	return out
}

// checkMachines refuses lines that would need something inside a virtual machine.
func (b *labBuilder) checkMachines(at pos, e expectLine) {
	machines := b.lab.machineNames()
	if machines[e.From] {
		b.refuse(at, "expect", e.From+" is a virtual machine, from which nothing can be sent or seen", "write a host of the lab before the arrow")
	}
	if machines[e.To] {
		b.refuse(at, "expect", "the addresses of "+e.To+", a virtual machine, are not known", "write the address that it is to have instead of its name")
	}
}
