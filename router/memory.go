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

// memory is what the successor of a killed agent needs to know: what to wait for
// before it touches the switch, and the labels that peers know.
type memory struct {
	Identity  string         `json:"identity"` // an agent with another identity starts afresh
	Neighbors []neighbor.Key `json:"neighbors"`
	Sessions  []peering      `json:"sessions"`
	Labels    []vpn.Binding  `json:"labels"` // of CEs' routes
}

// peering identifies a BGP session: with another router, or with the customer on a
// port.
type peering struct {
	port uint32 // 0 for another router
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

// rememberEvery is how long changes are collected before they are written.
const rememberEvery = 100 * time.Millisecond

// memoryFile is the file of the memory.
type memoryFile struct {
	path  string
	stale bool // the memory has changed since it was written
}

// read returns the memory of an earlier agent with the same identity, or nil, and
// reports whether any earlier agent has left one.
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
		log.Warn("cannot read the memory of the previous agent", "error", err)
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

// forget removes the memory, so that the next agent starts afresh.
func (m *memoryFile) forget() {
	if m.path != "" {
		_ = os.Remove(m.path) // it need not exist
	}
}

// remember writes the memory if it has changed. During a recovery it does not,
// because the earlier agent's memory is more complete.
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
		// Its directory may have been removed; nothing else depends on the memory.
		l.log.Debug("cannot write the memory", "error", err)
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
