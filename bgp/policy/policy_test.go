package policy

import (
	"encoding/json"
	"net/netip"
	"reflect"
	"slices"
	"testing"

	"pseudowan/bgp/vpn"
)

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func prefixes(entries ...string) PrefixList {
	list := PrefixList{}
	for _, e := range entries {
		list = append(list, must(ParsePrefixRange(e)))
	}
	return list
}

func num(n uint32) *uint32 { return &n }

func target(s string) vpn.RouteTarget { return must(vpn.ParseRouteTarget(s)) }
func site(s string) vpn.SiteOfOrigin  { return must(vpn.ParseSiteOfOrigin(s)) }
func ext(s string) vpn.ExtendedCommunity {
	return must(vpn.ParseExtendedCommunity(s))
}

// sample is a path with something in every attribute.
func sample() Path {
	return Path{
		Family: vpn.VPNv4, RD: must(vpn.ParseRD("65000:7")), Prefix: netip.MustParsePrefix("10.1.0.0/16"),
		NextHop: netip.MustParseAddr("192.168.0.2"), ASPath: vpn.Sequence(65002, 65003), MED: num(50),
		Communities: []vpn.Community{must(vpn.ParseCommunity("65001:100")), must(vpn.ParseCommunity("65001:200"))},
		Large:       []vpn.LargeCommunity{{65001, 1, 2}},
		Extended:    []vpn.ExtendedCommunity{ext("rt:65000:1"), ext("soo:65000:3"), ext("0x030b000000000001"), ext("rt:65000:2")},
	}
}

// Each demand is met by the sample, or it is not.
func TestMatch(t *testing.T) {
	communities := func(s ...string) (out []Communities) {
		for _, one := range s {
			out = append(out, must(ParseCommunities(one)))
		}
		return out
	}
	for name, tt := range map[string]struct {
		match Match
		want  bool
	}{
		"nothing demanded":        {Match{}, true},
		"prefix":                  {Match{Prefixes: prefixes("10.0.0.0/8 le 24")}, true},
		"prefix exactly":          {Match{Prefixes: prefixes("10.0.0.0/8")}, false},
		"no prefix":               {Match{Prefixes: prefixes()}, false},
		"family":                  {Match{Families: []vpn.Family{vpn.VPNv6, vpn.VPNv4}}, true},
		"other family":            {Match{Families: []vpn.Family{vpn.VPNv6}}, false},
		"community":               {Match{Communities: communities("65001:100")}, true},
		"one of two":              {Match{Communities: communities("65009:9", "65001:200")}, true},
		"both":                    {Match{Communities: communities("65001:200 65001:100")}, true},
		"not both":                {Match{Communities: communities("65001:100 65001:300")}, false},
		"any of an AS":            {Match{Communities: communities("65001:*")}, true},
		"any of another AS":       {Match{Communities: communities("65002:*")}, false},
		"well-known":              {Match{Communities: communities("no-export")}, false},
		"large":                   {Match{Large: []LargeCommunities{must(ParseLargeCommunities("65001:1:2"))}}, true},
		"large with a free part":  {Match{Large: []LargeCommunities{must(ParseLargeCommunities("65001:*:2"))}}, true},
		"other large":             {Match{Large: []LargeCommunities{must(ParseLargeCommunities("65001:*:3"))}}, false},
		"route target":            {Match{RTs: []vpn.RouteTarget{target("65000:9"), target("65000:2")}}, true},
		"the site is no target":   {Match{RTs: []vpn.RouteTarget{target("65000:3")}}, false},
		"site":                    {Match{SoO: []vpn.SiteOfOrigin{site("65000:3")}}, true},
		"the target is no site":   {Match{SoO: []vpn.SiteOfOrigin{site("65000:1")}}, false},
		"octets":                  {Match{Extended: []vpn.ExtendedCommunity{ext("0x030b000000000001")}}, true},
		"other octets":            {Match{Extended: []vpn.ExtendedCommunity{ext("0x030b000000000002")}}, false},
		"neighbouring AS":         {Match{ASPath: []ASPathPattern{must(ParseASPathPattern("^65002_"))}}, true},
		"originating AS":          {Match{ASPath: []ASPathPattern{must(ParseASPathPattern("_65003$"))}}, true},
		"part of a number":        {Match{ASPath: []ASPathPattern{must(ParseASPathPattern("_5002_"))}}, false},
		"empty path":              {Match{ASPath: []ASPathPattern{must(ParseASPathPattern("^$"))}}, false},
		"next hop":                {Match{NextHop: []netip.Prefix{netip.MustParsePrefix("192.168.0.0/24")}}, true},
		"other next hop":          {Match{NextHop: []netip.Prefix{netip.MustParsePrefix("192.168.0.3/32")}}, false},
		"RD":                      {Match{RD: []vpn.RD{must(vpn.ParseRD("65000:7"))}}, true},
		"RD of another type":      {Match{RD: []vpn.RD{must(vpn.ParseRD("65000L:7"))}}, false},
		"MED":                     {Match{MED: []Range{{50, 50}}}, true},
		"range of MEDs":           {Match{MED: []Range{{1, 9}, {10, 100}}}, true},
		"other MED":               {Match{MED: []Range{{0, 0}}}, false},
		"two demands":             {Match{MED: []Range{{50, 50}}, RTs: []vpn.RouteTarget{target("65000:1")}}, true},
		"one of two demands only": {Match{MED: []Range{{50, 50}}, RTs: []vpn.RouteTarget{target("65000:8")}}, false},
	} {
		c := Chain{Policies: []Policy{{Name: "p", Terms: []Term{{Match: tt.match, Then: Reject}}}}}
		before := sample()
		if _, v := c.Evaluate(before); v.Rejected != tt.want {
			t.Errorf("%s: taken %t", name, v.Rejected)
		}
		if !reflect.DeepEqual(before, sample()) {
			t.Errorf("%s: the path is another one now", name)
		}
	}
}

