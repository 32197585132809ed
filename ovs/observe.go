package ovs

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"pseudowan/ovs/ovsdb"
)

// observation is the actual state of Open vSwitch's database and of the kernel.
type observation struct {
	ports  map[string]observedPort // all but the bridge's own
	kernel map[string]int          // interface index by name
}

// observedPort is the Interface row of a port.
type observedPort struct {
	Number   uint32 // 0 if it has none
	Wanted   uint32 // the requested number
	Internal bool
	XDP      bool
	MAC      string // requested
	MTU      int    // requested
	Opened   int    // index of the interface when the port was added; 0: there was none
	Error    string
}

func (o observation) names() []string { return slices.Sorted(maps.Keys(o.ports)) }

// differs reports whether the port must be recreated to become p.
func (o observedPort) differs(p Port) bool {
	return o.Internal != p.Internal || o.XDP != p.XDP || o.Wanted != p.Number || o.Number != p.Number
}

// dead reports whether the port has lost its interface. index is the index of
// the interface of its name, 0 if there is none. Open vSwitch's own ifindex
// column is no help: it follows the name to a new interface, while the socket
// stays with the old one.
func (o observedPort) dead(index int) bool {
	if o.Internal {
		return o.Error != "" || index == 0
	}
	return o.Error != "" || index == 0 || o.Opened != index
}

// observe reads the state of the bridge and of the kernel's interfaces.
func (br *bridge) observe(ctx context.Context) (observation, error) {
	results, err := br.daemons.connection().Transact(ctx, ovsdb.Operation{
		"op": "select", "table": "Interface", "where": []any{},
		"columns": []string{"name", "type", "ofport", "ofport_request", "mac", "mtu_request", "external_ids", "error"},
	})
	if err != nil {
		return observation{}, err
	}
	o := observationOf(results[0].Rows, br.cfg.Bridge)
	links, err := br.links.LinkList()
	if err != nil {
		return observation{}, fmt.Errorf("list interfaces: %w", err)
	}
	for _, l := range links {
		o.kernel[l.Attrs().Name] = l.Attrs().Index
	}
	return o, nil
}

// observationOf reads rows of the Interface table.
func observationOf(rows []map[string]json.RawMessage, bridge string) observation {
	o := observation{ports: make(map[string]observedPort), kernel: make(map[string]int)}
	for _, columns := range rows {
		r := rawRow(columns)
		name := r.text("name")
		if name == bridge {
			continue
		}
		o.ports[name] = observedPort{
			Number: uint32(max(0, r.number("ofport"))), Wanted: uint32(max(0, r.number("ofport_request"))),
			Internal: r.text("type") == "internal", XDP: r.text("type") == xdpType,
			MAC: r.text("mac"), MTU: r.number("mtu_request"),
			Opened: r.pairs("external_ids").number(openedIndex), Error: r.text("error"),
		}
	}
	return o
}

// row reads the columns of one row in the notation of RFC 7047 section 5.1. A
// column that is absent, empty or of another type reads as the zero value: an
// absent optional value is an empty set.
type row struct {
	headings []string
	cells    []json.RawMessage
}

func (r row) cell(column string) json.RawMessage {
	i := slices.Index(r.headings, column)
	if i < 0 || i >= len(r.cells) {
		return json.RawMessage("null")
	}
	return r.cells[i]
}

func (r row) text(column string) (s string) {
	if json.Unmarshal(r.cell(column), &s) != nil {
		return ""
	}
	return s
}

func (r row) number(column string) (n int) {
	if json.Unmarshal(r.cell(column), &n) != nil {
		return 0
	}
	return n
}

// pairs is the value of a column that maps strings to strings.
type pairs map[string]string

// pairs reads ["map", [["key", "value"], …]].
func (r row) pairs(column string) pairs {
	m := make(pairs)
	var cell [2]json.RawMessage
	var list [][2]string
	if json.Unmarshal(r.cell(column), &cell) != nil || json.Unmarshal(cell[1], &list) != nil {
		return m
	}
	for _, p := range list {
		m[p[0]] = p[1]
	}
	return m
}

// set reads one atom, or ["set", [atom, …]]. References are kept as raw JSON.
func (r row) set(column string) []string {
	if one := r.text(column); one != "" {
		return []string{one}
	}
	var cell []json.RawMessage
	if json.Unmarshal(r.cell(column), &cell) != nil || len(cell) != 2 {
		return nil
	}
	var kind string
	if json.Unmarshal(cell[0], &kind) != nil {
		return nil
	}
	if kind == "uuid" {
		return []string{string(cell[1])}
	}
	var list []json.RawMessage
	if json.Unmarshal(cell[1], &list) != nil {
		return nil
	}
	atoms := make([]string, len(list))
	for i, a := range list {
		if json.Unmarshal(a, &atoms[i]) != nil {
			atoms[i] = string(a)
		}
	}
	return atoms
}

// number returns the value of a key, or 0 if that is not a number.
func (p pairs) number(key string) int {
	n, err := strconv.Atoi(p[key])
	if err != nil {
		return 0
	}
	return n
}
