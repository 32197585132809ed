package main

import (
	"encoding"
	"fmt"
	"net/netip"
	"reflect"
	"runtime"
	"strings"
	"time"

	"pseudowan/show"
	"pseudowan/status"
)

// document is what a command prints with -o json or yaml.
type document struct {
	command string
	printer string // the function of show, by name
	row     reflect.Type
	list    bool // of rows
	print   func(show.Output, reflect.Value) error
}

// documents returns those of all commands.
func documents() []document {
	verify := listOf("verify", func(o show.Output, rows []status.HostPair) error { return show.HostPairs(o, rows, true) })
	verify.printer = "HostPairs"
	previewed := oneOf("plan", func(o show.Output, p status.Preview) error { return show.Preview(o, p, true) })
	previewed.printer = "Preview"
	return []document{
		listOf("ps", show.Nodes),
		listOf("show peer", show.Peers),
		listOf("show neighbor", show.Sessions),
		listOf("show neighbor PEER received", show.SessionRoutes),
		listOf("show interface", show.Interfaces),
		listOf("show arp", show.Neighbors),
		listOf("show vrf", show.VRFs),
		listOf("show route", show.ActiveRoutes),
		listOf("show mpls", show.MPLS),
		listOf("show lsp", show.LSPs),
		listOf("show core", show.CoreLinks),
		listOf("show bfd", show.BFD),
		listOf("show flow", show.Flows),
		listOf("show port", show.Ports),
		listOf("show guard", show.Guards),
		listOf("show bmp", show.Stations),
		listOf("show mrt", show.MRT),
		listOf("show rib", show.RIB),
		verify,
		listOf("audit", show.Deviations),
		listOf("gc", show.Orphans),
		oneOf("trace", show.Trace),
		oneOf("explain", show.Explanation),
		previewed,
		oneOf("measure", show.Measurement),
		oneOf("lsp ping", show.LSPTest),
		oneOf("lsp traceroute", show.LSPTest),
		oneOf("events", show.Event),
		listOf("doctor", show.Findings),
		listOf("labs", show.ReadyLabs),
		listOf("bmp-collector routers", show.CollectedRouters),
		listOf("bmp-collector peers", show.CollectedPeers),
		listOf("bmp-collector routes", show.CollectedRoutes),
	}
}

func listOf[T any](command string, print func(show.Output, []T) error) document {
	return document{command, nameOf(print), reflect.TypeFor[T](), true, func(o show.Output, row reflect.Value) error {
		return print(o, []T{row.Interface().(T)})
	}}
}

func oneOf[T any](command string, print func(show.Output, T) error) document {
	return document{command, nameOf(print), reflect.TypeFor[T](), false, func(o show.Output, row reflect.Value) error {
		return print(o, row.Interface().(T))
	}}
}

// nameOf returns a function's name without its package.
func nameOf(f any) string {
	name := runtime.FuncForPC(reflect.ValueOf(f).Pointer()).Name()
	return name[strings.LastIndex(name, ".")+1:]
}

// Affixes of kinds.
const (
	orNull     = " or null"
	listOfKind = "list of "
)

// key is one key of a document.
type key struct {
	path  string // in jq's notation: .hops[].node
	kind  string
	field string // TYPE.FIELD, where its comment is
}

// keys lists the keys of d.
func (d document) keys() []key {
	at := ""
	if d.list {
		at = "[]"
	}
	return keysOf(at, d.row)
}

func keysOf(at string, t reflect.Type) []key {
	var keys []key
	for i := range t.NumField() {
		f := t.Field(i)
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		if !f.IsExported() || name == "-" {
			continue
		}
		if name == "" || options != "" || f.Anonymous {
			panic(fmt.Sprintf("%s.%s: a key of the contract has a name of its own and is always there", t, f.Name))
		}
		path := at + "." + name
		kind, below, brackets := kindOf(f.Type)
		keys = append(keys, key{path, kind, t.Name() + "." + f.Name})
		if below != nil {
			keys = append(keys, keysOf(path+brackets, below)...)
		}
	}
	return keys
}

// kindOf returns the kind of a value. For an object or a list of objects, below
// is the type with the keys.
func kindOf(t reflect.Type) (kind string, below reflect.Type, brackets string) {
	switch t {
	case reflect.TypeFor[netip.Addr]():
		return "address", nil, ""
	case reflect.TypeFor[netip.Prefix]():
		return "prefix", nil, ""
	case reflect.TypeFor[time.Time]():
		return "time", nil, ""
	}
	if t.Kind() != reflect.Pointer && t.Implements(reflect.TypeFor[encoding.TextMarshaler]()) {
		return "string", nil, ""
	}
	switch t.Kind() {
	case reflect.Pointer:
		kind, below, brackets = kindOf(t.Elem())
		return kind + orNull, below, brackets
	case reflect.Slice:
		kind, below, brackets = kindOf(t.Elem())
		return listOfKind + kind, below, "[]" + brackets
	case reflect.Struct:
		return "object", t, ""
	case reflect.String:
		return "string", nil, ""
	case reflect.Bool:
		return "boolean", nil, ""
	case reflect.Float64:
		return "number", nil, ""
	case reflect.Int, reflect.Uint32, reflect.Uint64:
		return "integer", nil, ""
	}
	panic(fmt.Sprintf("no kind for %s", t))
}

// keyList returns the contract: a line for each key of each command.
func keyList() string {
	var b strings.Builder
	for _, d := range documents() {
		for _, k := range d.keys() {
			fmt.Fprintf(&b, "%-14s  %-28s  %s\n", d.command, k.path, k.kind)
		}
	}
	return b.String()
}
