package topology

import (
	"regexp"

	"github.com/invopop/jsonschema"
	"go.yaml.in/yaml/v3"

	"pseudowan/bgp/session"
)

// rawPassword is a password, or a mapping that says where it is.
type rawPassword struct {
	at   pos
	ok   bool
	text value[string]
	placeOfPassword
}

type placeOfPassword struct {
	Env  value[string] `json:"env" doc:"Environment variable of pseudowan up that has the password."`
	File value[string] `json:"file" doc:"File whose first line is the password; nobody but its owner may have access to it. Relative to this file."`
}

var variableName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

func (p *rawPassword) read(d *decoder, n *yaml.Node) {
	p.at = at(n)
	scalarOr(d, n, &p.text, &p.placeOfPassword)
	switch {
	case p.text.bad, p.Env.bad, p.File.bad:
	case p.text.has:
		p.ok = true
	case p.Env.has && p.File.has, !p.Env.has && !p.File.has:
		d.wrong(n, "want a password, or where it is", "write {env: NAME} or {file: PATH}")
	case p.Env.has && !variableName.MatchString(p.Env.v):
		d.refuse(p.Env.at, d.element(), "not the name of an environment variable", "use letters, digits and underscores, as BGP_PASSWORD")
	case p.File.has && p.File.v == "":
		d.refuse(p.File.at, d.element(), "names no file", "write file: bgp-password")
	default:
		p.ok = true
	}
}

func (p *rawPassword) password() session.Password {
	return session.Password{Text: p.text.v, Env: p.Env.v, File: p.File.v, Line: p.at.line}
}

// JSONSchema implements the interface that the reflector looks for.
func (rawPassword) JSONSchema() *jsonschema.Schema {
	place := schemaOf[placeOfPassword]()
	return either(schemaOf[value[string]](), place)
}

// Passwords returns the passwords of all sessions, to be changed in place.
func (t *Topology) Passwords() []*session.Password {
	var out []*session.Password
	for i := range t.Sessions {
		out = append(out, &t.Sessions[i].Password)
	}
	inVRF := func(c *CustomerBGP) {
		if c != nil {
			out = append(out, &c.Password)
		}
	}
	for i := range t.Links {
		for j := range t.Links[i].Ends {
			inVRF(t.Links[i].Ends[j].BGP)
		}
	}
	for i := range t.Hosts {
		for j := range t.Hosts[i].Attachments {
			inVRF(t.Hosts[i].Attachments[j].BGP)
		}
	}
	return out
}
