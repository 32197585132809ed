package hosts

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
)

// Lost is a network namespace of ours that has lost its name and lives on in
// its processes.
type Lost struct {
	Mark Mark
	id   nsID
	pids []int // processes that were inside
}

// LostNamespaces lists the namespaces of ours that have processes but no name.
//
// The mark on lo is trusted only if nobody else can have written it: every
// process inside must be the server's own or a host's, and those of hosts must
// belong to the same lab; in a host's namespace, to the same host.
func (t Tenants) LostNamespaces() ([]Lost, error) {
	groups, err := nameless()
	if err != nil {
		return nil, err
	}
	var found []Lost
	for id, pids := range groups {
		m, ok := t.markOfNameless(id, pids)
		if ok {
			found = append(found, Lost{m, id, pids})
		}
	}
	return found, nil
}

// nameless groups processes by their network namespace, if that has no name
// under /run/netns and is not our own.
func nameless() (map[nsID][]int, error) {
	named := map[nsID]bool{{}: true, namespaceID("/proc/self/ns/net"): true, namespaceOf(1): true}
	entries, err := os.ReadDir(runNetNS)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("list network namespaces: %w", err)
	}
	for _, e := range entries {
		named[namespaceID(filepath.Join(runNetNS, e.Name()))] = true
	}
	pids, err := allProcesses()
	if err != nil {
		return nil, err
	}
	groups := map[nsID][]int{}
	for _, pid := range pids {
		if id := namespaceOf(pid); !named[id] {
			groups[id] = append(groups[id], pid)
		}
	}
	return groups, nil
}

func (t Tenants) markOfNameless(id nsID, pids []int) (m Mark, ok bool) {
	servers := 0
	var tenants []tenant
	for _, pid := range pids {
		if found, ok := t.of(pid); ok {
			tenants = append(tenants, found)
		} else if t.onServer(pid) {
			servers++
		} else if namespaceOf(pid) == id {
			return Mark{}, false // somebody else's, and still running
		}
	}
	err := Lost{id: id, pids: pids}.do(func() (err error) {
		m, err = descriptionOfThisNamespace()
		return err
	})
	if err != nil {
		return Mark{}, false
	}
	for _, found := range tenants {
		if found.lab != m.Lab || m.Kind == KindHost && found.node != m.Node {
			return Mark{}, false
		}
	}
	// Root in a host can write the mark of a router on a namespace of its own
	// making.
	return m, servers > 0 || m.Kind == KindHost
}

// do runs f inside, entering by one of the processes. It returns errEnded if
// all have ended.
func (l Lost) do(f func() error) error {
	for _, pid := range l.pids {
		entered := false
		err := doIn("/proc/"+strconv.Itoa(pid)+"/ns/net", func() error {
			if namespaceID("/proc/thread-self/ns/net") != l.id {
				return nil // the PID has been reused
			}
			entered = true
			return f()
		})
		if entered {
			return err
		}
	}
	return errEnded
}

var errEnded = fmt.Errorf("gone with its last process: %w", os.ErrNotExist)

// Recover gives the namespace a name, which must be free. The error wraps
// fs.ErrNotExist if the namespace has gone meanwhile.
func (l Lost) Recover(name string) (Namespace, error) {
	ns := Namespace{Name: name, Mark: l.Mark}
	if err := checkNamespaceName(name); err != nil {
		return Namespace{}, fmt.Errorf("network namespace %q: %w", name, err)
	}
	if err := shareRunNetNS(); err != nil {
		return Namespace{}, err
	}
	err := l.do(func() error {
		if isNamespaceFile(ns.Path()) {
			return os.ErrExist
		}
		if err := writeMark(ns.Path(), ns.Mark); err != nil {
			return err
		}
		return mountNamespace("/proc/thread-self/ns/net", ns.Path())
	})
	if err != nil {
		return Namespace{}, fmt.Errorf("restore the name of network namespace %q: %w", name, err)
	}
	return ns, nil
}
