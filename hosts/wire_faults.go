package hosts

import (
	"bytes"
	"fmt"
	"net"
	"slices"
	"strings"

	"github.com/vishvananda/netlink"
)

// WireFault is one thing about an end of a wire that is not as wanted.
type WireFault struct {
	End    WireEnd
	What   WireProperty
	Detail string
}

// WireProperty is what can be wrong with an end of a wire.
type WireProperty string

// The properties.
const (
	WirePair    WireProperty = "pair" // it exists, and its peer is the other end
	WireUp      WireProperty = "up"
	WireMTU     WireProperty = "mtu"
	WireMAC     WireProperty = "mac"
	WireOffload WireProperty = "offload"
)

// WireFaults compares wires with what EnsureWires would make of them, and changes
// nothing.
func WireFaults(wires []Wire) []WireFault {
	s := newWiring()
	defer s.close()
	var all []WireFault
	for _, w := range wires {
		for _, e := range []WireEnd{w.A, w.B} {
			all = append(all, s.faultsOf(e)...)
		}
		if ok, err := s.inPlace(w); len(s.missing(w)) == 0 && err == nil && !ok {
			all = append(all, WireFault{w.A, WirePair, "is not connected to " + w.B.String()})
		}
	}
	return all
}

// missing lists the ends of a wire that are not there.
func (s *wiring) missing(w Wire) (gone []WireEnd) {
	for _, e := range []WireEnd{w.A, w.B} {
		if r, err := s.enter(e.Namespace); err != nil || r.known[e.Name] == nil {
			gone = append(gone, e)
		}
	}
	return gone
}

func (s *wiring) faultsOf(e WireEnd) (all []WireFault) {
	note := func(what WireProperty, format string, args ...any) {
		all = append(all, WireFault{e, what, fmt.Sprintf(format, args...)})
	}
	r, err := s.enter(e.Namespace)
	switch {
	case err != nil:
		note(WirePair, "its namespace cannot be entered: %v", err)
		return all
	case r.known[e.Name] == nil:
		note(WirePair, "does not exist")
		return all
	}
	have := r.known[e.Name].Attrs()
	if have.Flags&net.FlagUp == 0 && !e.held(r.known[e.Name]) {
		note(WireUp, "is down")
	}
	if e.MTU != 0 && have.MTU != e.MTU {
		note(WireMTU, "has an MTU of %d instead of %d", have.MTU, e.MTU)
	}
	if len(e.MAC) != 0 && !bytes.Equal(have.HardwareAddr, e.MAC) {
		note(WireMAC, "has the MAC address %s instead of %s", have.HardwareAddr, e.MAC)
	}
	if e.NoOffload {
		if on := r.checksumsLeft(r.known[e.Name]); len(on) > 0 {
			note(WireOffload, "leaves checksums to others (%s is on), who do not fill them in", strings.Join(on, ", "))
		}
	}
	return all
}

// checksumsLeft lists the features of an interface that leave checksums to others.
func (in *inside) checksumsLeft(l netlink.Link) (on []string) {
	features, err := in.eth.FeaturesWithState(l.Attrs().Name)
	if err != nil {
		return nil // it has just gone
	}
	for feature, state := range features {
		if strings.HasPrefix(feature, "tx-checksum-") && canTurnOff(state) {
			on = append(on, feature)
		}
	}
	slices.Sort(on)
	return on
}
