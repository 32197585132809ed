package build

import (
	"testing"

	"pseudowan/labs/plan"
	"pseudowan/topology"
)

// A change of a file concerns the services that name it or its directory; one that none
// names concerns all.
func TestGiven(t *testing.T) {
	host := plan.Host{
		Services: []topology.Service{
			{Name: "radvd", Command: []string{"radvd", "-C", "/etc/radvd.conf"}},
			{Name: "kea", Command: []string{"sh", "-c", "exec kea-dhcp6 -c /etc/kea/kea.json"}},
			{Name: "web", Command: []string{"httpd", "-h", "/srv/www/", "-p", "/etc/radvd.confs"}},
		},
		Files: map[string]string{"/etc/radvd.conf": "", "/etc/kea/kea.json": "", "/srv/www/a/b.html": "", "/run/other": ""},
	}
	for file, want := range map[string][3]bool{
		"/etc/radvd.conf": {true, false, false}, "/etc/kea/kea.json": {false, true, false},
		"/srv/www/a/b.html": {false, false, true}, "/run/other": {true, true, true},
	} {
		before := Services(host)
		host.Files[file] += "x"
		for i, after := range Services(host) {
			if got := after.Given != before[i].Given; got != want[i] {
				t.Errorf("a change of %s concerns %s: %t", file, after.Name, got)
			}
		}
	}
	before := Services(host)
	host.Env = map[string]string{"A": "b"}
	for i, after := range Services(host) {
		if after.Given == before[i].Given {
			t.Errorf("a change of the environment does not concern %s", after.Name)
		}
	}
}
