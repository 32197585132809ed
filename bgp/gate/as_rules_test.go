package gate

import (
	"testing"

	"pseudowan/bgp/vpn"
)

// pathAfter is the AS path in attributes.
func pathOf(t *testing.T, raw []byte, as4 bool) string {
	t.Helper()
	return (&pathAttrs{raw: string(raw)}).decode(as4).ASPath.String()
}

func TestPathsToExternalPeers(t *testing.T) {
	for name, test := range map[string]struct {
		rules ASRules
		as4   bool
		path  vpn.ASPath
		want  string
	}{
		"nothing":             {ASRules{}, true, vpn.Sequence(65001, 64600), "65001 64600"},
		"local-as":            {ASRules{Local: 65050}, true, vpn.Sequence(65050, 7), "65050 65001 7"},
		"replace-as":          {ASRules{Local: 65050, ReplaceAS: true}, true, vpn.Sequence(65050, 7), "65050 7"},
		"private":             {ASRules{RemovePrivate: true}, true, vpn.Sequence(65001, 64600, 7, 4200000001, 65002, 8), "65001 7 65002 8"},
		"private all":         {ASRules{RemovePrivate: true}, true, vpn.Sequence(65001, 64600), "65001"},
		"private and local":   {ASRules{RemovePrivate: true, Local: 65050}, true, vpn.Sequence(65050, 64600, 9), "65050 65001 9"},
		"private in a set":    {ASRules{RemovePrivate: true}, true, append(vpn.Sequence(65001), vpn.ASSegment{Kind: vpn.ASSet, AS: []uint32{64600, 9}}), "65001 {9}"},
		"local-as, 2 octets":  {ASRules{Local: 65050}, false, vpn.Sequence(65050, 4200000001), "65050 65001 4200000001"},
		"private of 4 octets": {ASRules{RemovePrivate: true}, false, vpn.Sequence(65001, 4200000001, 9), "65001 9"},
	} {
		e := NewEditor(EditorConfig{External: true, LocalAS: 65001, PeerAS: 65002, AS: test.rules})
		e.shape.as4 = test.as4
		var ed edits
		ed.setASPath(test.path, test.as4)
		if got := pathOf(t, e.applyAS(ed.apply("")), test.as4); got != test.want {
			t.Errorf("%s: %s; want %s", name, got, test.want)
		}
	}
}

func TestPathsFromExternalPeers(t *testing.T) {
	for name, test := range map[string]struct {
		rules ASRules
		path  vpn.ASPath
		gone  bool
		want  string
	}{
		"nothing":           {ASRules{}, vpn.Sequence(7), false, "7"},
		"first":             {ASRules{EnforceFirst: true}, vpn.Sequence(65002, 7), false, "65002 7"},
		"another first":     {ASRules{EnforceFirst: true}, vpn.Sequence(7, 65002), true, "7 65002"},
		"a set first":       {ASRules{EnforceFirst: true}, vpn.ASPath{{Kind: vpn.ASSet, AS: []uint32{65002}}}, true, "{65002}"},
		"none":              {ASRules{EnforceFirst: true}, nil, true, ""},
		"local-as":          {ASRules{Local: 65050}, vpn.Sequence(65002), false, "65050 65002"},
		"local-as to a set": {ASRules{Local: 65050}, vpn.ASPath{{Kind: vpn.ASSet, AS: []uint32{9}}}, false, "65050 {9}"},
		"no-prepend":        {ASRules{Local: 65050, NoPrepend: true}, vpn.Sequence(65002), false, "65002"},
	} {
		j := NewJudge(Config{LocalAS: 65001, PeerAS: 65002, AS: test.rules})
		j.shape.as4 = true
		u := &update{attrs: []attribute{newAttribute(wellKnown, attrASPath, appendASPath(nil, test.path, 4))}}
		j.firstAS(u)
		j.prependLocal(u)
		if got := pathOf(t, u.attrs[0].raw, true); got != test.want || u.asWithdrawn != test.gone {
			t.Errorf("%s: %s, withdrawn %t; want %s, %t", name, got, u.asWithdrawn, test.want, test.gone)
		}
	}
	j := NewJudge(Config{LocalAS: 65001, AS: ASRules{Local: 65050}})
	j.shape.as4 = true
	if u := (&update{attrs: []attribute{newAttribute(wellKnown, attrASPath, appendASPath(nil, vpn.Sequence(9, 65050), 4))}}); j.looped(u) != alienPath {
		t.Error("a path that has passed the local AS is no loop")
	}
}
