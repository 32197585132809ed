package lab

import (
	"strings"
	"testing"
)

// Whatever a command looks for by a name that the lab does not have, it ends with 4 and says
// the name.
func TestRealNotFound(t *testing.T) {
	t.Parallel()
	l := fromText(t, t.TempDir(), "pwt-absent", `
name: pwt-absent
core: labeled-unicast
defaults: {router: {as: 65000}}
routers: {pe1: {}, pe2: {}}
links: [{ends: [pe1:eth1, pe2:eth1], subnets: [192.168.1.0/30]}]
vrfs: {red: {rts: "65000:1"}}
hosts:
  a: {to: pe1, vrf: red, addresses: [10.1.0.2/24]}
  b: {to: pe2, vrf: red, addresses: [10.2.0.2/24]}
`)
	l.up(t)
	for command, name := range map[string]string{
		"lsp ping pe9 pe2":                                 "pe9",
		"lsp ping pe1 pe9":                                 "pe9",
		"lsp ping pe1 10.2.0.2 --vrf absent":               "absent",
		"lsp traceroute pe1 pe9":                           "pe9",
		"lsp traceroute pe1 10.2.0.2 --vrf absent":         "absent",
		"ping pe9 10.2.0.2":                                "pe9",
		"ping pe1 10.2.0.2 --vrf absent":                   "absent",
		"traceroute pe1 10.2.0.2 --vrf absent":             "absent",
		"explain pe9 red 10.2.0.0/24":                      "pe9",
		"explain pe1 absent 10.2.0.0/24":                   "absent",
		"trace h9 10.2.0.2":                                "h9",
		"verify --from h9":                                 "h9",
		"verify --to h9":                                   "h9",
		"measure a h9 --for 1s":                            "h9",
		"show core --router pe9":                           "pe9",
		"show lsp --router pe9":                            "pe9",
		"show bfd --router pe9":                            "pe9",
		"show interface --router pe9":                      "pe9",
		"show vrf --vrf absent":                            "absent",
		"show mpls --vrf absent":                           "absent",
		"show neighbor 10.9.9.9 received":                  "10.9.9.9",
		"neighbor clear 10.9.9.9":                          "10.9.9.9",
		"neighbor clear 10.255.0.2 --router pe9":           "pe9",
		"link pe9:eth1 down":                               "pe9",
		"link pe1:eth9 down":                               "eth9",
		"link absent down":                                 "absent",
		"maintenance pe9 on":                               "pe9",
		"stop n9":                                          "n9",
		"logs n9":                                          "n9",
		"wait --for route=absent:10.2.0.0/24 --timeout 1s": "absent",
		"wait --for node=n9 --timeout 1s":                  "n9",
		"wait --for converged --router pe9 --timeout 1s":   "pe9",
		"route add absent 10.7.0.0/24 10.1.0.2":            "absent",
		"vrf del absent":                                   "absent",
		"host del h9":                                      "h9",
	} {
		if r := pseudowan(append(strings.Fields(command), "--lab", l.name)...); r.code != 4 || !strings.Contains(r.stderr, name) {
			t.Errorf("%s: exit code %d\n%s%s", command, r.code, r.stdout, r.stderr)
		}
	}
	for _, command := range []string{"show core --lab pwt-none", "audit pwt-none", "verify pwt-none", "down pwt-none", "lsp ping pe1 pe2 --lab pwt-none", "graph pwt-none --lsp pe1,pe2"} {
		if r := pseudowan(strings.Fields(command)...); r.code != 4 || !strings.Contains(r.stderr, "pwt-none") {
			t.Errorf("%s: exit code %d\n%s%s", command, r.code, r.stdout, r.stderr)
		}
	}
}
