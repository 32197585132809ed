package topology

// drain has the sessions of routers under maintenance ask their peers for other routes.
func (t *Topology) drain(raw *rawTopology) {
	drained := map[string]bool{}
	for i := range t.Routers {
		if i < len(raw.Routers) && raw.Routers[i].value.Maintenance.v {
			t.Routers[i].Maintenance, drained[t.Routers[i].Name] = true, true
		}
	}
	for i := range t.Sessions {
		if drained[t.Sessions[i].Router] {
			t.Sessions[i].GracefulShutdown = true
		}
	}
	inVRF := func(router string, c *CustomerBGP) {
		if c != nil && drained[router] {
			c.GracefulShutdown = true
		}
	}
	for _, l := range t.Links {
		for _, e := range l.Ends {
			inVRF(e.Router, e.BGP)
		}
	}
	for _, h := range t.Hosts {
		for _, a := range h.Attachments {
			inVRF(a.Router, a.BGP)
		}
	}
}
