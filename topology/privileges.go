package topology

import (
	"fmt"
	"path"
	"slices"
	"strings"
)

// What a container has beyond Docker's defaults. It is never privileged.
type (
	devicePath string // /dev/net/tun
	capability string // NET_ADMIN
)

func parseDevice(p *devicePath, s string) *fault {
	const remedy = "write it as /dev/net/tun"
	switch {
	case strings.Contains(s, ":"):
		return &fault{fmt.Sprintf("device %q: the container has it under its own name, with full access", s), remedy}
	case !path.IsAbs(s) || path.Clean(s) != s || !inDir(s, "/dev") || s == "/dev":
		return &fault{fmt.Sprintf("%q is not a device file below /dev", s), remedy}
	case slices.Contains([]string{"/dev/mem", "/dev/kmem", "/dev/port"}, s):
		return &fault{fmt.Sprintf("%s is the memory of the server", s), "remove it"}
	}
	*p = devicePath(s)
	return nil
}

// capabilities are those of capabilities(7).
var capabilities = strings.Fields(`AUDIT_CONTROL AUDIT_READ AUDIT_WRITE BLOCK_SUSPEND BPF CHECKPOINT_RESTORE
	CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID IPC_LOCK IPC_OWNER KILL LEASE LINUX_IMMUTABLE MAC_ADMIN
	MAC_OVERRIDE MKNOD NET_ADMIN NET_BIND_SERVICE NET_BROADCAST NET_RAW PERFMON SETFCAP SETGID SETPCAP SETUID
	SYSLOG SYS_ADMIN SYS_BOOT SYS_CHROOT SYS_MODULE SYS_NICE SYS_PACCT SYS_PTRACE SYS_RAWIO SYS_RESOURCE SYS_TIME
	SYS_TTY_CONFIG WAKE_ALARM`)

func parseCapability(p *capability, s string) *fault {
	name := strings.TrimPrefix(strings.ToUpper(s), "CAP_")
	switch {
	case name == "ALL":
		return &fault{"containers are never privileged", "name the capabilities that it needs, as in [SYS_ADMIN]"}
	case !slices.Contains(capabilities, name):
		known := make(map[string]bool)
		for _, c := range capabilities {
			known[c] = true
		}
		return &fault{fmt.Sprintf("no capability is named %q", s), suggest(name, known)}
	}
	*p = capability(name)
	return nil
}

// privileges fills the devices and capabilities of a host, and refuses repeated ones.
func (b *hostBuilder) privileges(h *Host, s hostSettings, element string) {
	for _, d := range s.Devices {
		if d.has && slices.Contains(h.Devices, string(d.v)) {
			b.refuse(d.at, element, fmt.Sprintf("device %s occurs twice", d.v), "remove one")
		}
		h.Devices = append(h.Devices, string(d.v))
	}
	for _, c := range s.Capabilities {
		if c.has && slices.Contains(h.Capabilities, string(c.v)) {
			b.refuse(c.at, element, fmt.Sprintf("capability %s occurs twice", c.v), "remove one")
		}
		h.Capabilities = append(h.Capabilities, string(c.v))
	}
}
