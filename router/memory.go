package router

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/netip"
	"os"
	"time"

	"pseudowan/bgp"
	"pseudowan/bgp/vpn"
	"pseudowan/router/neighbor"
)

// memory is what the successor of a killed agent waits for before it touches the
// switch, and the labels that peers know.
type memory struct {
	Identity  string         `json:"identity"` // an agent with another one begins anew
	Neighbors []neighbor.Key `json:"neighbors"`
	Sessions  []peering      `json:"sessions"`
	Labels    []vpn.Binding  `json:"labels"` // of CEs' routes
}

// peering is one BGP session that was established: with another router, or with
// the customer on a port.
type peering struct {
	port uint32 // 0: with another router
	addr netip.Addr
}

// MarshalText implements encoding.TextMarshaler.
func (s peering) MarshalText() ([]byte, error) { return fmt.Appendf(nil, "%d %s", s.port, s.addr), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (s *peering) UnmarshalText(text []byte) error {
	var addr string
	if _, err := fmt.Sscan(string(text), &s.port, &addr); err != nil {
		return err
	}
	return s.addr.UnmarshalText([]byte(addr))
}

// rememberEvery is the interval at which changes are written.
const rememberEvery = 100 * time.Millisecond

// memoryFile is where the memory is kept.
type memoryFile struct {
	path  string
	stale bool // something has changed since it was written
}

// read returns the memory of an earlier agent with the same identity, or nil, and
// reports whether there was an earlier agent.
func (m *memoryFile) read(log *slog.Logger, self identity) (*memory, bool) {
	if m.path == "" {
		return nil, false
	}
	data, err := os.ReadFile(m.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, false
	}
	var past memory
	if err == nil {
		err = json.Unmarshal(data, &past)
	}
	if err != nil {
		log.Warn("the memory of the previous agent cannot be read", "error", err)
		return nil, true
	}
	if past.Identity != self.String() {
		return nil, true
	}
	return &past, true
}

// write replaces the memory as a whole.
func (m *memoryFile) write(now memory) error {
	data, err := json.Marshal(now)
	if err != nil {
		return err
	}
	next := m.path + "~"
	if err := os.WriteFile(next, data, 0o600); err != nil {
		return err
	}
	return os.Rename(next, m.path)
}

// forget removes the memory: the next agent begins anew.
func (m *memoryFile) forget() {
	if m.path != "" {
		_ = os.Remove(m.path) // it need not be there
	}
}

// remember writes the memory if it has changed. During a recovery, that of the
// earlier agent is better.
func (l *loop) remember() {
	if l.memory.path == "" || !l.memory.stale || l.recovery != nil {
		return
	}
	labels, configured := l.vrfs.Labels.Given()
	if !configured {
		return
	}
	now := memory{Identity: l.started.String(), Labels: labels}
	for _, e := range l.ports.Entries() {
		if len(e.MAC) > 0 {
			now.Neighbors = append(now.Neighbors, e.Key)
		}
	}
	now.Sessions = established(nil, 0, l.peers)
	for _, c := range l.ces.CEs() {
		now.Sessions = established(now.Sessions, c.Port.Port, c.Peers)
	}
	if err := l.memory.write(now); err != nil {
		// The directory may have been removed; the router needs it only once more.
		l.log.Debug("remember", "error", err)
	}
	l.memory.stale = false
}

// established adds the sessions that are up to a list.
func established(list []peering, port uint32, peers map[netip.Addr]bgp.PeerState) []peering {
	for addr, p := range peers {
		if p.State == bgp.StateEstablished {
			list = append(list, peering{port, addr})
		}
	}
	return list
}
