package session

import (
	"fmt"
	"reflect"
	"strings"

	"pseudowan/bgp/vpn"
)

// Text returns the knob's value in words, as the file has it; passwords stay unsaid.
// Where it is not set, that is the default.
func (k *Knob) Text(s Settings) string {
	v := reflect.ValueOf(k.field(&s)).Elem()
	if v.IsZero() && k.fallback != "" {
		return k.fallback
	}
	switch f := v.Interface().(type) {
	case *uint32:
		if f == nil {
			return ""
		}
		return fmt.Sprint(*f)
	case []string:
		return strings.Join(f, ", ")
	case []vpn.Family:
		names := make([]string, len(f))
		for i, name := range f {
			names[i] = string(name)
		}
		return strings.Join(names, ", ")
	}
	return fmt.Sprint(v.Interface())
}

// Given reports whether the knob's value is another than the default.
func (k *Knob) Given(s Settings, with Peers) bool {
	s = s.Normal()
	d := Default(with)
	switch k.Key {
	case "keepalive":
		return s.Keepalive != KeepaliveFor(s.HoldTime)
	case "families": // those of a session with a host follow from its address
		return with == Routers && !k.Equal(s, d)
	}
	return !k.Equal(s, d)
}
