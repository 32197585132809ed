package topology

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// Expectation is an `expect:` line: From reaches To or an address, or does not.
type Expectation struct {
	From    string     `json:"from"`
	To      string     `json:"to,omitempty"`      // a host or a site outside; "" where Address is named
	Address netip.Addr `json:"address,omitzero"`  // whoever has it; with Has, From itself
	Port    uint16     `json:"port,omitempty"`    // of TCP; 0: any packet
	As      netip.Addr `json:"as,omitzero"`       // the source that At or To sees; zero: no matter
	At      string     `json:"at,omitempty"`      // the host where a connection ends, on any of its ports; "": To, on Port
	Through []string   `json:"through,omitempty"` // hosts on the way, in their order
	Never   bool       `json:"never,omitempty"`
	Has     bool       `json:"has,omitempty"` // From has Address on an interface
}

// Pinged reports whether the line is about packets between two of the lab's hosts, or
// to a site outside, which are sent anyway.
func (e Expectation) Pinged() bool { return !e.Has && e.Port == 0 && !e.Address.IsValid() }

// Target names what the line is about on its right side.
func (e Expectation) Target() string {
	if e.To != "" {
		return e.To
	}
	return e.Address.String()
}

// String returns the line as it is written in the file.
func (e Expectation) String() string {
	if e.Has {
		return e.From + " has " + e.Address.String()
	}
	arrow := " -> "
	if e.Never {
		arrow = " !-> "
	}
	text := e.From + arrow + e.Target()
	if e.Port != 0 {
		text += fmt.Sprintf(" tcp %d", e.Port)
	}
	if e.As.IsValid() {
		text += " as " + e.As.String()
	}
	if e.At != "" {
		text += " at " + e.At
	}
	if len(e.Through) > 0 {
		text += " via " + strings.Join(e.Through, ", ")
	}
	return text
}

// expectLine is an expectation in the file.
type expectLine Expectation

const expectForms = "write a -> b, a -> b via c, a !-> b, a -> b tcp 80, a -> b tcp 80 as 2001:db8::1, a -> 2001:db8::2, a -> 2001:db8::2 tcp 80 as 2001:db8::1 at b, or a has 2001:db8::1"

func parseExpect(p *expectLine, s string) *fault {
	wrong := &fault{fmt.Sprintf("%q is not an expectation", s), expectForms}
	words := strings.Fields(s)
	if len(words) < 3 {
		return wrong
	}
	e := expectLine{From: words[0]}
	switch words[1] {
	case "->":
	case "!->":
		e.Never = true
	case "has":
		e.Has = true
	default:
		return wrong
	}
	if a, err := netip.ParseAddr(words[2]); err == nil {
		e.Address = a
	} else {
		e.To = words[2]
	}
	if f := e.conditions(words[3:]); f != nil {
		return f
	}
	if e.Has && (!e.Address.IsValid() || len(words) > 3) {
		return &fault{fmt.Sprintf("%q is not an expectation", s), "write a has 2001:db8::1"}
	}
	*p = e
	return nil
}

// conditions reads what follows the two ends.
func (e *expectLine) conditions(words []string) *fault {
	for len(words) > 0 {
		if len(words) < 2 {
			return &fault{fmt.Sprintf("nothing follows %q", words[0]), expectForms}
		}
		value := words[1]
		switch key := words[0]; {
		case key == "tcp" && e.Port == 0:
			port, err := strconv.ParseUint(value, 10, 16)
			if err != nil || port == 0 {
				return &fault{fmt.Sprintf("%q is not a port", value), "write a number from 1 to 65535 after tcp"}
			}
			e.Port = uint16(port)
		case key == "as" && !e.As.IsValid():
			a, err := netip.ParseAddr(value)
			if err != nil {
				return &fault{fmt.Sprintf("%q is not an address", value), "write the source address that is seen after as"}
			}
			e.As = a
		case key == "at" && e.At == "":
			e.At = value
		case key == "via" && e.Through == nil:
			for name := range strings.SplitSeq(strings.Join(words[1:], " "), ",") {
				e.Through = append(e.Through, strings.TrimSpace(name))
			}
			return nil
		default:
			return &fault{fmt.Sprintf("%q is out of place", key), expectForms}
		}
		words = words[2:]
	}
	return nil
}

// expectations fills Expect.
func (b *labBuilder) expectations() {
	hosts, outside := make(map[string]bool), make(map[string]bool)
	for _, h := range b.lab.Hosts {
		hosts[h.Name] = true
	}
	for _, o := range b.lab.Outside {
		outside[o.Name] = true
	}
	for _, e := range b.raw.Expect {
		if !e.has {
			continue
		}
		for _, name := range append([]string{e.v.From, e.v.To}, e.v.Through...) {
			if !hosts[name] && !outside[name] && (name != "" || e.v.To != "") {
				b.refuse(e.at, "expect", fmt.Sprintf("no host is named %q", name), suggest(name, hosts))
			}
		}
		if e.v.At != "" && !hosts[e.v.At] {
			b.refuse(e.at, "expect", fmt.Sprintf("no host of the lab is named %q", e.v.At), suggest(e.v.At, hosts))
		}
		for _, name := range append([]string{e.v.From}, e.v.Through...) {
			if outside[name] {
				b.refuse(e.at, "expect", fmt.Sprintf("%s is outside the lab: only whether it is reached can be tested", name),
					"write a host of the lab before the arrow, and "+name+" after it")
			}
		}
		b.checkMachines(e.at, e.v)
		b.checkExpectation(e.at, e.v, outside[e.v.To])
		b.lab.Expect = append(b.lab.Expect, Expectation(e.v))
	}
}

// checkExpectation refuses lines that contradict themselves.
func (b *labBuilder) checkExpectation(at pos, e expectLine, outside bool) {
	refuse := func(problem, remedy string) { b.refuse(at, "expect", problem, remedy) }
	seen := []string{e.From, e.To}
	for _, via := range e.Through {
		if via != "" && slices.Contains(seen, via) {
			refuse(via+" occurs twice", "name a third host after via")
		}
		seen = append(seen, via)
	}
	if e.From == e.To {
		refuse(e.From+" is on both sides", "name two hosts")
	}
	switch {
	case len(e.Through) > 0 && e.Never:
		refuse("a packet that must not arrive has no way", "remove via")
	case len(e.Through) > 0 && e.Port != 0:
		refuse("via is for lines without a port", "write a line of its own: "+e.From+" -> "+Expectation(e).Target()+" via "+strings.Join(e.Through, ", "))
	case e.As.IsValid() && e.Port == 0:
		refuse("which source is seen can be told of connections only", "write tcp and a port before as")
	case e.As.IsValid() && e.Never:
		refuse("a connection that must not be has no source", "remove as")
	case e.At != "" && e.Port == 0:
		refuse("only connections end at a host that is not named before", "write tcp and a port before at")
	case e.At != "" && e.Never:
		refuse("a connection that must not be ends nowhere", "remove at")
	case e.As.IsValid() && e.At == "" && (e.To == "" || outside):
		refuse("which source is seen can be told inside a host of the lab only", "name the host: "+Expectation(e).String()+" at b")
	}
}
