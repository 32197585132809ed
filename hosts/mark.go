package hosts

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
)

// Kind is the purpose of a namespace of ours.
type Kind string

// KindLab is a lab's own namespace, where its LAN segments are; KindRouter a
// router's, KindHost a customer host's, KindPort that of a router's port with a
// network stack of its own.
const (
	KindLab    Kind = "lab"
	KindRouter Kind = "router"
	KindHost   Kind = "host"
	KindPort   Kind = "port"
)

// Mark says whose a namespace is. It is in the file of the namespace's name,
// under the mount, where nobody inside can change it, and for people in the
// alias of its lo. Node is empty for KindLab.
type Mark struct {
	Lab, Node string
	Kind      Kind
}

// markWord begins the alias of everything that is ours.
const markWord = "pseudowan"

// maxAlias is the longest alias that the kernel accepts, in bytes (IFALIASZ
// without the terminating zero).
const maxAlias = 255

// ErrForeign is wrapped by errors about a thing that has a name we need but is
// not ours; it is left alone.
var ErrForeign = errors.New("not made by pseudowan for this")

var errNoMark = errors.New("no mark of pseudowan")

// String returns the mark as written in the file and in the alias.
func (m Mark) String() string {
	if m.Node == "" {
		return fmt.Sprintf("%s lab=%s kind=%s", markWord, m.Lab, m.Kind)
	}
	return fmt.Sprintf("%s lab=%s node=%s kind=%s", markWord, m.Lab, m.Node, m.Kind)
}

// Check refuses a mark that would not be read back as written.
func (m Mark) Check() error {
	switch m.Kind {
	case KindLab, KindRouter, KindHost, KindPort:
	default:
		return fmt.Errorf("kind %q is none of lab, router, host, port", m.Kind)
	}
	if m.Lab == "" || (m.Node == "") != (m.Kind == KindLab) {
		return fmt.Errorf("mark %q: it must name a lab, and a node unless the kind is lab", m)
	}
	for _, name := range []string{m.Lab, m.Node} {
		if strings.HasPrefix(name, ".") || strings.ContainsRune(name, '/') || strings.ContainsFunc(name, unprintable) {
			return fmt.Errorf("name %q: it cannot begin with a dot or contain slashes, spaces or control characters", name)
		}
	}
	return checkAlias(m.String())
}

// parseMark reads what String writes. Any other spelling is not our mark.
func parseMark(alias string) (Mark, error) {
	words := strings.Split(alias, " ")
	var m Mark
	for _, w := range words[1:] {
		key, value, _ := strings.Cut(w, "=")
		switch key {
		case "lab":
			m.Lab = value
		case "node":
			m.Node = value
		case "kind":
			m.Kind = Kind(value)
		}
	}
	if m.Check() != nil || m.String() != alias {
		return Mark{}, errNoMark
	}
	return m, nil
}

// linkAlias returns the alias of an interface of ours with the full name name.
func linkAlias(name string) string { return markWord + " " + name }

// markedLink reports whether an interface's alias carries our mark.
//
// A NIC lent to a router carries our record of it but remains the server's: it
// is never ours to remove.
func markedLink(alias string) bool {
	return strings.HasPrefix(alias, markWord+" ") && !strings.HasPrefix(alias, nicPrefix)
}

func checkAlias(alias string) error {
	if len(alias) > maxAlias {
		return fmt.Errorf("alias %q: %d bytes; the kernel keeps at most %d", alias, len(alias), maxAlias)
	}
	if strings.ContainsFunc(alias, unicode.IsControl) {
		return fmt.Errorf("alias %q: contains control characters", alias)
	}
	return nil
}

func unprintable(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }

// fullName is the inverse of linkAlias.
func fullName(alias string) string { return strings.TrimPrefix(alias, markWord+" ") }
