package doctor

import (
	"bufio"
	"encoding/hex"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// Network is a network that the server is in, or has a route to.
type Network struct {
	Prefix    netip.Prefix
	Interface string
	Lab       string // whose interface that is; "": the server's own
}

// Port is a port of the server.
type Port struct {
	Protocol string     // tcp or udp
	Address  netip.Addr // zero or unspecified: all of them
	Port     uint16
	Holder   string // who has it, for messages
}

// meets reports whether a packet could be for both.
func (p Port) meets(o Port) bool {
	if p.Protocol != o.Protocol || p.Port != o.Port {
		return false
	}
	if !p.Address.IsValid() || !o.Address.IsValid() {
		return true
	}
	a, b := p.Address.Unmap(), o.Address.Unmap()
	if a.Is6() && a.IsUnspecified() || b.Is6() && b.IsUnspecified() {
		return true // sockets of IPv6 usually take IPv4, too
	}
	return a.Is4() == b.Is4() && (a == b || a.IsUnspecified() || b.IsUnspecified())
}

// Dropper is a chain of a firewall that lets nothing pass by default.
type Dropper struct {
	Family, Table, Chain string // as nftables names them
	User                 string // the chain for rules of one's own; "": the same
	Legacy               bool   // of iptables without nftables
	Knows                bool   // it has rules about the server's ends of uplinks
}

// observeServer observes what a lab's uplinks and published ports depend on.
func observeServer(o *Observed, n Need) {
	if len(n.Uplinks) == 0 {
		return
	}
	o.NoNFT = len(missingPrograms("nft")) > 0
	o.Addresses, o.Networks = networks()
	o.Droppers = droppers()
	if len(n.Publish) > 0 {
		o.Ports = listening("/proc")
	}
}

// networks lists the server's addresses, and the networks of these and of its routes.
func networks() (addresses []netip.Addr, out []Network) {
	list, _ := netlink.AddrList(nil, netlink.FAMILY_ALL)
	for _, a := range list {
		if p, ok := prefixOf(a.IPNet); ok {
			addresses = append(addresses, p.Addr())
		}
	}
	links, err := netlink.LinkList()
	if err != nil {
		return addresses, nil
	}
	names, labs := map[int]string{}, map[int]string{}
	for _, l := range links {
		names[l.Attrs().Index] = l.Attrs().Name
		if rest, ours := strings.CutPrefix(l.Attrs().Alias, "pseudowan lab="); ours {
			labs[l.Attrs().Index], _, _ = strings.Cut(rest, " ")
		}
	}
	add := func(p netip.Prefix, index int) {
		n := Network{p.Masked(), names[index], labs[index]}
		if p.Bits() > 0 && !p.Addr().IsLinkLocalUnicast() && !p.Addr().IsMulticast() && !p.Addr().IsLoopback() && !slices.Contains(out, n) {
			out = append(out, n)
		}
	}
	for _, a := range list {
		if p, ok := prefixOf(a.IPNet); ok {
			add(p, a.LinkIndex)
		}
	}
	routes, _ := netlink.RouteListFiltered(netlink.FAMILY_ALL, &netlink.Route{Table: unix.RT_TABLE_MAIN}, netlink.RT_FILTER_TABLE)
	for _, r := range routes {
		if p, ok := prefixOf(r.Dst); ok && r.Type == unix.RTN_UNICAST {
			add(p, r.LinkIndex)
		}
	}
	return addresses, out
}

// listening lists the server's sockets that take what comes from anywhere.
func listening(proc string) []Port {
	holders := map[string]string{} // by inode
	var out []Port
	for file, protocol := range map[string]string{"tcp": "tcp", "tcp6": "tcp", "udp": "udp", "udp6": "udp"} {
		f, err := os.Open(filepath.Join(proc, "self/net", file))
		if err != nil {
			continue
		}
		for lines := bufio.NewScanner(f); lines.Scan(); {
			fields := strings.Fields(lines.Text())
			const listen, unconnected = "0A", "07"
			if len(fields) < 10 || fields[3] != map[string]string{"tcp": listen, "udp": unconnected}[protocol] {
				continue
			}
			p, ok := parseSocket(fields[1])
			if !ok || p.Address.IsLoopback() {
				continue
			}
			p.Protocol, p.Holder = protocol, fields[9]
			holders[fields[9]] = ""
			out = append(out, p)
		}
		f.Close()
	}
	nameHolders(proc, holders)
	for i := range out {
		out[i].Holder = holders[out[i].Holder]
	}
	return out
}

// parseSocket reads an address and a port as the kernel prints them: words of 32 bits
// in the order of the machine.
func parseSocket(s string) (p Port, ok bool) {
	address, port, _ := strings.Cut(s, ":")
	raw, err := hex.DecodeString(address)
	n, err2 := strconv.ParseUint(port, 16, 16)
	if err != nil || err2 != nil || len(raw)%4 != 0 {
		return p, false
	}
	for i := 0; i < len(raw); i += 4 {
		slices.Reverse(raw[i : i+4])
	}
	p.Address, ok = netip.AddrFromSlice(raw)
	p.Port = uint16(n)
	return p, ok
}

// nameHolders names the processes that have the sockets with given inodes.
func nameHolders(proc string, holders map[string]string) {
	links, _ := filepath.Glob(filepath.Join(proc, "[0-9]*/fd/*"))
	for _, link := range links {
		to, err := os.Readlink(link)
		inode := strings.TrimSuffix(strings.TrimPrefix(to, "socket:["), "]")
		if name, wanted := holders[inode]; err != nil || !wanted || name != "" {
			continue
		}
		dir := filepath.Dir(filepath.Dir(link))
		comm, _ := os.ReadFile(filepath.Join(dir, "comm"))
		holders[inode] = strings.TrimSpace(string(comm)) + " (PID " + filepath.Base(dir) + ")"
	}
}

// droppers lists the chains that drop what the server forwards unless a rule lets it
// pass.
func droppers() []Dropper {
	out := parseDroppers(output("nft", "-s", "list", "ruleset"))
	for family, program := range map[string]string{"ip": "iptables-legacy", "ip6": "ip6tables-legacy"} {
		if tables, _ := os.ReadFile("/proc/self/net/" + family + "_tables_names"); !strings.Contains(string(tables), "filter") {
			continue
		}
		rules := output(program, "-S")
		if !strings.Contains(rules, "-P FORWARD DROP") {
			continue
		}
		d := Dropper{Family: family, Table: "filter", Chain: "FORWARD", Legacy: true, Knows: strings.Contains(rules, uplinkPrefix)}
		if strings.Contains(rules, "-N "+dockerChain) {
			d.User = dockerChain
		}
		out = append(out, d)
	}
	slices.SortFunc(out, func(a, b Dropper) int { return strings.Compare(a.Family+a.Table+a.Chain, b.Family+b.Table+b.Chain) })
	return out
}

const (
	dockerChain  = "DOCKER-USER" // for rules of the user, by Docker's documentation
	uplinkPrefix = "pwu-"        // begins the names of the server's ends of uplinks
)

// parseDroppers reads what nft lists.
func parseDroppers(ruleset string) (out []Dropper) {
	var family, table, chain string
	first := 0 // of this table
	for line := range strings.Lines(ruleset) {
		words := strings.Fields(line)
		switch {
		case len(words) > 2 && words[0] == "table":
			family, table, first = words[1], words[2], len(out)
		case len(words) > 1 && words[0] == "chain":
			chain = words[1]
		case strings.Contains(line, "hook forward") && strings.Contains(line, "policy drop") && slices.Contains([]string{"ip", "ip6", "inet"}, family):
			out = append(out, Dropper{Family: family, Table: table, Chain: chain})
		}
		for i := range out[first:] {
			d := &out[first+i]
			d.Knows = d.Knows || strings.Contains(line, uplinkPrefix)
			if chain == dockerChain {
				d.User = dockerChain
			}
		}
	}
	return out
}

// output returns what a program prints; "" if it fails.
func output(program string, args ...string) string {
	out, err := exec.Command(program, args...).Output()
	if err != nil {
		return ""
	}
	return string(out)
}
