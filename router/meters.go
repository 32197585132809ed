package router

import (
	"context"

	"pseudowan/ovs"
)

// Meters limit what may be handed up to the agent: two for each customer's
// port, one for what a VRF gets from other routers, one for each core port and
// one for what belongs to none of them. A customer's VPN uses up its own, on
// whichever router.
//
// Open vSwitch numbers up to 2^18 meters. Ports are numbered below 2^16; VRFs
// beyond share meters with others.
const (
	otherMeter = 1
	vrfMeters  = 1 << 16
)

func coreMeter(port uint32) uint32    { return 4 * port }
func controlMeter(port uint32) uint32 { return 4 * port }
func dataMeter(port uint32) uint32    { return 4*port + 1 }
func vrfMeter(vrf uint32) uint32      { return 4*(vrf%vrfMeters) + 2 }

// Packets per second that may come up to the agent. The bursts are small: what
// all meters let through at once has to fit the connection to the switch.
const (
	controlRate = 200
	dataRate    = 500
	vrfRate     = 500
	coreRate    = 100
	burst       = 50
)

func meters(cfg Config) []ovs.Meter {
	list := []ovs.Meter{{ID: otherMeter, Rate: coreRate, Burst: burst}}
	for _, c := range cfg.Core {
		list = append(list, ovs.Meter{ID: coreMeter(c.Port), Rate: coreRate, Burst: burst})
	}
	for _, a := range cfg.Access {
		list = append(list,
			ovs.Meter{ID: controlMeter(a.Port), Rate: controlRate, Burst: burst},
			ovs.Meter{ID: dataMeter(a.Port), Rate: dataRate, Burst: burst})
	}
	for _, v := range cfg.VRFs {
		list = append(list, ovs.Meter{ID: vrfMeter(v.ID), Rate: vrfRate, Burst: burst})
	}
	return list
}

// punted is what came to the meters and the queue of one port or VRF, and what
// of it was dropped there.
type punted struct{ packets, dropped uint64 }

func (p *punted) add(m ovs.MeterStats) {
	p.packets += m.Packets
	p.dropped += m.Dropped
}

// puntedBy counts by port and by VRF. A VRF's are those that came from other
// routers.
func puntedBy(ctx context.Context, sw *ovs.Switch, cfg Config) (ports, vrfs map[uint32]punted, err error) {
	stats, err := sw.MeterStats(ctx)
	if err != nil {
		return nil, nil, err
	}
	byMeter := map[uint32]ovs.MeterStats{}
	for _, s := range stats {
		byMeter[s.ID] = s
	}
	ports, vrfs = map[uint32]punted{}, map[uint32]punted{}
	for _, c := range cfg.Core {
		var p punted
		p.add(byMeter[coreMeter(c.Port)])
		ports[c.Port] = p
	}
	for _, a := range cfg.Access {
		var p punted
		p.add(byMeter[controlMeter(a.Port)])
		p.add(byMeter[dataMeter(a.Port)])
		ports[a.Port] = p
	}
	for _, v := range cfg.VRFs {
		var p punted
		p.add(byMeter[vrfMeter(v.ID)])
		vrfs[v.ID] = p
	}
	addQueued(cfg, ports, vrfs, sw.PacketInsDropped())
	return ports, vrfs, nil
}

// addQueued adds what the queue has dropped: of a customer's port to the port,
// of another one to the VRF.
func addQueued(cfg Config, ports, vrfs map[uint32]punted, dropped map[ovs.Source]uint64) {
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
		p.dropped += n
		to[key] = p
	}
}
