package doctor

import (
	"os/exec"
	"slices"
	"strings"

	"pseudowan/status"
)

// packages holds the Debian packages of programs whose name differs.
var packages = map[string]string{
	"bgpd": "frr", "bird": "bird2", "birdc": "bird2", "dhclient": "isc-dhcp-client", "gobgp": "gobgpd", "ip": "iproute2",
	"kea-dhcp4": "kea-dhcp4-server", "kea-dhcp6": "kea-dhcp6-server", "kea-dhcp-ddns": "kea-dhcp-ddns-server",
	"mariadbd": "mariadb-server", "mysqld": "mariadb-server", "nc": "netcat-openbsd", "nft": "nftables", "ip6tables": "iptables",
	"qemu-system-x86_64": "qemu-system-x86",
	"ping":               "iputils-ping", "python3": "python3-minimal", "rdisc6": "ndisc6", "sshd": "openssh-server", "vtysh": "frr", "zebra": "frr",
}

// PackageOf returns the Debian package that has a program, as far as it is known.
func PackageOf(program string) string {
	if p := packages[program]; p != "" {
		return p
	}
	return program
}

// MissingPackages returns which packages are not installed. A server without dpkg has
// no packages by these names, and so lacks none.
func MissingPackages(names ...string) (missing []string) {
	if len(names) == 0 {
		return nil
	}
	_, err := exec.LookPath("dpkg-query")
	if err != nil || !exists("/var/lib/dpkg/status") {
		return nil
	}
	// It fails if it does not know one of them, and lists the others all the same.
	said, _ := exec.Command("dpkg-query", append([]string{"--show", "--showformat=${db:Status-Status} ${Package} ${Provides}\n"}, names...)...).Output()
	installed := map[string]bool{}
	for line := range strings.Lines(string(said)) {
		if words := strings.Fields(line); len(words) > 1 && words[0] == "installed" {
			installed[words[1]] = true
		}
	}
	return slices.DeleteFunc(slices.Clone(names), func(name string) bool { return installed[name] })
}

// MissingPrograms returns which programs are not in PATH.
func MissingPrograms(names ...string) []string { return missingPrograms(names...) }

func packagesOf(o Observed, n Need) []status.Finding {
	if len(o.Packages) == 0 {
		return nil
	}
	var hosts []string
	for _, p := range o.Packages {
		if h := n.Packages[p]; !slices.Contains(hosts, h) {
			hosts = append(hosts, h)
		}
	}
	const few = 3
	which := strings.Join(hosts[:min(few, len(hosts))], ", ")
	if len(hosts) > few {
		which += ", …"
	}
	return []status.Finding{warn("packages", strings.Join(o.Packages, ", ")+" not installed",
		"the file says that "+which+" need them", "apt-get install "+strings.Join(o.Packages, " "))}
}
