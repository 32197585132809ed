package monitor

import (
	"cmp"
	"maps"
	"slices"
	"sync"
	"time"

	"pseudowan/bgp/bmp"
	"pseudowan/bgp/gate"
)

// Configure replaces the stations. Those whose configuration stays keep their
// connections.
func (h *Hub) Configure(list []Station) {
	h.Dismiss(list)
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, c := range list {
		if h.stations[c.Key] == nil {
			h.stations[c.Key] = h.newStation(c)
		}
	}
	h.look()
}

// Dismiss ends the stations that are not on the list, or with another configuration.
// They hear of it while their connections can still be used: Configure comes when
// what these left by may be gone.
func (h *Hub) Dismiss(list []Station) {
	wanted := make(map[Key]Station)
	for _, c := range list {
		wanted[c.Key] = c
	}
	h.mu.Lock()
	var gone []*station
	for key, s := range h.stations {
		if c, keep := wanted[key]; keep && c.Views == s.cfg.Views && c.Source == s.cfg.Source && c.Statistics == s.cfg.Statistics {
			continue
		}
		delete(h.stations, key)
		gone = append(gone, s)
	}
	h.mu.Unlock()
	end(gone)
}

// end ends stations with a Termination message, and waits for it.
func end(stations []*station) {
	var all sync.WaitGroup
	for _, s := range stations {
		s.cancel()
		all.Go(func() { <-s.done })
	}
	all.Wait()
}

// Close ends all stations and files.
func (h *Hub) Close() {
	h.Configure(nil)
	h.SetFiles(nil)
}

// Stations lists the stations and what is known of them, by address and VRF.
func (h *Hub) Stations() []StationState {
	h.mu.RLock()
	defer h.mu.RUnlock()
	var list []StationState
	for _, s := range h.stations {
		s.mu.Lock()
		state := s.state
		state.Queued = s.size
		s.mu.Unlock()
		list = append(list, state)
	}
	slices.SortFunc(list, func(a, b StationState) int {
		return cmp.Or(a.Address.Compare(b.Address), cmp.Compare(a.VRF, b.VRF))
	})
	return list
}

// initiation says who the router is.
func (h *Hub) initiation() []byte {
	id := h.router.ID.As4()
	return bmp.Initiation(bmp.Text(bmp.InfoSysName, h.router.Name), bmp.Text(bmp.InfoSysDescr, h.router.Description),
		bmp.Info{Type: bmp.InfoBGPID, Value: id[:]})
}

func (h *Hub) localMessages(vrf string) []byte {
	h.mu.RLock()
	messages := h.local
	h.mu.RUnlock()
	if messages == nil {
		return nil
	}
	return append(messages(vrf), append(gate.EndOfRIB(gate.IPv4), gate.EndOfRIB(gate.IPv6)...)...)
}

// statistics reports the counters of sessions and tables that a station is told of.
func (h *Hub) statistics(v Views) (out [][]byte) {
	h.mu.RLock()
	peers, tables, now := h.snapshot(), h.tables, time.Now()
	h.mu.RUnlock()
	for _, p := range peers {
		if v&allSessions != 0 {
			out = append(out, bmp.Statistics(p.peer, now, p.tables.Counts()))
		}
	}
	for _, t := range tables {
		if v&Local != 0 {
			out = append(out, bmp.Statistics(h.tablePeer(t), now, tableCounts(h.localMessages(t.VRF))))
		}
	}
	return out
}

// tableCounts counts the routes of a table by what a station is told of it.
func tableCounts(msgs []byte) []bmp.Stat {
	counts := gate.CountRoutes(msgs)
	total := uint64(0)
	var stats []bmp.Stat
	for _, f := range slices.Sorted(maps.Keys(counts)) {
		afi, safi := f.Code()
		stats = append(stats, bmp.Stat{Type: bmp.StatLocalFamily, AFI: afi, SAFI: safi, Value: counts[f]})
		total += counts[f]
	}
	return append([]bmp.Stat{{Type: bmp.StatLocal, Value: total}}, stats...)
}
