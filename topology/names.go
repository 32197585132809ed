package topology

import (
	"fmt"
	"regexp"
	"slices"
)

// Bounds on names: a node's name is a host name (RFC 1035 section 2.3.4), a lab's
// name is part of the names of namespaces and directories.
const (
	maxName    = 63
	maxLabName = 32
	maxPrefix  = 64
)

var (
	nodeName   = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]*$`)
	namePrefix = regexp.MustCompile(`^([A-Za-z0-9][A-Za-z0-9._-]*)?$`)
)

// reserved are names with another meaning on nodes or in commands.
var reserved = []string{"localhost", "all", "none", "default"}

const nameRemedy = "use letters, digits, dots, dashes and underscores, beginning with a letter or digit"

// checkName refuses an invalid name, and reports whether it is valid.
func (r *report) checkName(name value[string], kind string, limit int) bool {
	element := kind + " " + name.v
	switch {
	case !name.has:
		return false
	case name.v == "":
		r.refuse(name.at, kind, "has an empty name", "give it a name")
	case len(name.v) > limit:
		r.refuse(name.at, element, fmt.Sprintf("name has %d characters, more than %d", len(name.v), limit), "shorten it")
	case !nodeName.MatchString(name.v):
		r.refuse(name.at, kind+fmt.Sprintf(" %q", name.v), "is not a valid name", nameRemedy)
	case slices.Contains(reserved, name.v):
		r.refuse(name.at, element, "the name is reserved", "choose another name")
	default:
		return true
	}
	return false
}

// nodeNames is the name space of routers, segments and hosts.
type nodeNames struct {
	*report
	at map[string]pos // where each is named
}

// claim claims a name for a router or host.
func (n *nodeNames) claim(name value[string], kind string) {
	if !n.checkName(name, kind, maxName) {
		return
	}
	if before, taken := n.at[name.v]; taken {
		n.refuse(name.at, kind+" "+name.v, fmt.Sprintf("the name is already used on line %d", before.line),
			"give every router and host its own name (in a series with {i} or {vrf})")
		return
	}
	n.at[name.v] = name.at
}

// header fills the name of the lab and its general settings.
func (b *labBuilder) header() {
	name := b.raw.Name
	if name.missing() {
		b.refuse(pos{}, "file", "the lab has no name", "add name: my-lab")
	}
	b.checkName(name, "lab", maxLabName)
	prefix := b.raw.NodePrefix
	if prefix.has && (!namePrefix.MatchString(prefix.v) || len(prefix.v) > maxPrefix) {
		b.refuse(prefix.at, "node-prefix", fmt.Sprintf("%q is not a valid prefix of a name", prefix.v), nameRemedy)
	}
	b.lab.Name = name.v
	b.lab.Description = b.raw.Description.v
	b.lab.NodePrefix = prefix.or("pw-" + name.v + "-")
	b.lab.Runtime = string(b.raw.Runtime.v)
	b.lab.Datapath = string(b.raw.Datapath.v)
}
