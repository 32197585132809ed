package k8s

import (
	"fmt"
	"slices"

	"pseudowan/topology/sites"
)

// What a site takes, in octets, as measured on a server (bench/RESULTS.md).
const (
	ofSite   = 64 << 20
	ofRouter = 32 << 20
	ofHost   = 1 << 20
	ofRoute  = 8 << 10
)

// memory is what a site asks for. It doubles from 128 MiB on, so that a small edit does
// not change the pod, which Kubernetes would start again.
func (r renderer) memory(s sites.Site) string {
	routes := 0
	for _, e := range r.topology.Intent().Routes {
		if slices.Contains(s.Routers, e.Router) {
			routes++
		}
	}
	need := ofSite + len(s.Routers)*ofRouter + len(s.Hosts)*ofHost + routes*ofRoute
	mib := 128
	for mib<<20 < need {
		mib *= 2
	}
	return fmt.Sprintf("%dMi", mib)
}
