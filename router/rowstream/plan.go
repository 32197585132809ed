package rowstream

import (
	"fmt"
	"hash/fnv"
	"io"
	"net/netip"
	"reflect"
)

// kind is how a field is written.
type kind uint8

const (
	kindText    kind = iota // number of the text, or 0 and the text itself
	kindUint                // varint
	kindInt                 // zigzag varint
	kindBool                // one octet
	kindAddr                // length, octets, zone of an IPv6 address
	kindPrefix              // length of the prefix and 1, address; 0: none
	kindPointer             // 0: nil, else 1 and what it points to
	kindList                // 0: nil, else length and 1, items
	kindStruct              // its fields
)

// plan is how values of a type are written.
type plan struct {
	kind   kind
	of     reflect.Type
	item   *plan   // of a pointer or list
	fields []*plan // of a struct
}

var (
	addrType   = reflect.TypeFor[netip.Addr]()
	prefixType = reflect.TypeFor[netip.Prefix]()
)

// planOf returns the plan of a type. It panics if values of the type cannot be written,
// which is a mistake in the program.
func planOf(t reflect.Type) *plan {
	p := &plan{of: t}
	switch t {
	case addrType:
		p.kind = kindAddr
		return p
	case prefixType:
		p.kind = kindPrefix
		return p
	}
	switch t.Kind() {
	case reflect.String:
		p.kind = kindText
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		p.kind = kindUint
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		p.kind = kindInt
	case reflect.Bool:
		p.kind = kindBool
	case reflect.Pointer:
		p.kind, p.item = kindPointer, planOf(t.Elem())
	case reflect.Slice:
		p.kind, p.item = kindList, planOf(t.Elem())
	case reflect.Struct:
		p.kind = kindStruct
		for i := range t.NumField() {
			if !t.Field(i).IsExported() {
				panic(fmt.Sprintf("rowstream: field %s of %s is not exported", t.Field(i).Name, t))
			}
			p.fields = append(p.fields, planOf(t.Field(i).Type))
		}
	default:
		panic(fmt.Sprintf("rowstream: no row has a field of type %s", t))
	}
	return p
}

// Schema returns a word that differs for types whose rows are written differently.
func Schema[T any]() string {
	h := fnv.New64a()
	describe(h, reflect.TypeFor[T]())
	return fmt.Sprintf("%016x", h.Sum64())
}

func describe(w io.Writer, t reflect.Type) {
	fmt.Fprintf(w, "%s %s\n", t.Kind(), t)
	switch {
	case t == addrType || t == prefixType:
	case t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice:
		describe(w, t.Elem())
	case t.Kind() == reflect.Struct:
		for i := range t.NumField() {
			fmt.Fprintln(w, t.Field(i).Name)
			describe(w, t.Field(i).Type)
		}
	}
}
