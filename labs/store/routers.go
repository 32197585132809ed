package store

import (
	"os"
	"slices"

	"pseudowan/router/config"
)

// KeeperState is what the keeper has to know: the routers, whether there are hosts that
// others may stop and start, whether hosts have services, and which hosts learn of DNS
// servers.
type KeeperState struct {
	Lab        string         `json:"lab"`
	Routers    []KeeperRouter `json:"routers"`
	Containers bool           `json:"containers,omitempty"`
	Services   bool           `json:"services,omitempty"`  // some host has services
	Resolvers  []KeeperHost   `json:"resolvers,omitempty"` // hosts whose resolv.conf the keeper keeps
	Halted     []Halt         `json:"halted,omitempty"`    // nodes that somebody has stopped or paused
	Begun      *PowerBegun    `json:"begun,omitempty"`     // what is being done to a node, or was when that was interrupted
}

// PowerBegun is what somebody has begun to do to a node, and has not ended.
type PowerBegun struct {
	Node   string `json:"node"`
	Action string `json:"action"`
}

// Halt is a node that somebody has stopped or paused. A stopped router is not in the list
// of routers: nobody starts its agent.
type Halt struct {
	Node   string        `json:"node"`
	Paused bool          `json:"paused,omitempty"` // its processes are frozen; otherwise they have ended
	Router *KeeperRouter `json:"router,omitempty"` // nil for a host
}

// Halts returns the nodes of a lab that somebody has stopped or paused.
func Halts(lab string) map[string]Halt {
	state, err := ReadKeeperState(lab)
	if err != nil {
		return nil
	}
	all := map[string]Halt{}
	for _, h := range state.Halted {
		all[h.Node] = h
	}
	return all
}

// Halt notes that a node is stopped or paused.
func (s *KeeperState) Halt(h Halt) {
	s.Release(h.Node)
	if h.Router != nil && !h.Paused {
		s.Routers = slices.DeleteFunc(s.Routers, func(r KeeperRouter) bool { return r.Name == h.Node })
	}
	s.Halted = append(s.Halted, h)
}

// Release notes that a node is to run.
func (s *KeeperState) Release(node string) {
	for _, h := range s.Halted {
		if h.Node == node && h.Router != nil && !s.Has(node) {
			s.Routers = append(s.Routers, *h.Router)
		}
	}
	s.Halted = slices.DeleteFunc(s.Halted, func(h Halt) bool { return h.Node == node })
}

// KeeperHost is a host that is a namespace.
type KeeperHost struct {
	Name      string `json:"name"`
	Namespace string `json:"namespace"`
}

// KeeperRouter is a router that the keeper supervises.
type KeeperRouter struct {
	Name      string `json:"name"`
	Namespace string `json:"namespace"`
}

// Has reports whether a router is in the list.
func (s KeeperState) Has(router string) bool {
	return slices.ContainsFunc(s.Routers, func(r KeeperRouter) bool { return r.Name == router })
}

// Wanted reports whether a router should exist: it is in the keeper's list, and
// the lab is not being removed. Without a list every router is wanted.
func Wanted(lab, router string) bool {
	if GoingDown(lab) {
		return false
	}
	state, err := ReadKeeperState(lab)
	return err != nil || state.Has(router)
}

// KeeperStateFile describes the file of the keeper's list, so that changes are seen.
func KeeperStateFile(lab string) (os.FileInfo, error) { return os.Stat(keeperFile(lab)) }

// ReadKeeperState reads the keeper's list.
func ReadKeeperState(lab string) (KeeperState, error) {
	return readJSON[KeeperState](keeperFile(lab))
}

// WriteKeeperState replaces the keeper's list.
func WriteKeeperState(s KeeperState) error { return writeJSON(s, keeperFile(s.Lab)) }

// RouterConfig reads the configuration last written for a router.
func RouterConfig(lab, name string) (config.Router, error) {
	return readJSON[config.Router](ConfigFile(lab, name))
}

// WriteRouterConfig replaces the configuration that a router reads when it starts.
func WriteRouterConfig(lab, name string, c config.Router) error {
	return writeJSON(c, ConfigFile(lab, name))
}
