package topology

import (
	"encoding/json"
	"fmt"
	"reflect"

	"github.com/invopop/jsonschema"
)

// Schema returns the JSON Schema (draft 2020-12) of the lab file, for completion
// and checks in editors. It covers the form of the file, but not what only Parse
// can check, such as overlaps and references.
func Schema(known ...Runtime) ([]byte, error) {
	s := reflectSchema(reflect.TypeFor[rawTopology]())
	runtimes(known).enumerate(s)
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

// reflectSchema returns the schema of a raw type, without references.
func reflectSchema(t reflect.Type) *jsonschema.Schema {
	r := jsonschema.Reflector{
		Anonymous: true, DoNotReference: true, RequiredFromJSONSchemaTags: true, LookupComment: description,
		AdditionalFields: inlineFields,
	}
	s := r.ReflectFromType(t)
	s.Version = ""
	return s
}

// description returns the description of a key with its default.
func description(t reflect.Type, field string) string {
	if t.Kind() != reflect.Struct {
		return ""
	}
	f, _ := t.FieldByName(field)
	return described(f.Tag.Get("doc"), f.Tag.Get("default"))
}

func described(doc, fallback string) string {
	if fallback != "" {
		doc += " Default: " + fallback + "."
	}
	return doc
}

func schemaOf[T any]() *jsonschema.Schema { return reflectSchema(reflect.TypeFor[T]()) }

func pattern(re string) *jsonschema.Schema {
	return &jsonschema.Schema{Type: "string", Pattern: re}
}

func integer(least string) *jsonschema.Schema {
	return &jsonschema.Schema{Type: "integer", Minimum: json.Number(least)}
}

func either(forms ...*jsonschema.Schema) *jsonschema.Schema {
	return &jsonschema.Schema{AnyOf: forms}
}

var anyScalar = either(pattern(""), &jsonschema.Schema{Type: "number"}, &jsonschema.Schema{Type: "boolean"})

// mapping returns the schema of an object whose keys are names.
func mapping(values, keys *jsonschema.Schema) *jsonschema.Schema {
	return &jsonschema.Schema{Type: "object", AdditionalProperties: values, PropertyNames: keys}
}

func list(items *jsonschema.Schema) *jsonschema.Schema {
	return &jsonschema.Schema{Type: "array", Items: items}
}

// JSONSchema implements the reflector's interface for schemas of types.
func (entries[T]) JSONSchema() *jsonschema.Schema { return mapping(schemaOf[T](), nil) }

// JSONSchema implements the reflector's interface for schemas of types.
func (oneOrMany[T]) JSONSchema() *jsonschema.Schema {
	return either(schemaOf[T](), list(schemaOf[T]()))
}

// JSONSchema implements the reflector's interface for schemas of types.
func (rawEnds) JSONSchema() *jsonschema.Schema {
	return either(list(schemaOf[value[endName]]()), mapping(schemaOf[rawEnd](), pattern(endPattern)))
}

// JSONSchema implements the reflector's interface for schemas of types.
func (rawLinkBGP) JSONSchema() *jsonschema.Schema {
	return either(schemaOf[value[linkMode]](), schemaOf[linkSettings]())
}

// JSONSchema implements the reflector's interface for schemas of types.
func (rawEndBGP) JSONSchema() *jsonschema.Schema {
	return either(schemaOf[value[linkMode]](), schemaOf[endSettings]())
}

// JSONSchema implements the reflector's interface for schemas of types.
func (rawRA) JSONSchema() *jsonschema.Schema {
	return either(schemaOf[value[network]](), schemaOf[raSettings]())
}

// JSONSchema implements the reflector's interface for schemas of types.
func (rawRAPrefix) JSONSchema() *jsonschema.Schema {
	return either(schemaOf[value[network]](), schemaOf[raPrefixSettings]())
}

// JSONSchema implements the reflector's interface for schemas of types.
func (rawRoute) JSONSchema() *jsonschema.Schema {
	return either(schemaOf[value[network]](), schemaOf[routeSettings]())
}

// JSONSchema implements the reflector's interface for schemas of types.
func (rawAnnounce) JSONSchema() *jsonschema.Schema {
	return either(schemaOf[value[network]](), schemaOf[announceSettings]())
}

// JSONSchema implements the reflector's interface for schemas of types.
func (rawStation) JSONSchema() *jsonschema.Schema {
	return either(schemaOf[value[stationAddress]](), schemaOf[stationSettings]())
}

// JSONSchema implements the reflector's interface for schemas of types.
func (rawService) JSONSchema() *jsonschema.Schema {
	return either(list(schemaOf[value[string]]()), schemaOf[serviceSettings]())
}

// JSONSchema implements the reflector's interface for schemas of types.
func (rawCore) JSONSchema() *jsonschema.Schema {
	return either(schemaOf[value[transportProtocol]](), schemaOf[coreSettings]())
}

// JSONSchema implements the reflector's interface for schemas of types.
func (rawTracking) JSONSchema() *jsonschema.Schema {
	return either(schemaOf[value[bool]](), schemaOf[trackingSettings]())
}

// JSONSchema implements the reflector's interface for schemas of types.
func (rawMRT) JSONSchema() *jsonschema.Schema {
	return either(schemaOf[value[string]](), schemaOf[mrtSettings]())
}
