package config

import "pseudowan/bgp/session"

// Secrets are passwords by their source (session.Password.Source). The plan of a
// lab contains none; whoever hands a router its configuration adds them.
type Secrets map[string]string

// Of returns the secrets that a router's sessions name.
func (s Secrets) Of(r Router) Secrets {
	out := Secrets{}
	add := func(p session.Password) {
		if text, ok := s[p.Source()]; ok && p.Elsewhere() {
			out[p.Source()] = text
		}
	}
	for _, one := range r.Sessions {
		add(one.Password)
	}
	for _, a := range r.Access {
		if a.CE != nil {
			add(a.CE.BGP.Password)
		}
	}
	if len(out) == 0 {
		return nil
	}
	return out
}

// Settings returns the settings of a session with its password in place.
func (r *Router) Settings(s session.Settings) session.Settings {
	if s.Password.Elsewhere() {
		s.Password.Text = r.Secrets[s.Password.Source()]
	}
	return s
}
