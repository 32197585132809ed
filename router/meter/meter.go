package meter

import (
	"context"

	"pseudowan/ovs"
	"pseudowan/router/config"
)

const (
	Other     = 1 // the meter for what belongs to no port and no VRF
	vrfMeters = 1 << 16
)

// Core returns the meter of a core port.
func Core(port uint32) uint32 { return 4 * port }

// Control returns the meter of an access port for ARP and neighbour discovery.
func Control(port uint32) uint32 { return 4 * port }

// Data returns the meter of an access port for everything else.
func Data(port uint32) uint32 { return 4*port + 1 }

// Heard returns the meter of an access port on a segment for the ARP and neighbour
// discovery of its hosts among themselves.
func Heard(port uint32) uint32 { return 4*port + 3 }

// VRF returns the meter for what a VRF gets from other routers.
func VRF(vrf uint32) uint32 { return 4*(vrf%vrfMeters) + 2 }

// Packets per second that may come up. Bursts are small, because what all meters let
// through at once has to fit the connection to the switch.
const (
	controlRate = 200
	dataRate    = 500
	heardRate   = 100
	vrfRate     = 500
	coreRate    = 100
	burst       = 50
)

// All lists the meters of a router.
func All(cfg config.Router) []ovs.Meter {
	list := []ovs.Meter{{ID: Other, Rate: coreRate, Burst: burst}}
	for _, c := range cfg.Core {
		list = append(list, ovs.Meter{ID: Core(c.Port), Rate: coreRate, Burst: burst})
	}
	for _, a := range cfg.Access {
		list = append(list,
			ovs.Meter{ID: Control(a.Port), Rate: controlRate, Burst: burst},
			ovs.Meter{ID: Data(a.Port), Rate: dataRate, Burst: burst})
		if a.Segment {
			list = append(list, ovs.Meter{ID: Heard(a.Port), Rate: heardRate, Burst: burst})
		}
	}
	for _, v := range cfg.VRFs {
		list = append(list, ovs.Meter{ID: VRF(v.ID), Rate: vrfRate, Burst: burst})
	}
	return list
}

// Punted counts the packets that reached the meters and the queue of one port or VRF,
// and those of them that were dropped there.
type Punted struct{ Packets, Dropped uint64 }

func (p *Punted) add(m ovs.MeterStats) {
	p.Packets += m.Packets
	p.Dropped += m.Dropped
}

// Count counts by port and by VRF number. The packets of a VRF are those from other
// routers.
func Count(ctx context.Context, sw *ovs.Switch, cfg config.Router) (ports, vrfs map[uint32]Punted, err error) {
	stats, err := sw.MeterStats(ctx)
	if err != nil {
		return nil, nil, err
	}
	byMeter := map[uint32]ovs.MeterStats{}
	for _, s := range stats {
		byMeter[s.ID] = s
	}
	ports, vrfs = map[uint32]Punted{}, map[uint32]Punted{}
	for _, c := range cfg.Core {
		var p Punted
		p.add(byMeter[Core(c.Port)])
		ports[c.Port] = p
	}
	for _, a := range cfg.Access {
		var p Punted
		p.add(byMeter[Control(a.Port)])
		p.add(byMeter[Data(a.Port)])
		p.add(byMeter[Heard(a.Port)])
		ports[a.Port] = p
	}
	for _, v := range cfg.VRFs {
		var p Punted
		p.add(byMeter[VRF(v.ID)])
		vrfs[v.ID] = p
	}
	addQueued(cfg, ports, vrfs, sw.PacketInsDropped())
	return ports, vrfs, nil
}

// addQueued adds what the queue has dropped: to the port if it is a customer's,
// else to the VRF.
func addQueued(cfg config.Router, ports, vrfs map[uint32]Punted, dropped map[ovs.Source]uint64) {
	access := map[uint32]bool{}
	for _, a := range cfg.Access {
		access[a.Port] = true
	}
	for s, n := range dropped {
		to, key := vrfs, s.VRF
		if _, known := vrfs[s.VRF]; access[s.Port] || !known {
			to, key = ports, s.Port
		}
		p := to[key]
		p.Dropped += n
		to[key] = p
	}
}
