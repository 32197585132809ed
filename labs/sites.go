package labs

import (
	"pseudowan/hosts"
	"pseudowan/labs/plan"
	"pseudowan/topology/sites"
)

// divide makes the plan that of the site to bring up, if it is not the whole lab.
func (a *applier) divide(o applyOptions, before *plan.Place) error {
	place := plan.Place{Site: o.site, PerSite: o.perSite}
	if o.site == "" {
		if before == nil {
			return nil
		}
		place = *before
	}
	all, err := sites.Divide(a.topology, place.PerSite)
	if err != nil {
		return err
	}
	between, err := hosts.FindUnderlay()
	if err != nil {
		return err
	}
	place.MTU, a.local = between.MTU, between.Address
	a.plan, err = a.plan.Part(all, place)
	return err
}

// tunnel connects a segment to its parts at other sites.
func (a *applier) tunnel(s plan.Segment) error {
	if s.Tunnel == nil {
		return nil
	}
	changed, err := hosts.EnsureTunnel(hosts.Tunnel{
		Namespace: a.build.Path(""), Bridge: s.Name, Name: s.Tunnel.Name, Alias: s.Tunnel.Alias,
		VNI: s.Tunnel.VNI, Local: a.local, MTU: s.MTU,
	})
	if changed {
		a.putRight("tunnel of " + s.Name)
	}
	return err
}
