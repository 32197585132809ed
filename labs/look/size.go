package look

import (
	"cmp"

	"pseudowan/doctor"
	"pseudowan/labs/inventory"
	"pseudowan/labs/plan"
)

// machineMemory is what a virtual machine has unless its host says otherwise.
const machineMemory = 256 << 20

// sizeOf returns how big a lab is, as far as its plan says: what hosts or routers outside
// will announce is not in it.
func sizeOf(runtimes inventory.Runtimes, p *plan.Plan) (s doctor.Size) {
	for _, r := range p.Routers {
		s.Routes += len(r.Config.Expect)
	}
	for _, h := range p.Hosts {
		s.Commands += len(h.Services)
		switch {
		case h.Machine != nil:
			s.Commands++
			s.Machines += uint64(cmp.Or(h.Memory, machineMemory))
		case runtimes.HoldsContainers(h.Runtime):
			s.Containers++
			s.Commands += 2 // with the daemon's process that keeps it
		case len(h.Command) > 0:
			s.Commands++
		}
	}
	return s
}
