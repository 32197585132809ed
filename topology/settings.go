package topology

import (
	"reflect"
	"slices"
	"strconv"
	"time"

	"go.yaml.in/yaml/v3"

	"pseudowan/bgp/session"
	"pseudowan/bgp/vpn"
)

// sessionKeys are the settings of BGP sessions in a mapping of the file, among its
// other keys.
type sessionKeys struct {
	v     session.Settings
	given map[string]givenKey
}

type givenKey struct {
	at  pos
	bad bool // unreadable, and reported
}

// Sessions with routers and with hosts have different keys.
type (
	routerSession struct{ sessionKeys }
	hostSession   struct{ sessionKeys }
)

func (*routerSession) with() session.Peers { return session.Routers }
func (*hostSession) with() session.Peers   { return session.Hosts }

// inlineKeys is a field of a raw type whose keys come from a table. They are keys
// of the mapping that the raw type mirrors.
type inlineKeys interface {
	with() session.Peers
	readKnob(d *decoder, k *session.Knob, n *yaml.Node)
}

func (o *sessionKeys) readKnob(d *decoder, k *session.Knob, n *yaml.Node) {
	if o.given == nil {
		o.given = make(map[string]givenKey)
	}
	field := k.Field(&o.v)
	given, ok := settings[reflect.TypeOf(field).Elem()].read(d, n, field)
	if given {
		o.given[k.Key] = givenKey{at(n), !ok}
	}
}

// setting is how a type of field of session.Settings is written in the file.
type setting struct {
	of   reflect.Type
	raw  reflect.Type
	read func(d *decoder, n *yaml.Node, field any) (given, ok bool)
}

// settings are all types of fields.
var settings = func(list ...setting) map[reflect.Type]setting {
	out := make(map[reflect.Type]setting, len(list))
	for _, s := range list {
		out[s.of] = s
	}
	return out
}(
	single(func(field *bool, v bool) { *field = v }),
	single(func(field *string, v string) { *field = v }),
	written(func(field *session.Password, v rawPassword) (given, ok bool) {
		*field = v.password()
		return v.at != (pos{}), v.ok
	}),
	single(func(field *uint32, v uint32) { *field = v }),
	single(func(field **uint32, v uint32) { *field = &v }),
	single(func(field *time.Duration, v lifetime) { *field = time.Duration(v) }),
	single(func(field *session.Interval, v session.Interval) { *field = v }),
	single(func(field *session.Hops, v hops) { *field = session.Hops(v) }),
	single(func(field *session.RestartMode, v session.RestartMode) { *field = v }),
	written(func(field *[]string, list oneOrMany[value[string]]) (given, ok bool) {
		*field, ok = nil, true
		for _, name := range list {
			*field, ok = append(*field, name.v), ok && name.has
		}
		return true, ok
	}),
	written(func(field *[]vpn.Family, list []value[vpn.Family]) (given, ok bool) {
		for _, f := range list {
			if f.has && !slices.Contains(*field, f.v) {
				*field = append(*field, f.v)
			}
		}
		slices.Sort(*field)
		return len(list) > 0, len(*field) > 0
	}),
)

// single returns a setting that is written as one scalar.
func single[F, T any](set func(*F, T)) setting {
	return written(func(field *F, v value[T]) (given, ok bool) {
		if v.has {
			set(field, v.v)
		}
		return true, v.has
	})
}

func written[F, R any](set func(*F, R) (given, ok bool)) setting {
	return setting{
		of: reflect.TypeFor[F](), raw: reflect.TypeFor[R](),
		read: func(d *decoder, n *yaml.Node, field any) (bool, bool) {
			var raw R
			d.into(reflect.ValueOf(&raw).Elem(), n)
			return set(field.(*F), raw)
		},
	}
}

// over fills the unset keys of o from base.
func (o sessionKeys) over(base sessionKeys) sessionKeys {
	given := make(map[string]givenKey)
	for _, k := range session.Knobs(session.Routers | session.Hosts) {
		if g, ok := o.given[k.Key]; ok {
			given[k.Key] = g
		} else if g, ok := base.given[k.Key]; ok {
			given[k.Key] = g
			k.Copy(&o.v, &base.v)
		}
	}
	o.given = given
	return o
}

// resolved returns the settings with their defaults.
func (o sessionKeys) resolved(with session.Peers) session.Settings {
	s := session.Default(with)
	for _, k := range session.Knobs(with) {
		if o.has(k.Key) {
			k.Copy(&s, &o.v)
		}
	}
	if !o.has("keepalive") {
		s.Keepalive = session.KeepaliveFor(s.HoldTime)
	}
	return s
}

func (o sessionKeys) has(key string) bool {
	g, given := o.given[key]
	return given && !g.bad
}

func (o sessionKeys) at(key string) pos { return o.given[key].at }

// checkSettings refuses settings that no session can have.
func (r *report) checkSettings(o sessionKeys, with session.Peers, element string) {
	s := o.resolved(with)
	for _, k := range session.Knobs(with) {
		if !o.has(k.Key) {
			continue
		}
		if why := k.Check(s); why != nil {
			r.refuse(o.at(k.Key), element, why.Message, why.Remedy)
			if k.Key == "hold-time" {
				return // the others depend on it
			}
		}
	}
}

// inlineFields returns the inline keys of a raw type as fields, for the reflector of
// the schema.
func inlineFields(t reflect.Type) []reflect.StructField {
	if t.Kind() != reflect.Struct {
		return nil
	}
	var out []reflect.StructField
	for i := range t.NumField() {
		keys, ok := reflect.New(t.Field(i).Type).Interface().(inlineKeys)
		if !ok {
			continue
		}
		for _, k := range session.Knobs(keys.with()) {
			raw := settings[reflect.TypeOf(k.Field(new(session.Settings))).Elem()].raw
			text := strconv.Quote(described(k.Doc, k.Default(keys.with())))
			out = append(out, reflect.StructField{
				Name: "Inline", Type: raw, Tag: reflect.StructTag(`json:"` + k.Key + `" jsonschema_description:` + text),
			})
		}
	}
	return out
}
