package agent

import (
	"pseudowan/ovs"
)

// Meters limit what ports may hand up to the agent: one for everything from
// other routers, two for each customer's port.
const coreMeter = 1

func controlMeter(port uint32) uint32 { return 2 * port }

func dataMeter(port uint32) uint32 { return 2*port + 1 }

// Packets per second that may come up to the agent.
const (
	coreRate    = 2000
	controlRate = 200
	dataRate    = 500
)

func meters(cfg Config) []ovs.Meter {
	list := []ovs.Meter{{ID: coreMeter, Rate: coreRate, Burst: coreRate}}
	for _, a := range cfg.Access {
		list = append(list,
			ovs.Meter{ID: controlMeter(a.Port), Rate: controlRate, Burst: controlRate},
			ovs.Meter{ID: dataMeter(a.Port), Rate: dataRate, Burst: dataRate})
	}
	return list
}
