package bgp

import (
	"fmt"
	"net"
	"net/netip"
)

// SetListenAddresses replaces Config.ListenAddresses. Sessions that are up stay up.
func (s *Speaker) SetListenAddresses(addresses []netip.Addr) error {
	c := s.cfg
	c.ListenAddresses = addresses
	if err := c.validate(); err != nil {
		return err
	}
	s.config.Lock()
	defer s.config.Unlock()
	return s.transport.setListeners(addresses, s.demandPasswords)
}

// demandPasswords gives a new listener the passwords of all peers.
func (s *Speaker) demandPasswords(l *net.TCPListener) error {
	for _, n := range s.neighbors {
		if !n.Password.Set() {
			continue
		}
		if err := demand(l, netip.PrefixFrom(n.Address, n.Address.BitLen()), n.Password.Text); err != nil {
			return fmt.Errorf("bgp: neighbor %s: %w", n.Address, err)
		}
	}
	s.guests.mu.Lock()
	defer s.guests.mu.Unlock()
	for _, n := range s.guests.ranges {
		if !n.Password.Set() {
			continue
		}
		if err := demand(l, n.Range, n.Password.Text); err != nil {
			return fmt.Errorf("bgp: neighbors %s: %w", n.Range, err)
		}
	}
	return nil
}
