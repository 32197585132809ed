package topology_test

import (
	"reflect"
	"testing"

	"pseudowan/bgp/session"
	"pseudowan/topology"
)

// Passwords returns every password that a topology has, wherever it stands.
func TestPasswordsAreAll(t *testing.T) {
	lab, err := topology.Parse("lab.yaml", []byte(`name: lab
defaults: {router: {as: 65000}}
routers: {pe1: {}, pe2: {}, far: {as: 65001}}
links:
- {ends: [pe1:eth1, pe2:eth1], subnets: [192.168.0.0/30], bgp: {password: core}}
- {inter-as: a, ends: {pe1:eth2: {vrf: red}, far:eth1: {vrf: blue}}, subnets: [192.168.1.0/30], bgp: {password: vrfs}}
vrfs: {red: {rts: "65000:1"}, blue: {rts: "65001:2"}}
hosts:
  h1: {attach: [{to: pe1, vrf: red, addresses: [10.0.0.2/24], bgp: {as: 65100, password: host}}]}
`))
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]int{}
	for _, p := range lab.Passwords() {
		found[p.Text]++
	}
	standing := map[string]int{}
	seen := map[*session.Password]bool{}
	var walk func(reflect.Value)
	walk = func(v reflect.Value) {
		if p, ok := reflect.TypeAssert[session.Password](v); ok && v.CanAddr() {
			if at := v.Addr().Interface().(*session.Password); p.Text != "" && !seen[at] {
				seen[at] = true
				standing[p.Text]++
			}
			return
		}
		switch v.Kind() {
		case reflect.Pointer, reflect.Interface:
			if !v.IsNil() {
				walk(v.Elem())
			}
		case reflect.Slice:
			for i := range v.Len() {
				walk(v.Index(i))
			}
		case reflect.Struct:
			for i := range v.NumField() {
				if v.Type().Field(i).IsExported() {
					walk(v.Field(i))
				}
			}
		}
	}
	walk(reflect.ValueOf(lab))
	if !reflect.DeepEqual(found, standing) || len(standing) != 3 {
		t.Errorf("Passwords has %v, the topology %v", found, standing)
	}
}
