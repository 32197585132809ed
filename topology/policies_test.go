package topology

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"
)

// policyLab is two PEs with a host each in one VPN, and room for policies.
const policyLab = `name: p
defaults: {router: {as: 65001}}
routers: {pe1: {}, pe2: {}}
%s
links:
- {ends: [pe1:eth1, pe2:eth1], subnets: [192.168.0.0/30], bgp: {%s}}
vrfs:
  red: {rts: "65000:1"%s}
hosts:
  a: {to: pe1, vrf: red, addresses: 10.1.0.2/24, lans: [172.16.1.1/24]%s}
  b: {to: pe2, vrf: red, addresses: 10.2.0.2/24, lans: [172.16.2.1/24]}
`

func parsePolicyLab(policies, session, vrf, host string) (*Topology, error) {
	return Parse("p.yaml", fmt.Appendf(nil, policyLab, policies, session, vrf, host))
}

func TestPolicyRefusals(t *testing.T) {
	for name, tt := range map[string]struct{ policies, session, vrf, host, want string }{
		"unknown at a link":       {session: "import-policy: custmers", policies: "policies: {customers: []}", want: `p.yaml:6: link pe1:eth1, pe2:eth1: no policy is named "custmers"; did you mean "customers"?`},
		"unknown at a VRF":        {vrf: ", export-policy: [x]", want: `p.yaml:8: vrf red: no policy is named "x"; none is defined`},
		"unknown at a host":       {host: ", bgp: {as: 65100, export-policy: x}", want: `p.yaml:10: host a: no policy is named "x"`},
		"twice":                   {session: "export-policy: [x, x]", policies: "policies: {x: [{then: reject}]}", want: "p.yaml:6: link pe1:eth1, pe2:eth1: policy x stands twice; remove one"},
		"unknown list":            {policies: "policies: {x: [{match: {prefixes: nets}}]}", want: `p.yaml:4: policy x, term 1: no prefix list is named "nets"; none is defined`},
		"unknown list in a list":  {policies: "prefix-lists: {a: [b]}", want: `p.yaml:4: prefix-list a: no prefix list is named "b"; did you mean "a"?`},
		"cyclic lists":            {policies: "prefix-lists: {a: [b, 10.0.0.0/8], b: [a]}", want: "p.yaml:4: prefix-list b: prefix list a includes itself by way of prefix-list b; remove one of the names"},
		"a list of itself":        {policies: "prefix-lists: {a: [a]}", want: "prefix list a includes itself"},
		"bad regular expression":  {policies: `policies: {x: [{match: {as-path: "(65001"}}]}`, want: `p.yaml:4: policies.x[0].match.as-path: AS path pattern "(65001": missing closing )`},
		"ge above le":             {policies: "prefix-lists: {a: [10.0.0.0/8 ge 24 le 16]}", want: `p.yaml:4: prefix-lists.a[0]: prefix list entry "10.0.0.0/8 ge 24 le 16": ge 24 is greater than le 16`},
		"le below the prefix":     {policies: "policies: {x: [{match: {prefixes: 10.0.0.0/8 le 4}}]}", want: "le 4 is less than the length of the prefix, 8"},
		"host bits":               {policies: "policies: {x: [{match: {prefixes: 10.0.0.1/8}}]}", want: "want 10.0.0.0/8"},
		"families exclude":        {policies: "policies: {x: [{match: {prefixes: 10.0.0.0/8, family: vpnv6}}]}", want: "p.yaml:4: policy x, term 1: can match nothing: no prefix of its list is of vpnv6; change family:"},
		"RD of plain routes":      {policies: `policies: {x: [{match: {rd: "65000:1", family: [ipv4, ipv6]}}]}`, want: "can match nothing: routes of ipv4 and ipv6 have neither RD nor route targets"},
		"unknown action":          {policies: "policies: {x: [{then: deny}]}", want: `p.yaml:4: policies.x[0].then: unknown value "deny"; use one of accept, reject, next`},
		"unknown key":             {policies: "policies: {x: [{match: {prefix: 10.0.0.0/8}}]}", want: `unknown key "prefix"; did you mean "prefixes"?`},
		"bad community":           {policies: `policies: {x: [{match: {communities: "65536:1"}}]}`, want: `community "65536:1"`},
		"large among communities": {policies: `policies: {x: [{set: {communities: {delete: "1:2:3"}}}]}`, want: "1:2:3 is a large community; write it under large-communities:"},
		"and the other way":       {policies: `policies: {x: [{set: {large-communities: {delete: "1:2"}}}]}`, want: "1:2 is not a large community"},
		"replace and add":         {policies: `policies: {x: [{set: {rts: {replace: [], add: "1:1"}}}]}`, want: "use replace: alone"},
		"prepend nothing":         {policies: `policies: {x: [{set: {prepend: 0}}]}`, want: "prepend 0 is not allowed; use 1 to 32"},
		"prepend too much":        {policies: `policies: {x: [{set: {prepend: 33}}]}`, want: "prepend 33 is not allowed; use 1 to 32"},
		"prepend a reserved AS":   {policies: `policies: {x: [{set: {prepend: [0]}}]}`, want: "AS 0 is reserved"},
		"next hop of a group":     {policies: `policies: {x: [{set: {next-hop: 224.0.0.1}}]}`, want: "next-hop 224.0.0.1 is not the address of a router"},
		"bad range":               {policies: `policies: {x: [{match: {med: 9-5}}]}`, want: `"9-5" is neither a number nor a range`},
		"bad name":                {policies: `policies: {"a b": []}`, want: `policy "a b": is not a valid name`},
		"not a list":              {policies: `policies: {x: {then: reject}}`, want: "want a list"},
		"a single name too many":  {session: "import-policy: {a: b}", want: "want a single value"},
	} {
		_, err := parsePolicyLab(tt.policies, tt.session, tt.vrf, tt.host)
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v; want %q", name, err, tt.want)
		}
	}
}

