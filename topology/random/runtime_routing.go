package random

import (
	"fmt"
	"slices"

	"pseudowan/bgp/session"
	"pseudowan/topology"
	"pseudowan/topology/edit"
)

func (c changer) addPolicy() edit.Edit {
	return edit.Edit{Op: edit.PolicyAdd, Name: oneOf(c.editor, policyNames...), Terms: plain(someTerms(c.editor)).([]any)}
}

func (c changer) setPolicy() edit.Edit {
	e := c.addPolicy()
	e.Op = edit.PolicySet
	return e
}

func (c changer) delPolicy() edit.Edit {
	return edit.Edit{Op: edit.PolicyDel, Name: oneOf(c.editor, policyNames...)}
}

func (c changer) addPrefixList() edit.Edit {
	e := edit.Edit{Op: edit.PrefixListAdd, Name: oneOf(c.editor, listNames...)}
	for _, entry := range some(listEntry)(c.editor, nil).([]any) {
		e.Entries = append(e.Entries, entry.(string))
	}
	return e
}

func (c changer) setPrefixList() edit.Edit {
	e := c.addPrefixList()
	e.Op = edit.PrefixListSet
	return e
}

func (c changer) delPrefixList() edit.Edit {
	return edit.Edit{Op: edit.PrefixListDel, Name: oneOf(c.editor, listNames...)}
}

// neighbor names a session: with a host, or between two routers with a link.
func (c changer) neighbor(op edit.Op) edit.Edit {
	if c.chance(2) {
		h := c.host()
		return edit.Edit{Op: op, Name: h.Name, Interface: anyOf(c, h.Attachments).Interface}
	}
	ends := anyOf(c, c.lab.Links).Ends
	a, b := anyOf(c, ends).Router, anyOf(c, ends).Router
	if a == b {
		return edit.Edit{}
	}
	return edit.Edit{Op: op, Name: a, Router: b}
}

func (c changer) addNeighbor() edit.Edit {
	e := c.neighbor(edit.NeighborAdd)
	if e.Op != "" && e.Router == "" {
		e.Settings = map[string]any{"as": hostAS(c.editor, nil)}
	}
	return e
}

// setNeighbor changes a setting, or takes one back.
func (c changer) setNeighbor() edit.Edit {
	e := c.neighbor(edit.NeighborSet)
	with := session.Routers
	if e.Router == "" {
		with = session.Hosts
	}
	knob := anyOf(c, session.Knobs(with))
	value := plain(knobValues[knob.Key](c.editor, nil))
	if c.chance(4) {
		value = nil
	}
	e.Settings = map[string]any{knob.Key: value}
	if (knob.Reset || knob.Key == "shutdown") && c.needs(e) {
		return edit.Edit{}
	}
	return e
}

func (c changer) delNeighbor() edit.Edit {
	e := c.neighbor(edit.NeighborDel)
	if c.needs(e) {
		return edit.Edit{}
	}
	return e
}

// needs reports whether the hosts that are left alone may need a session between
// routers to reach each other: that between their routers if there is one, or any.
func (c changer) needs(e edit.Edit) bool {
	var at []string
	for _, h := range c.lab.Hosts {
		if !slices.Contains(c.spare, h.Name) {
			continue
		}
		for _, a := range c.lab.AtRouters(h) {
			if !slices.Contains(at, a.Router) {
				at = append(at, a.Router)
			}
		}
	}
	direct := func(s topology.Session) bool { return len(at) == 2 && s.Router == at[0] && s.PeerRouter == at[1] }
	switch {
	case e.Router == "" || len(at) < 2:
		return false
	case slices.ContainsFunc(c.lab.Sessions, direct):
		return slices.Contains(at, e.Name) && slices.Contains(at, e.Router)
	}
	return true
}

func (c changer) redistribute() edit.Edit {
	e := edit.Edit{Op: oneOf(c.editor, edit.RedistributeAdd, edit.RedistributeDel), Name: c.vrf().Name, Protocol: oneOf(c.editor, "connected", "static")}
	if e.Op == edit.RedistributeAdd && e.Protocol == "connected" {
		e.Settings = map[string]any{"connected": oneOf(c.editor, "hosts", "subnets")}
	}
	return e
}

// addStation adds a BMP station, where nobody listens.
func (c changer) addStation() edit.Edit {
	e := edit.Edit{Op: edit.BMPAdd, Name: c.router(), Settings: map[string]any{"to": fmt.Sprintf("10.199.%d.2:5000", c.IntN(256))}}
	if v := c.vrf(); c.chance(2) {
		e.Name, e.Settings["vrf"] = v.Router, v.Name
	}
	return e
}

func (c changer) delStation() edit.Edit {
	r := anyOf(c, c.lab.Routers)
	s := anyOf(c, r.Stations)
	return edit.Edit{Op: edit.BMPDel, Name: r.Name, Settings: map[string]any{"to": s.Address.String(), "vrf": s.VRF}}
}

// maintain has a router go into maintenance, or return.
func (c changer) maintain() edit.Edit {
	return edit.Edit{Op: edit.RouterSet, Name: c.router(), Settings: map[string]any{"maintenance": c.chance(2)}}
}

// plain is a value of a file as an edit has it.
func plain(v any) any {
	switch v := v.(type) {
	case *mapping:
		out := map[string]any{}
		for _, f := range v.fields {
			out[f.key] = plain(f.value)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i := range v {
			out[i] = plain(v[i])
		}
		return out
	}
	return v
}
