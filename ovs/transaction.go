package ovs

import (
	"slices"
	"strconv"
	"strings"
)

// transactions turns what is observed into b. Each element is the arguments of
// one ovs-vsctl call; there is none if nothing differs. The order is: removals
// that additions need, additions and changes, other removals.
func (b Bridge) transactions(bridge string, observed observation) [][]string {
	var first, second, third transaction
	taken := make(map[uint32]bool)
	wanted := make(map[string]bool)
	for _, p := range b.Ports {
		wanted[p.Name] = true
		o, exists := observed.ports[p.Name]
		switch {
		case !exists:
			taken[p.Number] = true
			second.append(p.add(bridge, observed.kernel[p.Name]))
		case o.differs(p) || o.dead(observed.kernel[p.Name]):
			taken[p.Number] = true
			first.append(deletePort(bridge, p.Name))
			second.append(p.add(bridge, observed.kernel[p.Name]))
		default:
			second.append(p.change(o))
		}
	}
	for _, name := range observed.names() {
		switch {
		case wanted[name]:
		case taken[observed.ports[name].Number]:
			first.append(deletePort(bridge, name))
		default:
			third.append(deletePort(bridge, name))
		}
	}
	return slices.DeleteFunc([][]string{first, second, third}, func(t []string) bool { return len(t) == 0 })
}

// opened returns the interfaces that transactions has Open vSwitch open: those of
// ports that are missing or have to be replaced.
func (b Bridge) opened(observed observation) (names []string) {
	for _, p := range b.Ports {
		o, exists := observed.ports[p.Name]
		if !p.Internal && (!exists || o.differs(p) || o.dead(observed.kernel[p.Name])) {
			names = append(names, p.Name)
		}
	}
	return names
}

// transaction is the arguments of one ovs-vsctl call.
type transaction []string

func (t *transaction) append(command []string) {
	if len(command) == 0 {
		return
	}
	if len(*t) > 0 {
		*t = append(*t, "--")
	}
	*t = append(*t, command...)
}

func deletePort(bridge, name string) []string {
	return []string{"--if-exists", "del-port", bridge, name}
}

// openedIndex is the key of an interface's external_ids that stores the index of
// its kernel interface.
const openedIndex = "opened-ifindex"

// xdpType is the type of ports that the main thread polls by AF_XDP, as it does others.
const xdpType = "afxdp-nonpmd"

// add adds a port with its settings. index is that of the kernel's interface of
// its name, as last observed.
func (p Port) add(bridge string, index int) []string {
	args := []string{
		"add-port", bridge, p.Name,
		"--", "set", "interface", p.Name, "ofport_request=" + strconv.FormatUint(uint64(p.Number), 10),
	}
	switch {
	case p.Internal:
		return append(append(args, "type=internal"), p.settings()...)
	case p.XDP:
		args = append(args, "type="+xdpType)
	}
	args = append(args, "external_ids:"+openedIndex+"="+strconv.Itoa(index))
	return append(args, p.settings()...)
}

func (p Port) settings() []string {
	var s []string
	if len(p.MAC) > 0 {
		s = append(s, "mac="+quote(p.MAC.String()))
	}
	if p.MTU != 0 {
		s = append(s, "mtu_request="+strconv.Itoa(p.MTU))
	}
	return s
}

// change sets what can be changed in an existing port, where it differs.
func (p Port) change(o observedPort) []string {
	if (len(p.MAC) == 0 || p.MAC.String() == o.MAC) && (p.MTU == 0 || p.MTU == o.MTU) {
		return nil
	}
	return append([]string{"set", "interface", p.Name}, p.settings()...)
}

// quote returns s as a string in the database's syntax, in which a bare colon or
// comma has a meaning.
func quote(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`
}