func TestPolicyWarnings(t *testing.T) {
	for name, tt := range map[string]struct{ policies, session, vrf, host, want string }{
		"none":                 {policies: "prefix-lists: {n: [10.0.0.0/8 le 32]}\npolicies: {x: [{match: {prefixes: n}}, {then: reject}]}", session: "import-policy: x"},
		"used at a VRF":        {policies: "policies: {x: [{then: reject}]}", vrf: ", import-policy: x"},
		"used at a host":       {policies: "policies: {x: [{then: reject}]}", host: ", bgp: {as: 65100, import-policy: x}"},
		"unused":               {policies: "policies: {x: [{then: reject}]}", want: "p.yaml:4: policy x: is not used"},
		"unused list":          {policies: "prefix-lists: {n: [10.0.0.0/8]}", want: "p.yaml:4: prefix-list n: is not used"},
		"unreachable term":     {policies: "policies: {x: [{then: accept}, {match: {med: 7}, then: reject}]}", session: "import-policy: x", want: "p.yaml:4: policy x, term 2: is never reached: term 1 decides"},
		"unreachable policy":   {policies: "policies: {x: [{then: reject}], y: [{match: {med: 7}}]}", session: "import-policy: [x, y]", want: "p.yaml:6: link pe1:eth1, pe2:eth1: policy y is never reached: policy x decides on every route"},
		"no terms":             {policies: "policies: {x: []}", session: "import-policy: x", want: "p.yaml:4: policy x: has no terms"},
		"empty list":           {policies: "prefix-lists: {n: []}\npolicies: {x: [{match: {prefixes: n}, then: reject}]}", session: "import-policy: x", want: "p.yaml:5: policy x, term 1: can match nothing: its prefix list takes no prefix"},
		"another family":       {policies: "policies: {x: [{match: {family: vpnv6}, then: reject}]}", session: "families: [vpnv4], import-policy: x", want: "p.yaml:6: link pe1:eth1, pe2:eth1: policy x can match nothing here: it wants vpnv6, and the routes are of vpnv4"},
		"plain routes":         {policies: "policies: {x: [{match: {rts: \"1:1\"}, then: reject}]}", host: ", bgp: {as: 65100, export-policy: x}", want: "policy x can match nothing here: routes of ipv4 have neither RD nor route targets"},
		"sets what it drops":   {policies: "policies: {x: [{set: {med: 7}, then: reject}]}", session: "import-policy: x", want: "policy x, term 1: sets what it rejects"},
		"letters in an AS":     {policies: "policies: {x: [{match: {as-path: AS65001}, then: reject}]}", session: "import-policy: x", want: "can match nothing: no AS path is printed as the pattern demands"},
		"weight at a VRF":      {policies: "policies: {x: [{match: {med: 7}, then: reject}, {set: {weight: 7}}]}", vrf: ", export-policy: x", want: "p.yaml:8: vrf red: policy x sets weight in term 2, which is never sent; set it in an import-policy"},
		"weight at a session":  {policies: "policies: {x: [{set: {weight: 7}}]}", session: "import-policy: x, export-policy: x", want: "p.yaml:6: link pe1:eth1, pe2:eth1: policy x sets weight in term 1, which is never sent"},
		"weight at a host":     {policies: "policies: {x: [{set: {weight: 7}}]}", host: ", bgp: {as: 65100, export-policy: x}", want: "p.yaml:10: host a: policy x sets weight"},
		"weight where it acts": {policies: "policies: {x: [{set: {weight: 7}}]}", session: "import-policy: x", vrf: ", import-policy: x", host: ", bgp: {as: 65100, import-policy: x}"},
		"plain family at VRF":  {policies: "policies: {x: [{match: {family: ipv4}, then: reject}]}", vrf: ", import-policy: x", want: "policy x can match nothing here: it wants ipv4"},
	} {
		lab, err := parsePolicyLab(tt.policies, tt.session, tt.vrf, tt.host)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got := lab.Warnings.Error(); !strings.Contains(got, tt.want) || tt.want == "" && got != "" {
			t.Errorf("%s: %q; want %q", name, got, tt.want)
		}
	}
}

