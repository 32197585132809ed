package labs

import (
	"maps"
	"testing"

	"pseudowan/labs/plan"
	"pseudowan/topology"
)

// The names of NICs that up was given hold until they are given anew, also if up was
// interrupted; of NICs that the file does not have any more they are forgotten.
func TestNICNames(t *testing.T) {
	applied := plan.Plan{NICNames: map[string]string{"eth1": "enp1s0", "eth2": "enp2s0", "gone": "enp9s0"}}
	cut := plan.Plan{NICNames: map[string]string{"eth2": "enp3s0"}}
	for _, tt := range []struct {
		before []plan.Plan
		given  map[string]string
		want   map[string]string
		nics   [2]string
	}{
		{nil, nil, map[string]string{}, [2]string{"eth1", "eth2"}},
		{[]plan.Plan{applied}, nil, map[string]string{"eth1": "enp1s0", "eth2": "enp2s0"}, [2]string{"enp1s0", "enp2s0"}},
		{[]plan.Plan{applied, cut}, nil, map[string]string{"eth1": "enp1s0", "eth2": "enp3s0"}, [2]string{"enp1s0", "enp3s0"}},
		{[]plan.Plan{applied}, map[string]string{"eth1": "eth1"}, map[string]string{"eth1": "eth1", "eth2": "enp2s0"}, [2]string{"eth1", "enp2s0"}},
	} {
		lab, err := topology.Parse("lab.yaml", []byte("name: t\nrouters: {pe1: {as: 1}}\nlinks:\n"+
			"- {nic: eth1, ends: [pe1:a], subnets: [192.168.0.0/30]}\n- {nic: eth2, ends: [pe1:b], subnets: [192.168.1.0/30]}\n"))
		if err != nil {
			t.Fatal(err)
		}
		names, err := lendNICs(lab, tt.before, tt.given)
		if nics := [2]string{lab.Links[0].NIC, lab.Links[1].NIC}; err != nil || !maps.Equal(names, tt.want) || nics != tt.nics {
			t.Errorf("after %v, given %v: %v, %v, %v; want %v, %v", tt.before, tt.given, names, nics, err, tt.want, tt.nics)
		}
	}
}
