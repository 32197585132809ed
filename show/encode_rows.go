package show

import (
	"bytes"
	"fmt"
	"net/netip"
	"reflect"
	"strconv"
	"strings"
)

// jsonField is a field of a row.
type jsonField struct {
	index int
	key   string // quoted, with what is between it and the value
}

// jsonFields are the fields of a type of rows; ok is false if encoding/json may write them in
// another way than appendJSON: only plain names are known here.
func jsonFields(t reflect.Type) (fields []jsonField, ok bool) {
	for i := range t.NumField() {
		f := t.Field(i)
		name := f.Tag.Get("json")
		if f.Anonymous || !f.IsExported() || name == "" || name == "-" || strings.Contains(name, ",") {
			return nil, false
		}
		fields = append(fields, jsonField{i, `"` + name + `": `})
	}
	return fields, len(fields) > 0
}

// rowEncoder writes rows as marshalJSONBelow does, in a fraction of its time: a table may
// have a million.
type rowEncoder struct {
	fields map[reflect.Type][]jsonField // nil for types that encoding/json has to write
	buf    []byte
	err    error
}

// encodeItems returns the items of a list without what separates them from others; each
// line begins with margin and an indentation.
func encodeItems[T any](rows []T, margin string) ([]byte, error) {
	e := rowEncoder{fields: make(map[reflect.Type][]jsonField)}
	all := reflect.ValueOf(rows)
	for i := range rows {
		if i > 0 {
			e.buf = append(e.buf, ",\n"...)
		}
		e.buf = append(append(e.buf, margin...), "  "...)
		e.value(all.Index(i), margin+"  ")
	}
	return e.buf, e.err
}

// value appends an addressable value.
func (e *rowEncoder) value(v reflect.Value, margin string) {
	switch v.Kind() {
	case reflect.String:
		e.text(v.String())
	case reflect.Bool:
		e.buf = strconv.AppendBool(e.buf, v.Bool())
	case reflect.Int, reflect.Int32, reflect.Int64:
		e.buf = strconv.AppendInt(e.buf, v.Int(), 10)
	case reflect.Uint32, reflect.Uint64:
		e.buf = strconv.AppendUint(e.buf, v.Uint(), 10)
	case reflect.Pointer:
		if v.IsNil() {
			e.buf = append(e.buf, "null"...)
			return
		}
		e.value(v.Elem(), margin)
	case reflect.Slice:
		e.list(v, margin)
	case reflect.Struct:
		e.object(v, margin)
	default:
		e.other(v, margin)
	}
}

func (e *rowEncoder) list(v reflect.Value, margin string) {
	switch {
	case v.IsNil():
		e.buf = append(e.buf, "null"...)
		return
	case v.Len() == 0:
		e.buf = append(e.buf, "[]"...)
		return
	case v.Type().Elem().Kind() == reflect.Uint8: // base64
		e.other(v, margin)
		return
	}
	inside := margin + "  "
	for i := range v.Len() {
		e.line(i == 0, '[', inside)
		e.value(v.Index(i), inside)
	}
	e.buf = append(append(append(e.buf, '\n'), margin...), ']')
}

func (e *rowEncoder) object(v reflect.Value, margin string) {
	switch p := v.Addr().Interface().(type) {
	case *netip.Addr:
		if p.Zone() != "" { // any octets
			e.text(p.String())
			return
		}
		if e.buf = append(e.buf, '"'); p.IsValid() {
			e.buf = p.AppendTo(e.buf)
		}
		e.buf = append(e.buf, '"')
		return
	case *netip.Prefix:
		if e.buf = append(e.buf, '"'); p.IsValid() {
			e.buf = p.AppendTo(e.buf)
		}
		e.buf = append(e.buf, '"')
		return
	}
	fields, known := e.fields[v.Type()]
	if !known {
		fields, _ = jsonFields(v.Type())
		e.fields[v.Type()] = fields
	}
	if fields == nil {
		e.other(v, margin)
		return
	}
	inside := margin + "  "
	for i, f := range fields {
		e.line(i == 0, '{', inside)
		e.buf = append(e.buf, f.key...)
		e.value(v.Field(f.index), inside)
	}
	e.buf = append(append(append(e.buf, '\n'), margin...), '}')
}

// line begins the line of an item, the first one after what opens the list.
func (e *rowEncoder) line(first bool, opens byte, margin string) {
	if !first {
		opens = ','
	}
	e.buf = append(append(append(e.buf, opens), '\n'), margin...)
}

// text appends a string; encoding/json knows how to quote what is not plain.
func (e *rowEncoder) text(s string) {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c > '~' || c == '"' || c == '\\' {
			e.other(reflect.ValueOf(s), "")
			return
		}
	}
	e.buf = append(append(append(e.buf, '"'), s...), '"')
}

func (e *rowEncoder) other(v reflect.Value, margin string) {
	b, err := marshalJSONBelow(v.Interface(), margin)
	if err != nil && e.err == nil {
		e.err = fmt.Errorf("rows: %w", err)
	}
	e.buf = append(e.buf, bytes.TrimSuffix(b, []byte("\n"))...)
}
