package ovs

import (
	"context"
	"errors"
	"fmt"
	"net"
)

// Bridge is the wanted state of the bridge.
type Bridge struct {
	Ports []Port // all ports but the bridge's own
}

// Port is the wanted state of one port.
type Port struct {
	Number   uint32           // OpenFlow port number, 1 to 65279; unique
	Name     string           // of the network interface; unique
	Internal bool             // Open vSwitch makes the interface; otherwise it must exist
	XDP      bool             // received from and sent to by AF_XDP; only with the Netdev datapath, and unseen by packet sockets
	MAC      net.HardwareAddr // of an internal port; empty: chosen by Open vSwitch
	MTU      int              // of an internal port, in octets; 0: the bridge's
}

// maxPort is the largest OpenFlow port number that can be requested.
const maxPort = 0xff00 - 1

// ApplyBridge makes the bridge's ports match b: missing ports are added in one
// transaction, then unwanted ones are removed. A port whose interface was
// destroyed and recreated is replaced. The interfaces of ports that are added are set
// up. Applying the same b again changes
// nothing. If Open vSwitch cannot use a port, the error names the port and the
// reason; the others are in place.
func (s *Switch) ApplyBridge(ctx context.Context, b Bridge) error {
	if err := b.check(s.cfg.Bridge); err != nil {
		return fmt.Errorf("bridge %s: %w", s.cfg.Bridge, err)
	}
	err := s.daemons.steady(ctx, func() error {
		s.bridge.changing.Lock()
		defer s.bridge.changing.Unlock()
		return s.bridge.apply(ctx, b)
	})
	if err != nil {
		return fmt.Errorf("bridge %s: %w", s.cfg.Bridge, err)
	}
	return nil
}

// check refuses what Open vSwitch would silently misinterpret.
func (b Bridge) check(bridge string) error {
	names, numbers := make(map[string]bool), make(map[uint32]bool)
	for _, p := range b.Ports {
		switch {
		case p.Name == "" || p.Name == bridge || p.Name[0] == '-':
			return fmt.Errorf("port %d: name %q is not available", p.Number, p.Name)
		case names[p.Name]:
			return fmt.Errorf("port %s: duplicate name", p.Name)
		case p.Number == 0 || p.Number > maxPort:
			return fmt.Errorf("port %s: number %d is not between 1 and %d", p.Name, p.Number, maxPort)
		case numbers[p.Number]:
			return fmt.Errorf("port %s: number %d is used by another port", p.Name, p.Number)
		}
		names[p.Name], numbers[p.Number] = true, true
	}
	return nil
}

// verify returns an error for each wanted port that does not work.
func (b Bridge) verify(observed observation) error {
	var errs []error
	for _, p := range b.Ports {
		if err := observed.ports[p.Name].fault(p); err != nil {
			errs = append(errs, fmt.Errorf("port %s: %w", p.Name, err))
		}
	}
	return errors.Join(errs...)
}

// fault returns why a port that should be p does not work.
func (o observedPort) fault(p Port) error {
	switch {
	case o.Error != "":
		return errors.New(o.Error)
	case o.Number != p.Number:
		return fmt.Errorf("has number %d instead of %d", o.Number, p.Number)
	case o.XDP && !p.XDP:
		return errors.New("is read by AF_XDP, and should not be")
	case p.XDP && !o.XDP:
		return errors.New("is not read by AF_XDP, and should be")
	}
	return nil
}