// A path without MED has 0, as in best path choice; a plain one has no RD.
func TestMatchWhatIsAbsent(t *testing.T) {
	p := sample()
	p.MED, p.Family, p.RD = nil, vpn.IPv4, vpn.RD{}
	for name, tt := range map[string]struct {
		match Match
		want  bool
	}{
		"MED 0":   {Match{MED: []Range{{0, 0}}}, true},
		"MED 1":   {Match{MED: []Range{{1, 2}}}, false},
		"RD 0:0":  {Match{RD: []vpn.RD{{}}}, false},
		"no path": {Match{ASPath: []ASPathPattern{must(ParseASPathPattern("^$"))}}, false},
	} {
		if got := tt.match.takes(&candidate{Path: p}); got != tt.want {
			t.Errorf("%s: taken %t", name, got)
		}
	}
	p.ASPath = nil
	empty := Match{ASPath: []ASPathPattern{must(ParseASPathPattern("^$"))}}
	if !empty.takes(&candidate{Path: p}) {
		t.Error("^$ does not take the empty path")
	}
}

func TestSet(t *testing.T) {
	community := func(s ...string) []vpn.Community {
		out := []vpn.Community{}
		for _, one := range s {
			out = append(out, must(vpn.ParseCommunity(one)))
		}
		return out
	}
	for name, tt := range map[string]struct {
		set  Set
		want func(*Path)
	}{
		"nothing":           {Set{}, nil},
		"MED":               {Set{MED: num(0)}, func(p *Path) { p.MED = num(0) }},
		"the same MED":      {Set{MED: num(50)}, nil},
		"local preference":  {Set{LocalPref: num(200)}, func(p *Path) { p.LocalPref = num(200) }},
		"weight":            {Set{Weight: num(7)}, func(p *Path) { p.Weight = 7 }},
		"next hop":          {Set{NextHop: netip.MustParseAddr("10.0.0.1")}, func(p *Path) { p.NextHop = netip.MustParseAddr("10.0.0.1") }},
		"prepended":         {Set{Prepend: Prepend{Times: 2}}, func(p *Path) { p.ASPath = vpn.Sequence(65001, 65001, 65002, 65003) }},
		"prepended by two":  {Set{Prepend: Prepend{AS: []uint32{7, 8}}}, func(p *Path) { p.ASPath = vpn.Sequence(7, 8, 65002, 65003) }},
		"community added":   {Set{Communities: Edit[vpn.Community, CommunityPattern]{Add: community("65001:7")}}, func(p *Path) { p.Communities = community("65001:100", "65001:200", "65001:7") }},
		"one that is there": {Set{Communities: Edit[vpn.Community, CommunityPattern]{Add: community("65001:200")}}, nil},
		"communities replaced": {Set{Communities: Edit[vpn.Community, CommunityPattern]{Replace: community("no-export")}},
			func(p *Path) { p.Communities = community("no-export") }},
		"all communities removed": {Set{Communities: Edit[vpn.Community, CommunityPattern]{Replace: community()}, Large: Edit[vpn.LargeCommunity, CommunityPattern]{Replace: []vpn.LargeCommunity{}}},
			func(p *Path) { p.Communities, p.Large = nil, nil }},
		"communities deleted": {Set{Communities: Edit[vpn.Community, CommunityPattern]{Delete: []CommunityPattern{must(ParseCommunityPattern("*:100"))}, Add: community("65001:100", "65001:5")}},
			func(p *Path) { p.Communities = community("65001:200", "65001:100", "65001:5") }},
		"large communities": {Set{Large: Edit[vpn.LargeCommunity, CommunityPattern]{Delete: []CommunityPattern{must(ParseLargeCommunityPattern("*:1:*"))}, Add: []vpn.LargeCommunity{{1, 2, 3}}}},
			func(p *Path) { p.Large = []vpn.LargeCommunity{{1, 2, 3}} }},
		"targets replaced": {Set{RTs: Edit[vpn.RouteTarget, vpn.RouteTarget]{Replace: []vpn.RouteTarget{target("65000:9")}}},
			func(p *Path) {
				p.Extended = []vpn.ExtendedCommunity{ext("soo:65000:3"), ext("0x030b000000000001"), ext("rt:65000:9")}
			}},
		"target deleted and added": {Set{RTs: Edit[vpn.RouteTarget, vpn.RouteTarget]{Delete: []vpn.RouteTarget{target("65000:1")}, Add: []vpn.RouteTarget{target("65000:5")}}},
			func(p *Path) {
				p.Extended = []vpn.ExtendedCommunity{ext("soo:65000:3"), ext("0x030b000000000001"), ext("rt:65000:2"), ext("rt:65000:5")}
			}},
		"target that is there": {Set{RTs: Edit[vpn.RouteTarget, vpn.RouteTarget]{Add: []vpn.RouteTarget{target("65000:2")}}}, nil},
		"site replaced": {Set{SoO: Edit[vpn.SiteOfOrigin, vpn.SiteOfOrigin]{Replace: []vpn.SiteOfOrigin{site("1:1")}}},
			func(p *Path) {
				p.Extended = []vpn.ExtendedCommunity{ext("rt:65000:1"), ext("0x030b000000000001"), ext("rt:65000:2"), ext("soo:1:1")}
			}},
	} {
		c := Chain{AS: 65001, Policies: []Policy{{Name: "p", Terms: []Term{{Set: tt.set}}}}}
		want := sample()
		if tt.want != nil {
			tt.want(&want)
		}
		before := sample()
		got, v := c.Evaluate(before)
		if !reflect.DeepEqual(got, want) || v.Rejected || v.By != (Step{"p", 1}) || (len(v.Changed) > 0) != (tt.want != nil) {
			t.Errorf("%s: %+v, %+v", name, got, v)
		}
		if !reflect.DeepEqual(before, sample()) {
			t.Errorf("%s: the path that came is another one now", name)
		}
	}
}

