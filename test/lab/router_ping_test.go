package lab

import (
	"strings"
	"testing"
)

// A router pings from inside a VRF, with the VRF's labels, also where another VPN has the
// same address; errors are told with who says so.
func TestRealPingFromARouter(t *testing.T) {
	l := fromText(t, t.TempDir(), "pwt-rping", `name: pwt-rping
routers: {pe1: {as: 65000}, pe2: {as: 65000}}
links:
- {ends: [pe1:eth1, pe2:eth1], subnets: [192.168.0.0/30]}
vrfs: {red: {rts: "65000:1"}, blue: {rts: "65000:2"}}
hosts:
  h1: {to: pe1, vrf: red, addresses: [10.1.0.2/24, "2001:db8:1::2/64"]}
  h2: {to: pe2, vrf: red, addresses: [10.2.0.2/24, "2001:db8:2::2/64"], lans: [10.9.0.1/24]}
  b1: {to: pe1, vrf: blue, addresses: [10.3.0.2/24]}
`)
	l.up(t)
	for args, want := range map[string]struct {
		code int
		says string
	}{
		"ping pe1 10.2.0.2 --vrf red --count 2 --every 10ms":               {0, "2 sent, 2 answered"},
		"ping pe1 2001:db8:2::2 --vrf red --count 1":                       {0, "1 sent, 1 answered"},
		"ping pe1 10.1.0.2 --vrf red --count 1 --source 10.1.0.1":          {0, "answer from 10.1.0.2 to 10.1.0.1"},
		"ping pe2 10.1.0.2 --count 1":                                      {0, "1 answered"},
		"ping pe1 10.2.0.2 --vrf blue --count 1 --wait 500ms":              {1, "no answer"},
		"ping pe1 10.2.0.77 --vrf red --count 1 --wait 10s":                {1, "10.2.0.1 says host unreachable"},
		"traceroute pe1 10.9.0.1 --vrf red --wait 10s":                     {0, " 2  10.9.0.1"},
		"traceroute pe1 2001:db8:2::2 --vrf red --wait 10s":                {0, " 1  2001:db8:2::1"},
		"ping pe1 10.2.0.2":                                                {4, "choose one with --vrf"},
		"ping pe1 10.2.0.2 --vrf rad":                                      {4, "did you mean red"},
		"ping pe3 10.2.0.2 --vrf red":                                      {4, "no router pe3"},
		"ping pe1 h2 --vrf red":                                            {2, "not an IP address"},
		"ping pe1 10.2.0.2 --vrf red --count 0":                            {2, "--count"},
		"ping pe1 10.2.0.2 --vrf red --source 10.2.0.1":                    {1, "is not an address of the router"},
		"ping pe1 2001:db8:2::2 --vrf blue --count 1":                      {1, "no address of the family"},
		"ping pe1 10.1.0.1 --vrf red --count 1":                            {1, "the router's own"},
		"traceroute pe1 10.9.0.1 --vrf red --source 192.168.0.1 --wait 1s": {1, "is not an address of the router"},
	} {
		r := pseudowan(append(strings.Fields(args), "--lab", l.name)...)
		if r.code != want.code || !strings.Contains(r.stdout+r.stderr, want.says) {
			t.Errorf("%s: exit code %d, want %d and %q:\n%s%s", args, r.code, want.code, want.says, r.stdout, r.stderr)
		}
	}
}
