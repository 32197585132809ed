package kernel

// Carriers is what the kernel told of the interfaces of the namespace. A wire
// may have a NIC behind it: its carrier is up where both have one.
type Carriers struct {
	links map[string]LinkEvent
	up    map[string]bool   // NICs behind wires included
	nics  map[string]string // NICs by wire
}

// NewCarriers knows no interface yet.
func NewCarriers() *Carriers {
	return &Carriers{links: map[string]LinkEvent{}, up: map[string]bool{}, nics: map[string]string{}}
}

// Hear notes a change of an interface, and returns the interfaces whose
// carrier changed with it.
func (c *Carriers) Hear(e LinkEvent) (changed []string) {
	c.links[e.Name] = e
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

// Behind says which NIC is behind which wire from now on, and returns the
// wires whose carrier changed with that.
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

// look derives the carrier of an interface anew, and adds its name to changed
// where it is another.
func (c *Carriers) look(name string, changed []string) []string {
	up := c.links[name].Carrier
	if nic, ok := c.links[c.nics[name]]; ok { // else the NIC is the interface itself
		up = up && nic.Carrier
	}
	if c.up[name] == up {
		return changed
	}
	c.up[name] = up
	return append(changed, name)
}

// Up reports whether an interface has a carrier.
func (c *Carriers) Up(name string) bool { return c.up[name] }

// Admin reports whether an interface is there, and whether it is set up.
func (c *Carriers) Admin(name string) (there, up bool) {
	e, there := c.links[name]
	return there, e.Admin
}
