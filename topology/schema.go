package topology

import (
	"encoding/json"
	"fmt"
	"net"
	"net/netip"
	"reflect"

	"github.com/invopop/jsonschema"

	"pseudowan/bgp/vpn"
)

// Schema returns the JSON Schema (draft 2020-12) of the lab file, for editors
// that complete and check it as it is typed. It knows the shape of the file;
// what only Parse can know, such as overlaps and references, is not in it.
func Schema() ([]byte, error) {
	s := reflectSchema(reflect.TypeFor[rawTopology]())
	s.Version = jsonschema.Version
	s.Title = "pseudowan lab"
	s.Description = "A lab of customer hosts, PE routers and the links between them."
	s.PatternProperties = map[string]*jsonschema.Schema{"^x-": jsonschema.TrueSchema}
	text, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("write JSON schema: %w", err)
	}
	return append(text, '\n'), nil
}

// reflectSchema makes the schema of a raw type, in one piece.
func reflectSchema(t reflect.Type) *jsonschema.Schema {
	r := jsonschema.Reflector{
		Anonymous: true, DoNotReference: true, RequiredFromJSONSchemaTags: true,
	}
	s := r.ReflectFromType(t)
	s.Version = ""
	return s
}

func schemaOf[T any]() *jsonschema.Schema { return reflectSchema(reflect.TypeFor[T]()) }

// JSONSchema implements the interface that the reflector looks for.
func (value[T]) JSONSchema() *jsonschema.Schema {
	var zero T
	if allowed := words(&zero); allowed != nil {
		return wordSchema(&zero, allowed)
	}
	switch p := any(&zero).(type) {
	case *string, *vrfNames:
		return text() // numbers are taken as they are spelt: vrf: 101
	case *int, *uint32:
		return integer("0")
	case *asNumber:
		return integer("1")
	case *lifetime:
		return either(integer("0"), pattern(`^([0-9]+(h|m|s))+$`))
	case *memorySize:
		return either(integer("6291456"), pattern(`^[0-9]{1,15}[KMGkmg]?(i?[Bb])?$`))
	case *cpuCount:
		return &jsonschema.Schema{Type: "number", Minimum: "0.01", Maximum: "4096"}
	case *Mount:
		return pattern(`^[^:]+:/[^:]+(:ro|:rw)?$`)
	case *stepLength:
		return pattern(`^/[0-9]{1,3}$`)
	case *endName:
		return pattern(endPattern)
	case *expectLine:
		return pattern(`^\s*\S+\s+!?->\s+\S+(\s+via\s+\S+)?\s*$`)
	default:
		return networkSchema(p)
	}
}

const endPattern = `^[^:]+:[A-Za-z0-9][A-Za-z0-9._-]*$`

func networkSchema(kind any) *jsonschema.Schema {
	const prefix = `[0-9A-Fa-f.:]+/[0-9]{1,3}`
	switch kind.(type) {
	case *netip.Addr:
		return pattern(`^[0-9A-Fa-f.:]+$`)
	case *netip.Prefix, *network:
		return pattern(`^` + prefix + `$`)
	case *hostAddress:
		return pattern(`^(slaac|` + prefix + `)$`)
	case *net.HardwareAddr:
		return pattern(`^[0-9A-Fa-f]{2}([:-][0-9A-Fa-f]{2}){5}$|^([0-9A-Fa-f]{4}\.){2}[0-9A-Fa-f]{4}$`)
	case *vpn.RD, *vpn.RouteTarget:
		return pattern(`^([0-9]+L?|[0-9]+(\.[0-9]+){3}):[0-9]+$`)
	case *vpn.LabelRange:
		return pattern(`^\s*[0-9]+\s*-\s*[0-9]+\s*$`)
	}
	panic(fmt.Sprintf("topology: no schema for %T", kind))
}

func wordSchema(kind any, allowed []string) *jsonschema.Schema {
	if _, ok := kind.(*bool); ok {
		return &jsonschema.Schema{Type: "boolean"}
	}
	s := &jsonschema.Schema{Type: "string"}
	for _, w := range allowed {
		s.Enum = append(s.Enum, w)
	}
	return s
}

func pattern(re string) *jsonschema.Schema {
	return &jsonschema.Schema{Type: "string", Pattern: re}
}

func integer(least string) *jsonschema.Schema {
	return &jsonschema.Schema{Type: "integer", Minimum: json.Number(least)}
}

func either(forms ...*jsonschema.Schema) *jsonschema.Schema {
	return &jsonschema.Schema{AnyOf: forms}
}

// text is any scalar.
func text() *jsonschema.Schema {
	return either(pattern(""), &jsonschema.Schema{Type: "number"}, &jsonschema.Schema{Type: "boolean"})
}

// mapping is an object whose keys are names.
func mapping(values *jsonschema.Schema, keys *jsonschema.Schema) *jsonschema.Schema {
	return &jsonschema.Schema{Type: "object", AdditionalProperties: values, PropertyNames: keys}
}

func list(items *jsonschema.Schema) *jsonschema.Schema {
	return &jsonschema.Schema{Type: "array", Items: items}
}

// JSONSchema implements the interface that the reflector looks for.
func (entries[T]) JSONSchema() *jsonschema.Schema { return mapping(schemaOf[T](), nil) }

// JSONSchema implements the interface that the reflector looks for.
func (oneOrMany[T]) JSONSchema() *jsonschema.Schema {
	return either(schemaOf[T](), list(schemaOf[T]()))
}

// JSONSchema implements the interface that the reflector looks for.
func (rawEnds) JSONSchema() *jsonschema.Schema {
	return either(list(schemaOf[value[endName]]()), mapping(schemaOf[rawEnd](), pattern(endPattern)))
}

// JSONSchema implements the interface that the reflector looks for.
func (rawLinkBGP) JSONSchema() *jsonschema.Schema {
	return either(schemaOf[value[linkMode]](), schemaOf[linkSettings]())
}

// JSONSchema implements the interface that the reflector looks for.
func (rawEndBGP) JSONSchema() *jsonschema.Schema {
	return either(schemaOf[value[linkMode]](), schemaOf[endSettings]())
}

// JSONSchema implements the interface that the reflector looks for.
func (rawRA) JSONSchema() *jsonschema.Schema {
	return either(schemaOf[value[network]](), schemaOf[raSettings]())
}

// JSONSchema implements the interface that the reflector looks for.
func (rawAnnounce) JSONSchema() *jsonschema.Schema {
	return either(schemaOf[value[network]](), schemaOf[announceSettings]())
}
