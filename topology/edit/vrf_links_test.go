package edit

import (
	"strings"
	"testing"
)

// A session on a link of VRFs has the settings of its router's end.
func TestEditsOnLinksOfVRFs(t *testing.T) {
	const lab = `
name: t
routers: {b1: {as: 65001}, b2: {as: 65002}}
links:
- {ends: {b1:eth1: {}, b2:eth1: {}}, subnets: [192.168.0.0/30], vrf: red}
- {ends: {b1:eth2: {}, b2:eth2: {}}, subnets: [192.168.0.0/30], vrf: blue}
vrfs: {red: {rts: "65001:1"}, blue: {rts: "65001:2"}}
`
	shutdown := map[string]any{"shutdown": true}
	for _, tt := range []struct {
		edit      Edit
		line, err string // a line that the file has then, or a part of the error
	}{
		{edit: Edit{Op: NeighborSet, Name: "b2", Interface: "eth1", Settings: shutdown}, line: "- {ends: {'b1:eth1': {bgp: {shutdown: true}}, 'b2:eth1': {}}, subnets: [192.168.0.0/30], vrf: red}"},
		{edit: Edit{Op: NeighborSet, Name: "192.168.0.1", Router: "b2", Interface: "eth2", Settings: shutdown}, line: "- {ends: {'b1:eth2': {}, 'b2:eth2': {bgp: {shutdown: true}}}, subnets: [192.168.0.0/30], vrf: blue}"},
		{edit: Edit{Op: NeighborSet, Name: "b2", Settings: shutdown}, err: "there are several sessions with b2"},
		{edit: Edit{Op: NeighborDel, Name: "b2", Interface: "eth1"}, err: "belongs to VRFs"},
		{edit: Edit{Op: NeighborAdd, Name: "b2", Router: "b1"}, err: "`neighbor set` changes it"},
	} {
		out, err := Apply(parsed(t, lab), []byte(lab), []Edit{tt.edit})
		switch {
		case tt.err != "":
			if err == nil || !strings.Contains(err.Error(), tt.err) {
				t.Errorf("%+v: %v, want %s", tt.edit, err, tt.err)
			}
		case err != nil:
			t.Errorf("%+v: %v", tt.edit, err)
		case !strings.Contains(string(out), tt.line):
			t.Errorf("%+v:\n%s\nwant %s", tt.edit, out, tt.line)
		}
	}
}