// Without an AS of its own, a chain repeats the neighbour's, and an empty path
// stays empty.
func TestPrependTheNeighbor(t *testing.T) {
	c := Chain{Policies: []Policy{{Terms: []Term{{Set: Set{Prepend: Prepend{Times: 1}}}}}}}
	if got, _ := c.Evaluate(sample()); !got.ASPath.Equal(vpn.Sequence(65002, 65002, 65003)) {
		t.Errorf("AS path %s", got.ASPath)
	}
	p := sample()
	p.ASPath = nil
	if got, v := c.Evaluate(p); got.ASPath != nil || v.Changed != nil {
		t.Errorf("AS path %s, %+v", got.ASPath, v)
	}
	set := vpn.ASPath{{Kind: vpn.ASSet, AS: []uint32{1, 2}}}
	if got := set.Prepend(7, 7).String(); got != "7 7 {1,2}" {
		t.Errorf("AS path %s", got)
	}
}

// What decides, and what the terms and policies after it see.
func TestOrder(t *testing.T) {
	takes := Match{MED: []Range{{50, 50}}}
	never := Match{MED: []Range{{51, 51}}}
	med := Set{MED: num(51)}
	one := func(terms ...Term) []Policy { return []Policy{{Name: "a", Terms: terms}} }
	then := func(p []Policy, terms ...Term) []Policy { return append(p, Policy{Name: "b", Terms: terms}) }
	for name, tt := range map[string]struct {
		chain []Policy
		want  Verdict
		med   uint32
	}{
		"no policy":                   {nil, Verdict{}, 50},
		"no term takes it":            {one(Term{Match: never, Then: Reject}), Verdict{}, 50},
		"the first term":              {one(Term{Match: takes}, Term{Then: Reject}), Verdict{By: Step{"a", 1}}, 50},
		"the second term":             {one(Term{Match: never}, Term{Then: Reject}), Verdict{Rejected: true, By: Step{"a", 2}}, 50},
		"next goes on":                {one(Term{Set: med, Then: Next}, Term{Match: takes, Then: Reject}), Verdict{Changed: []Step{{"a", 1}}}, 51},
		"later terms see what is set": {one(Term{Set: med, Then: Next}, Term{Match: never, Then: Accept}), Verdict{By: Step{"a", 2}, Changed: []Step{{"a", 1}}}, 51},
		"what is rejected is as it came": {one(Term{Set: med, Then: Next}, Term{Then: Reject}),
			Verdict{Rejected: true, By: Step{"a", 2}}, 50},
		"accept ends the chain":           {then(one(Term{Then: Accept}), Term{Then: Reject}), Verdict{By: Step{"a", 1}}, 50},
		"undecided, the next policy":      {then(one(Term{Match: never}), Term{Then: Reject}), Verdict{Rejected: true, By: Step{"b", 1}}, 50},
		"next at the end, the next one":   {then(one(Term{Set: med, Then: Next}), Term{Match: never}), Verdict{By: Step{"b", 1}, Changed: []Step{{"a", 1}}}, 51},
		"two change it":                   {then(one(Term{Set: med, Then: Next}), Term{Set: Set{MED: num(52)}}), Verdict{By: Step{"b", 1}, Changed: []Step{{"a", 1}, {"b", 1}}}, 52},
		"a policy without terms goes on":  {then(one(), Term{Then: Reject}), Verdict{Rejected: true, By: Step{"b", 1}}, 50},
		"a change that changes nothing":   {one(Term{Set: Set{MED: num(50)}}), Verdict{By: Step{"a", 1}}, 50},
		"the empty action is accept":      {then(one(Term{Match: takes}), Term{Then: Reject}), Verdict{By: Step{"a", 1}}, 50},
		"an AS path that was changed":     {one(Term{Match: asPath("^65002"), Set: Set{Prepend: Prepend{AS: []uint32{9}}}, Then: Next}, Term{Match: asPath("^9_65002_"), Then: Reject}), Verdict{Rejected: true, By: Step{"a", 2}}, 50},
		"the AS path is matched as it is": {one(Term{Match: asPath("^65002"), Set: Set{Prepend: Prepend{AS: []uint32{9}}}, Then: Next}, Term{Match: asPath("^65002"), Then: Reject}), Verdict{Changed: []Step{{"a", 1}}}, 50},
	} {
		c := Chain{Policies: tt.chain}
		got, v := c.Evaluate(sample())
		if !reflect.DeepEqual(v, tt.want) || *got.MED != tt.med {
			t.Errorf("%s: %+v, MED %d", name, v, *got.MED)
		}
	}
}

