package meter

import (
	"testing"

	"pseudowan/ovs"
	"pseudowan/router/config"
)

// No two limits share a meter, and Open vSwitch supports every number.
func TestMetersDoNotCollide(t *testing.T) {
	const maxPort, maxMeter = 0xff00 - 1, 1 << 18 // of OpenFlow, and of Open vSwitch
	var cfg config.Router
	for port := uint32(1); port <= maxPort; port++ {
		if port%10 == 0 {
			cfg.Core = append(cfg.Core, config.Core{Port: port})
		} else {
			cfg.Access = append(cfg.Access, config.Access{Port: port})
		}
	}
	for id := uint32(1); id < vrfMeters; id++ {
		cfg.VRFs = append(cfg.VRFs, config.VRF{ID: id})
	}
	seen := map[uint32]ovs.Meter{}
	for _, m := range All(cfg) {
		if other, twice := seen[m.ID]; twice || m.ID == 0 || m.ID > maxMeter {
			t.Fatalf("meter %+v; there is %+v", m, other)
		}
		seen[m.ID] = m
	}
	for _, id := range []uint32{0, vrfMeters, vrfMeters + 1, 1<<32 - 1} {
		m := VRF(id)
		if m%4 != 2 || m > maxMeter {
			t.Errorf("VRF %d has meter %d", id, m)
		}
	}
}

// Drops of the queue are counted at the port or VRF from which the packet came.
func TestDropsOfTheQueueAreCounted(t *testing.T) {
	cfg := config.Router{Access: []config.Access{{Port: 3}}, Core: []config.Core{{Port: 1}}, VRFs: []config.VRF{{ID: 5}}}
	ports, vrfs := map[uint32]Punted{3: {Packets: 9, Dropped: 1}}, map[uint32]Punted{5: {}}
	addQueued(cfg, ports, vrfs, map[ovs.Source]uint64{
		{Port: 3, VRF: 5}: 10, {Port: 3, VRF: 5, Control: true}: 100, {Port: 1, VRF: 5}: 7, {Port: 1}: 3,
	})
	if ports[3].Dropped != 111 || vrfs[5].Dropped != 7 || ports[1].Dropped != 3 {
		t.Errorf("Dropped: by port %v, by VRF %v", ports, vrfs)
	}
}
