package look

import (
	"os"
	"slices"
	"strings"
	"testing"

	"pseudowan/doctor"
	"pseudowan/hosts"
	"pseudowan/labs/labstest"
	"pseudowan/labs/plan"
	"pseudowan/labs/store"
	"pseudowan/topology"
)

func TestNeedOf(t *testing.T) {
	const file = `
name: pwt-need
routers: {pe1: {as: 65001, id: 10.0.0.1}, pe2: {as: 65001, id: 10.0.0.2}, pe3: {as: 65001, id: 10.0.0.3}}
links:
- {ends: [pe1:eth1, pe2:eth1, pe3:eth1], subnets: ["2001:db8::/64"]}
- {nic: ens5, ends: [pe1:eth2], subnets: [192.0.2.0/24], bgp: {peer: 192.0.2.254, as: 64999}}
vrfs: {red: {rts: ["65001:1"]}}
hosts:
  h1: {runtime: docker, image: nginx, attach: [{to: pe1, vrf: red, addresses: [10.1.0.2/24]}]}
  h2: {runtime: docker, image: nginx, attach: [{to: pe1, vrf: red, addresses: [10.2.0.2/24]}]}
  h3: {attach: [{to: pe3, vrf: red, addresses: [10.3.0.2/24]}]}
`
	top, err := topology.Parse("need.yaml", []byte(file))
	if err != nil {
		t.Fatal(err)
	}
	n := NeedOf(labstest.Runtimes(t), labstest.Plan(t, top), "system")
	if n.Lab != "pwt-need" || n.Hosts != 3 || !n.Segments || !n.IPv6 || n.LANs || n.Datapath != "system" {
		t.Errorf("%+v", n)
	}
	if n.Ports["pe1"] != 6 || n.Ports["pe2"] != 2 || n.Ports["pe3"] != 3 {
		t.Errorf("ports %v", n.Ports)
	}
	for want, got := range map[string][]string{"docker netns": n.Runtimes, "nginx": n.Images, "ens5": n.NICs} {
		if strings.Join(got, " ") != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// Doctor finds a lab that exists in part, and one of which only files remain.
func TestRealDoctorFindsLeftOvers(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("needs root: network namespaces")
	}
	const half, files = "pwt-doctor-half", "pwt-doctor-files"
	ns, _, err := hosts.EnsureNamespace("pwt-doctor-half-pe1", hosts.Mark{Lab: half, Node: "pe1", Kind: hosts.KindRouter})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := ns.Delete(); err != nil {
			t.Error(err)
		}
		if err := store.RemoveDirs(files); err != nil {
			t.Error(err)
		}
	})
	if err := store.MakeDir(store.RunDir(files)); err != nil {
		t.Fatal(err)
	}
	there, err := labsHere(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	of := func(name string) doctor.Lab {
		i := slices.IndexFunc(there, func(l doctor.Lab) bool { return l.Name == name })
		if i < 0 {
			t.Fatalf("%s is not among %v", name, there)
		}
		return there[i]
	}
	wrong := []string{"router pe1: its agent does not run", "its keeper is not running", "its own namespace is missing"}
	if l := of(half); l.Routers != 1 || !slices.Equal(l.Wrong, wrong) {
		t.Errorf("%+v", l)
	}
	if l := of(files); l.Routers+l.Hosts+len(l.Wrong) != 0 || !slices.Equal(l.Files, []string{store.RunDir(files)}) {
		t.Errorf("%+v", l)
	}
}

func TestProgramsOfAHost(t *testing.T) {
	for _, tt := range []struct {
		host plan.Host
		want []string
	}{
		{plan.Host{}, nil},
		{plan.Host{Command: []string{"bird", "-f"}}, []string{"bird"}},
		{plan.Host{Command: []string{"/run/own", "-f"}}, nil},
		{plan.Host{Command: []string{"sh", "-c", "sleep 1 &\n  exec gobgpd -f /run/x\n"}}, []string{"sh", "gobgpd"}},
		{plan.Host{Command: []string{"sh", "-c", "exec /usr/lib/frr/bgpd"}}, []string{"sh"}},
		{plan.Host{Services: []topology.Service{{Command: []string{"radvd", "-n"}}, {Command: []string{"sh", "-c", "exec radvd"}}, {Command: []string{"pseudowan", "bmp-collector"}}}}, []string{"radvd", "sh"}},
		{plan.Host{Command: []string{"bird"}, Env: map[string]string{"PATH": "/opt"}}, nil},
	} {
		if got := programsOf(tt.host); !slices.Equal(got, tt.want) {
			t.Errorf("%q: %q, want %q", tt.host.Command, got, tt.want)
		}
	}
}
