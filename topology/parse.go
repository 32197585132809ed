package topology

import (
	"fmt"
	"os"
)

// Load reads and validates a lab file. A file that is refused gives a
// Problems error that names every problem with its line.
func Load(path string, known ...Runtime) (*Topology, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read lab file: %w", err)
	}
	return Parse(path, data, known...)
}

// Parse validates the text of a lab file. The source names it in messages.
// Hosts run in the known runtimes; without any, no name of one is refused, and
// nothing that some hosts cannot have. A file that is refused gives a Problems
// error.
func Parse(source string, data []byte, known ...Runtime) (*Topology, error) {
	r := &report{file: source}
	raw := decode(r, data, runtimes(known).forms())
	if raw == nil {
		return nil, r.err()
	}
	b := &builder{report: r, raw: raw, runtimes: known, lab: &Topology{Source: source}}
	b.header()
	b.routers()
	b.links()
	b.hosts()
	b.ports()
	b.instances()
	b.reflections()
	b.segments()
	b.labels()
	b.prefixLimits()
	b.expectations()
	if err := r.err(); err != nil {
		return nil, err
	}
	return b.lab, nil
}

// builder turns the raw file into the validated lab, section by section.
type builder struct {
	*report
	raw *rawTopology
	lab *Topology

	runtimes runtimes // that hosts can run in

	nodes     map[string]pos              // where each router and host is named
	router    map[string]int              // index of each router in lab.Routers
	defined   map[string]vrfDef           // VRFs of the file
	uses      map[vrfKey]vrfUse           // VRF instances that hosts are attached to
	claims    map[vrfKey][]claim          // prefixes in each VRF instance
	addresses map[vpnAddress]addressOwner // hosts' addresses in each VPN
	limits    []prefixLimit               // of sessions between routers
	lans      int                         // LANs of all hosts so far
}

// vrfKey names a VRF instance.
type vrfKey struct{ router, vrf string }
