package doctor

import (
	"errors"
	"io/fs"
	"os"

	"golang.org/x/sys/unix"
)

// neededCapabilities are those of capabilities(7) without which no lab runs, with what
// lacks without them. The file capabilities and the users of a lab's programs need no
// more than root has.
var neededCapabilities = []struct {
	name string
	bit  uint
	cost string
}{
	{"SYS_ADMIN", unix.CAP_SYS_ADMIN, "network namespaces and mounts cannot be made"},
	{"NET_ADMIN", unix.CAP_NET_ADMIN, "interfaces, addresses and routes cannot be made"},
	{"NET_RAW", unix.CAP_NET_RAW, "Open vSwitch cannot open its ports, and hosts cannot ping"},
	{"NET_BIND_SERVICE", unix.CAP_NET_BIND_SERVICE, "routers cannot listen on port 179 for BGP"},
}

func observePrivileges() Privileges {
	p := Privileges{Container: container()}
	if os.Geteuid() == 0 {
		p.Lacks = lackingCapabilities()
	}
	var st unix.Statfs_t
	p.SysctlsReadOnly = unix.Statfs("/proc/sys", &st) == nil && st.Flags&unix.ST_RDONLY != 0
	// Opening makes no device yet.
	device, err := os.OpenFile(tunDevice, os.O_RDWR, 0)
	p.NoTUN = p.Container != "" && errors.Is(err, fs.ErrPermission)
	device.Close() // nil may be closed
	return p
}

const tunDevice = "/dev/net/tun"

// lackingCapabilities returns the needed capabilities that this process does not have.
func lackingCapabilities() (lacks []string) {
	var data [2]unix.CapUserData // version 3 has 64 bits in two words
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	if err := unix.Capget(&header, &data[0]); err != nil {
		return nil
	}
	for _, c := range neededCapabilities {
		if data[c.bit/32].Effective&(1<<(c.bit%32)) == 0 {
			lacks = append(lacks, c.name)
		}
	}
	return lacks
}

// container returns what kind of container this is, "" if none: the files and the
// variable are those that the kubelet, Docker, Podman and systemd leave in theirs.
func container() Container {
	switch {
	case os.Getenv("KUBERNETES_SERVICE_HOST") != "" || exists("/run/secrets/kubernetes.io") || exists("/var/run/secrets/kubernetes.io"):
		return Pod
	case exists("/.dockerenv"):
		return DockerContainer
	case exists("/run/.containerenv"), os.Getenv("container") != "", exists("/run/systemd/container"):
		return OtherContainer
	}
	return ""
}
