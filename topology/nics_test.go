package topology

import (
	"fmt"
	"slices"
	"testing"
)

func TestLendNICs(t *testing.T) {
	const two = "name: t\nrouters: {pe1: {as: 1}}\nlinks:\n- {nic: eth1, ends: [pe1:a], subnets: [192.168.0.0/30]}\n- {nic: eth2, ends: [pe1:b], subnets: [192.168.1.0/30]}\n"
	for _, tt := range []struct {
		names map[string]string
		want  []string
		err   string
	}{
		{nil, []string{"eth1", "eth2"}, ""},
		{map[string]string{"eth1": "enp7s0"}, []string{"enp7s0", "eth2"}, ""},
		{map[string]string{"eth1": "eth2", "eth2": "eth1"}, []string{"eth2", "eth1"}, ""},
		{map[string]string{"eth1": "eth2"}, nil, "lab.yaml: nic eth2: would be lent to pe1:a and to pe1:b; name another one with --nic"},
		{map[string]string{"eth3": "enp7s0"}, nil, "lab.yaml: nic eth3: the lab has no link or segment with this NIC; name one of eth1, eth2 with --nic"},
		{map[string]string{"eth1": "e/1"}, nil, `lab.yaml: nic eth1: "e/1" is not the name of a network interface of a server; see ip link`},
	} {
		lab, err := Parse("lab.yaml", []byte(two))
		if err != nil {
			t.Fatal(err)
		}
		err = lab.LendNICs(tt.names)
		if got := fmt.Sprint(err); err != nil && got != tt.err || err == nil && tt.err != "" {
			t.Errorf("%v: %v; want %q", tt.names, err, tt.err)
		}
		if got := []string{lab.Links[0].NIC, lab.Links[1].NIC}; err == nil && !slices.Equal(got, tt.want) {
			t.Errorf("%v: %v; want %v", tt.names, got, tt.want)
		}
	}
	lab := parse(t, base)
	if err := lab.LendNICs(map[string]string{"eth1": "x"}); err == nil || err.Error() != lab.Source+": nic eth1: the lab has no link or segment with a NIC; leave --nic out" {
		t.Error(err)
	}
}
