package kernel

// Carriers knows the carriers of the interfaces in the namespace. A wire may have a
// NIC behind it: it has a carrier if both have one.
type Carriers struct {
	links map[string]LinkEvent
	up    map[string]bool   // NICs behind wires included
	nics  map[string]string // NICs by wire
	seen  map[string]bool   // interfaces that exist or have existed
}

// NewCarriers returns Carriers that know no interface.
func NewCarriers() *Carriers {
	return &Carriers{links: map[string]LinkEvent{}, up: map[string]bool{}, nics: map[string]string{}, seen: map[string]bool{}}
}

// Hear notes a change of an interface, and returns the interfaces whose carrier has
// changed.
func (c *Carriers) Hear(e LinkEvent) (changed []string) {
	c.links[e.Name] = e
	c.seen[e.Name] = true
	if e.Gone {
		delete(c.links, e.Name)
	}
	changed = c.look(e.Name, changed)
	for wire, nic := range c.nics {
		if nic == e.Name {
			changed = c.look(wire, changed)
		}
	}
	return changed
}

// Behind sets which NIC is behind which wire, and returns the wires whose carrier has
// changed.
func (c *Carriers) Behind(nics map[string]string) (changed []string) {
	before := c.nics
	c.nics = nics
	for wire := range before {
		changed = c.look(wire, changed)
	}
	for wire := range nics {
		changed = c.look(wire, changed)
	}
	return changed
}

// look determines the carrier of an interface again, and adds its name to changed if
// it has changed.
func (c *Carriers) look(name string, changed []string) []string {
	up := c.links[name].Carrier
	if nic, ok := c.links[c.nics[name]]; ok { // otherwise the NIC is the interface itself
		up = up && nic.Carrier
	}
	if c.up[name] == up {
		return changed
	}
	c.up[name] = up
	return append(changed, name)
}

// Lost reports whether a known interface has no carrier or no longer exists.
func (c *Carriers) Lost(name string) bool { return c.seen[name] && !c.up[name] }

// Up reports whether an interface has a carrier.
func (c *Carriers) Up(name string) bool { return c.up[name] }

// In reports whether an interface exists and is in a group.
func (c *Carriers) In(name string, group uint32) bool {
	e, there := c.links[name]
	return there && e.Group == group
}

// Admin reports whether an interface exists, and whether it is administratively up.
func (c *Carriers) Admin(name string) (there, up bool) {
	e, there := c.links[name]
	return there, e.Admin
}