// Policies of a session are those nearest to it, and [] is none.
func TestPolicyOfASession(t *testing.T) {
	lab, err := Parse("p.yaml", []byte(`name: p
defaults: {router: {as: 65001}, bgp: {import-policy: x}}
routers: {pe1: {}, pe2: {}, pe3: {}}
policies: {x: [{then: reject}], y: [{then: accept}]}
links:
- {ends: [pe1:eth1, pe2:eth1], subnets: [192.168.0.0/30], bgp: {export-policy: [y, x]}}
- {ends: {pe1:eth2: {bgp: {import-policy: y}}, pe3:eth2: {bgp: {import-policy: []}}}, subnets: [192.168.0.4/30]}
`))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, s := range lab.Sessions {
		got = append(got, fmt.Sprint(s.Router, " ", s.Interface, s.ImportPolicy, s.ExportPolicy))
	}
	want := []string{"pe1 eth1[x] [y x]", "pe2 eth1[x] [y x]", "pe1 eth2[y] []", "pe3 eth2[] []"}
	if !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

// What must be there follows the policies of sessions and VRFs.
func TestIntentFollowsPolicies(t *testing.T) {
	for name, tt := range map[string]struct {
		policies, session, vrf, host string
		want                         string // the prefixes in pe1's VRF that come from pe2
	}{
		"no effect":         {policies: "policies: {x: [{set: {med: 7}}]}", session: "import-policy: x", want: "10.2.0.0/24 172.16.2.0/24"},
		"rejected in":       {policies: "policies: {x: [{match: {prefixes: 172.16.0.0/12 le 32}, then: reject}]}", session: "import-policy: x", want: "10.2.0.0/24"},
		"rejected out":      {policies: "policies: {x: [{match: {prefixes: 10.0.0.0/8 le 32}, then: reject}]}", session: "export-policy: x", want: "172.16.2.0/24"},
		"rejected by a map": {policies: "policies: {x: [{match: {prefixes: 172.16.2.0/24}, then: reject}]}", vrf: ", import-policy: x", want: "10.2.0.0/24"},
		"not exported":      {policies: "policies: {x: [{match: {prefixes: 172.16.2.0/24}, then: reject}]}", vrf: ", export-policy: x", want: "10.2.0.0/24"},
		"other targets":     {policies: "policies: {x: [{match: {prefixes: 172.16.2.0/24}, set: {rts: {replace: \"65000:2\"}}}]}", session: "export-policy: x", want: "10.2.0.0/24"},
		"no-export is internal": {policies: "policies: {x: [{match: {prefixes: 172.16.2.0/24}, set: {communities: {add: no-export}}}]}", vrf: ", export-policy: x",
			want: "10.2.0.0/24 172.16.2.0/24"},
		"no-advertise": {policies: "policies: {x: [{match: {prefixes: 172.16.2.0/24}, set: {communities: {add: no-advertise}}}]}", vrf: ", export-policy: x", want: "10.2.0.0/24"},
		"next hop":     {policies: "policies: {x: [{match: {prefixes: 172.16.2.0/24}, set: {next-hop: 192.168.0.3}}]}", session: "import-policy: x", want: "10.2.0.0/24"},
		"by next hop":  {policies: "policies: {x: [{match: {next-hop: 192.168.0.2}, then: reject}]}", session: "import-policy: x", want: ""},
		"by RT": {policies: "policies: {x: [{match: {rts: \"65000:1\", prefixes: 10.2.0.0/24}, set: {communities: {add: \"1:1\"}}, then: next}, {match: {communities: \"1:*\"}, then: reject}]}",
			session: "import-policy: x", want: "172.16.2.0/24"},
		"lets a target in": {policies: "policies: {x: [{set: {rts: {replace: \"65000:1\"}}}]}", vrf: ", export: \"65000:3\", export-policy: x", want: "10.2.0.0/24 172.16.2.0/24"},
	} {
		lab, err := parsePolicyLab(tt.policies, tt.session, tt.vrf, tt.host)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		var got []string
		for _, r := range lab.Intent().Routes {
			if r.Router == "pe1" && r.Origin.Router == "pe2" {
				got = append(got, r.Prefix.String())
			}
		}
		if s := strings.Join(got, " "); s != tt.want {
			t.Errorf("%s: %q, want %q", name, s, tt.want)
		}
	}
}

// A policy that changes nothing leaves the intent as it is, also with
// reflectors, several ASes and hosts that speak BGP.
func TestIntentWithIdlePolicies(t *testing.T) {
	const lab = `name: p
defaults: {router: {as: 65001}}
routers: {pe1: {}, pe2: {}, pe3: {}, pe4: {as: 65002}, rr: {}}
%s
links:
- {ends: {rr:e1: {bgp: {route-reflector: true}}, pe1:e1: {}, pe2:e1: {}, pe3:e1: {}}, subnets: [192.168.0.0/24]}
- {ends: [pe3:e2, pe4:e2], subnets: [192.168.1.0/30, "2001:db8:ffff::/64"]}
vrfs: {red: {rts: "65000:1"}, blue: {import: ["65000:1", "65000:2"], export: "65000:2"}}
hosts:
  a: {to: pe1, vrf: red, addresses: [10.1.0.2/24], lans: [172.16.1.1/24], bgp: 65100}
  b: {to: pe2, vrf: red, addresses: [10.2.0.2/24, "2001:db8:2::2/64"]}
  c: {to: pe3, vrf: blue, addresses: 10.3.0.2/24}
  d: {to: pe4, vrf: red, addresses: 10.4.0.2/24}
  e: {to: rr, vrf: blue, addresses: 10.5.0.2/24, announce: [0.0.0.0/0]}
`
	var intents []string
	for _, policies := range []string{"", "policies: {x: [{match: {med: 9}, then: reject}]}"} {
		l, err := Parse("p.yaml", fmt.Appendf(nil, lab, policies))
		if err != nil {
			t.Fatal(err)
		}
		intents = append(intents, strings.ReplaceAll(fmt.Sprintf("%+v", l.Intent()), "} {", "}\n{"))
	}
	if intents[0] != intents[1] {
		t.Errorf("without policies\n%s\nwith an idle one\n%s", intents[0], intents[1])
	}
}

// Where a policy keeps a route from a VRF, it is named, with where it stands.
func TestRejections(t *testing.T) {
	for name, tt := range map[string]struct{ policies, session, vrf, want string }{
		"none":      {policies: "policies: {x: [{set: {med: 7}}]}", session: "import-policy: x"},
		"import":    {policies: "policies: {x: [{match: {med: 7}}, {match: {prefixes: 172.16.2.0/24}, then: reject}]}", session: "import-policy: x", want: "policy x, term 2: import policy of pe1 from pe2 (eth1)"},
		"export":    {policies: "policies: {x: [{then: reject}]}", session: "export-policy: x", want: "policy x, term 1: export policy of pe2 to pe1 (eth1)"},
		"map in":    {policies: "policies: {x: [{then: reject}]}", vrf: ", import-policy: x", want: "policy x, term 1: import policy of VRF red of pe1"},
		"map out":   {policies: "policies: {x: [{then: reject}]}", vrf: ", export-policy: x", want: "policy x, term 1: export policy of VRF red of pe2"},
		"elsewhere": {policies: "policies: {x: [{match: {prefixes: 172.16.1.0/24}, then: reject}]}", session: "import-policy: x"},
	} {
		lab, err := parsePolicyLab(tt.policies, tt.session, tt.vrf, "")
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, r := range lab.Rejections(Origin{Router: "pe2", VRF: "red", Host: "b"}, netip.MustParsePrefix("172.16.2.0/24"), "pe1", "red") {
			got = append(got, fmt.Sprintf("%s: %s", r.By, r.Where))
		}
		if s := strings.Join(got, "\n"); s != tt.want {
			t.Errorf("%s: %q, want %q", name, s, tt.want)
		}
	}
}

// What a host is told by BGP follows the policies of its session.
func TestReachFollowsPoliciesOfHosts(t *testing.T) {
	for name, tt := range map[string]struct {
		policies, host string
		want           string // what a reaches
	}{
		"none":               {"policies: {x: [{set: {med: 7}}]}", ", routes: [], bgp: {as: 65100, export-policy: x}", "10.2.0.2 172.16.2.1"},
		"nothing told":       {"policies: {x: [{then: reject}]}", ", routes: [], bgp: {as: 65100, export-policy: x}", ""},
		"one not told":       {"policies: {x: [{match: {prefixes: 172.16.2.0/24}, then: reject}]}", ", routes: [], bgp: {as: 65100, export-policy: x}", "10.2.0.2"},
		"by AS path":         {"policies: {x: [{match: {as-path: ^65001$}, then: reject}]}", ", routes: [], bgp: {as: 65100, export-policy: x}", ""},
		"of another router":  {"policies: {x: [{match: {rts: \"65000:1\"}, then: reject}]}", ", routes: [], bgp: {as: 65100, export-policy: x}", "10.2.0.2 172.16.2.1"},
		"its own LAN is cut": {"policies: {x: [{then: reject}]}", ", routes: [], bgp: {as: 65100, import-policy: x}", "10.2.0.2 172.16.2.1"},
	} {
		lab, err := parsePolicyLab(tt.policies, "", "", tt.host)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		var got []string
		own := 0
		for _, r := range lab.Reaches() {
			if r.From == "a" {
				got = append(got, r.Destination.String())
			} else if r.Destination.String() == "172.16.1.1" {
				own++
			}
		}
		if s := strings.Join(got, " "); s != tt.want {
			t.Errorf("%s: a reaches %q, want %q", name, s, tt.want)
		}
		if cut := strings.Contains(tt.host, "import"); cut && own != 0 || !cut && tt.want != "" && own != 1 {
			t.Errorf("%s: b reaches a's LAN %d times", name, own)
		}
	}
}

// Lists that include others double with each step; their number is bounded.
func TestPrefixListsAreBounded(t *testing.T) {
	var lists strings.Builder
	lists.WriteString("prefix-lists:\n  n0: [10.0.0.0/8]\n")
	for i := range 60 {
		fmt.Fprintf(&lists, "  n%d: [n%d, n%d]\n", i+1, i, i)
	}
	begin := time.Now()
	_, err := parsePolicyLab(lists.String(), "", "", "")
	if err == nil || !strings.Contains(err.Error(), "more than 262144 entries") {
		t.Errorf("%.200v", err)
	}
	if took := time.Since(begin); took > 5*time.Second {
		t.Errorf("it took %s", took)
	}
}
