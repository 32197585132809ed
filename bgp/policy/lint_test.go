package policy

import (
	"fmt"
	"strings"
	"testing"

	"pseudowan/bgp/vpn"
)

func TestLint(t *testing.T) {
	rts := Match{RTs: []vpn.RouteTarget{target("1:1")}}
	for name, tt := range map[string]struct {
		terms []Term
		want  string // findings, term by term; "": none
	}{
		"good":                          {[]Term{{Match: rts, Then: Reject}, {Set: Set{MED: num(1)}, Then: Next}, {Then: Reject}}, ""},
		"no terms":                      {nil, "0 has no terms"},
		"behind what takes everything":  {[]Term{{Then: Accept}, {Match: rts}}, "2 is never reached: term 1 decides"},
		"behind next":                   {[]Term{{Set: Set{MED: num(1)}, Then: Next}, {Match: rts}}, ""},
		"behind the same demand":        {[]Term{{Match: rts, Then: Reject}, {Match: asPath("_7_")}, {Match: rts}}, "3 is never reached: term 1 decides"},
		"the same after a change":       {[]Term{{Match: rts, Then: Reject}, {Set: Set{MED: num(1)}, Then: Next}, {Match: rts}}, ""},
		"empty prefix list":             {[]Term{{Match: Match{Prefixes: prefixes()}}}, "1 can match nothing: its prefix list takes no prefix"},
		"exceptions alone":              {[]Term{{Match: Match{Prefixes: prefixes("except 10.0.0.0/8 le 32")}}}, "1 can match nothing: its prefix list takes no prefix"},
		"prefixes of another family":    {[]Term{{Match: Match{Families: []vpn.Family{vpn.VPNv6}, Prefixes: prefixes("10.0.0.0/8")}}}, "1 can match nothing: no prefix of its list is of vpnv6"},
		"one prefix of the family":      {[]Term{{Match: Match{Families: []vpn.Family{vpn.VPNv6}, Prefixes: prefixes("10.0.0.0/8", "::/0")}}}, ""},
		"RD of a plain family":          {[]Term{{Match: Match{Families: []vpn.Family{vpn.IPv4}, RD: []vpn.RD{{}}}}}, "1 can match nothing: routes of ipv4 have neither RD nor route targets"},
		"letters in an AS path":         {[]Term{{Match: asPath("^AS65001_")}}, "1 can match nothing: no AS path is printed"},
		"letters in one alternative":    {[]Term{{Match: asPath("_(AS)?65001_|x")}}, ""},
		"impossible class":              {[]Term{{Match: asPath("[a-z]+")}}, "1 can match nothing: no AS path is printed"},
		"an empty list":                 {[]Term{{Match: Match{MED: []Range{}}}}, "1 can match nothing: one of its lists is empty"},
		"a set that is thrown away":     {[]Term{{Set: Set{MED: num(1)}, Then: Reject}}, "1 sets what it rejects"},
		"what nobody reaches, no more":  {[]Term{{}, {Match: Match{Prefixes: prefixes()}, Set: Set{MED: num(1)}, Then: Reject}}, "2 is never reached: term 1 decides"},
		"next without a set is no harm": {[]Term{{Match: rts, Then: Next}, {Match: rts, Then: Reject}}, ""},
	} {
		p := Policy{Name: "p", Terms: tt.terms}
		var got []string
		for _, f := range p.Lint() {
			got = append(got, fmt.Sprintf("%d %s", f.Term, f.Message))
		}
		if text := strings.Join(got, "\n"); !strings.HasPrefix(text, tt.want) || tt.want == "" && text != "" {
			t.Errorf("%s: %q, want %q", name, text, tt.want)
		}
	}
}

func TestIdle(t *testing.T) {
	six := Term{Match: Match{Families: []vpn.Family{vpn.VPNv6}}}
	four := Term{Match: Match{Prefixes: prefixes("10.0.0.0/8")}}
	for name, tt := range map[string]struct {
		terms    []Term
		families []vpn.Family
		want     string
	}{
		"another family":   {[]Term{six}, []vpn.Family{vpn.VPNv4}, "it wants vpnv6, and the routes are of vpnv4"},
		"one term may":     {[]Term{six, four}, []vpn.Family{vpn.VPNv4}, ""},
		"no term may":      {[]Term{six, four}, []vpn.Family{vpn.IPv6}, "no prefix of its list is of ipv6"},
		"plain prefixes":   {[]Term{four}, []vpn.Family{vpn.IPv4}, ""},
		"targets of hosts": {[]Term{{Match: Match{RTs: []vpn.RouteTarget{target("1:1")}}}}, []vpn.Family{vpn.IPv4, vpn.IPv6}, "routes of ipv4 and ipv6 have neither"},
	} {
		p := Policy{Terms: tt.terms}
		if got := p.Idle(tt.families); !strings.HasPrefix(got, tt.want) || tt.want == "" && got != "" {
			t.Errorf("%s: %q, want %q", name, got, tt.want)
		}
	}
	if p := (Policy{Terms: []Term{four, {Then: Next}}}); p.Final() {
		t.Error("next decides")
	}
	if p := (Policy{Terms: []Term{four, {}}}); !p.Final() {
		t.Error("a term without match does not decide")
	}
}
