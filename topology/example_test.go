package topology_test

import (
	"fmt"

	"pseudowan/topology"
)

func ExampleParse() {
	lab, err := topology.Parse("lab.yaml", []byte(`
name: small
routers: {pe1: {as: 65000}, pe2: {as: 65000}}
links:
- {ends: [pe1:eth1, pe2:eth1], subnets: [192.168.0.0/30]}
vrfs: {red: {rts: "65000:1"}}
hosts:
  a: {to: pe1, vrf: red, addresses: [10.1.0.2/24]}
  b: {to: pe2, vrf: red, addresses: [10.2.0.2/24]}
`))
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, r := range lab.Intent().Routes {
		fmt.Printf("%s, VRF %s: %s of host %s, %s\n", r.Router, r.VRF, r.Prefix, r.Origin.Host, r.Source)
	}
	// Output:
	// pe1, VRF red: 10.1.0.0/24 of host a, connected
	// pe1, VRF red: 10.2.0.0/24 of host b, bgp
	// pe2, VRF red: 10.1.0.0/24 of host a, bgp
	// pe2, VRF red: 10.2.0.0/24 of host b, connected
}

// Every problem of a file is reported, with its line and a remedy.
func ExampleParse_problems() {
	_, err := topology.Parse("lab.yaml", []byte(`
name: small
routers: {pe1: {as: 65000}}
hosts:
  a: {to: pe2, vrf: red, rd: "65000:1", addresses: [10.1.0.2]}
`))
	fmt.Println(err)
	// Output:
	// lab.yaml:5: host a: no router is named "pe2"; did you mean "pe1"?
	// lab.yaml:5: hosts.a.addresses[0]: "10.1.0.2" is not an address with a prefix length; write it as 10.1.0.2/24 or 2001:db8::2/64
}
