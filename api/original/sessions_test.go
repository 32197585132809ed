package original

import (
	"fmt"
	"slices"
	"testing"

	"pseudowan/topology"
	"pseudowan/topology/edit"
)

// A preference takes the place of an earlier one. Policies of the file stay, and so do those
// that something else has, too.
func TestPreferSparesOthers(t *testing.T) {
	const text = `name: lab
routers: {pe1: {as: 65001}, pe2: {as: 65002}}
policies:
  local-pref-backup: [{set: {med: 7}}]
  local-pref-65002-200: [{set: {local-pref: 200}}]
links:
- subnets: [192.168.0.0/30]
  ends: {pe1:eth1: {bgp: {export-policy: [local-pref-65002-200, local-pref-backup]}}, pe2:eth1: {}}
vrfs: {red: {rts: "65001:1"%s}}
hosts:
  h1: {to: pe1, vrf: red, addresses: [10.0.0.2/24]}
`
	for _, test := range []struct {
		elsewhere string
		gone      []string
	}{
		{"", []string{"local-pref-65002-200"}},
		{", export-policy: [local-pref-65002-200]", nil},
	} {
		lab, err := topology.Parse("lab.yaml", fmt.Appendf(nil, text, test.elsewhere))
		if err != nil {
			t.Fatal(err)
		}
		s := &lab.Sessions[slices.IndexFunc(lab.Sessions, func(s topology.Session) bool { return s.Router == "pe1" })]
		edits, err := prefer(lab, s, fields{"bgp_local_pref": "300", "bgp_filter_asnumber": "65002"})
		if err != nil {
			t.Fatal(err)
		}
		var gone []string
		var export any
		for _, e := range edits {
			if e.Op == edit.PolicyDel {
				gone = append(gone, e.Name)
			}
			if v, ok := e.Settings["export-policy"]; ok {
				export = v
			}
		}
		if !slices.Equal(gone, test.gone) || fmt.Sprint(export) != "[local-pref-65002-300 local-pref-backup]" {
			t.Errorf("%q: deletes %v, exports %v", test.elsewhere, gone, export)
		}
	}
}