func asPath(s string) Match { return Match{ASPath: []ASPathPattern{must(ParseASPathPattern(s))}} }

// A chain is sent to a router as JSON, and does there what it does here.
func TestJSON(t *testing.T) {
	c := Chain{AS: 65001, Policies: []Policy{{Name: "p", Terms: []Term{{
		Match: Match{
			Prefixes: prefixes("10.0.0.0/8 ge 9 le 24", "except 10.1.0.0/16", "2001:db8::/32 ge 33"), Families: []vpn.Family{vpn.VPNv4},
			Communities: []Communities{must(ParseCommunities("65001:* no-export"))}, Large: []LargeCommunities{must(ParseLargeCommunities("1:*:3"))},
			RTs: []vpn.RouteTarget{target("65000:1")}, SoO: []vpn.SiteOfOrigin{site("10.0.0.1:3")}, Extended: []vpn.ExtendedCommunity{ext("0x030b000000000001")},
			ASPath:  []ASPathPattern{must(ParseASPathPattern("^65002_"))},
			NextHop: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}, RD: []vpn.RD{must(vpn.ParseRD("65000:7"))}, MED: []Range{{5, 9}},
		},
		Set: Set{
			MED: num(0), LocalPref: num(1), Weight: num(2), NextHop: netip.MustParseAddr("::1"), Prepend: Prepend{Times: 3},
			Communities: Edit[vpn.Community, CommunityPattern]{Replace: []vpn.Community{}},
			Large:       Edit[vpn.LargeCommunity, CommunityPattern]{Delete: []CommunityPattern{must(ParseLargeCommunityPattern("1:*:*"))}},
			RTs:         Edit[vpn.RouteTarget, vpn.RouteTarget]{Add: []vpn.RouteTarget{target("1:1")}}, SoO: Edit[vpn.SiteOfOrigin, vpn.SiteOfOrigin]{Replace: []vpn.SiteOfOrigin{site("1:1")}},
		},
		Then: Next,
	}, {Match: Match{Prefixes: prefixes()}}, {}}}}}
	text, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	var back Chain
	if err := json.Unmarshal(text, &back); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(back, c) {
		t.Errorf("%s comes back as %+v", text, back)
	}
	again, _ := json.Marshal(back)
	if string(again) != string(text) || !back.Equal(c) || back.Equal(Chain{}) {
		t.Errorf("%s\n%s", text, again)
	}
	if zero, _ := json.Marshal(Chain{}); string(zero) != "{}" {
		t.Errorf("the zero chain is %s", zero)
	}
}

// Random chains never change the path that they are given.
func TestEvaluateChangesNothing(t *testing.T) {
	p := sample()
	c := Chain{AS: 1, Policies: []Policy{{Name: "p", Terms: []Term{{
		Set: Set{
			Prepend: Prepend{Times: 3}, Communities: Edit[vpn.Community, CommunityPattern]{Add: []vpn.Community{9}},
			RTs: Edit[vpn.RouteTarget, vpn.RouteTarget]{Add: []vpn.RouteTarget{target("1:1")}},
		}, Then: Next,
	}}}}}
	// Room behind the slices would be written by an append in place.
	p.Communities = slices.Grow(p.Communities, 8)
	p.Extended = slices.Grow(p.Extended, 8)
	p.ASPath[0].AS = slices.Grow(p.ASPath[0].AS, 8)
	c.Evaluate(p)
	if p.Communities[:3][2] != 0 || p.Extended[:5][4] != (vpn.ExtendedCommunity{}) || !reflect.DeepEqual(p.ASPath, sample().ASPath) {
		t.Error("written behind a slice of the path")
	}
}
