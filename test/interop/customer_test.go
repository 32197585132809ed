package interop

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"pseudowan/status"
)

// port is the name of the router's port to a host.
func (s *scene) port(t *testing.T, host string) string {
	t.Helper()
	for _, i := range table[status.Interface](t, s.lab, "interface", "--router", "pe1") {
		if i.Host == host {
			return i.Name
		}
	}
	t.Fatalf("pe1 has no port for %s", host)
	return ""
}

func testCustomerIPv4(t *testing.T, s *scene) {
	testCustomer(t, s, s.terms(), route{prefix: "30.1.0.0/24", nextHop: "10.3.0.2"}, route{prefix: "10.1.0.2/32", nextHop: "10.3.0.1"})
}

func testCustomerIPv6(t *testing.T, s *scene) {
	testCustomer(t, s, terms{as: 65200, local: "2001:db8:3::2", remote: "2001:db8:3::1", plain: true},
		route{prefix: "2001:db8:30::/64", nextHop: "2001:db8:3::2"}, route{prefix: "2001:db8:1::2/128", nextHop: "2001:db8:3::1"})
}

func testCustomer(t *testing.T, s *scene, c terms, theirs, ours route) {
	s.begin(t, c, "", theirs)
	s.arrives(t, "red", theirs)
	if got := s.hears(t, ours); got.nextHop != ours.nextHop || got.asPath != "65001" {
		t.Errorf("%s has heard %+v", s.make(), got)
	}
	s.withdraw(theirs)
	s.goes(t, 10*time.Second, "red", theirs)
}

func testCustomerAttributes(t *testing.T, s *scene) {
	r := s.testRoute()
	s.begin(t, s.terms(), "", r)
	s.arrives(t, "red", r)
	if got := s.path(t, "red", r.prefix, r.nextHop); got.MED == nil || *got.MED != sentMED || got.ASPath != "65200" || got.Origin != "igp" {
		t.Errorf("from %s: %+v", s.make(), *got)
	}
	got := s.hears(t, route{prefix: "172.16.1.0/24"})
	if got.asPath != "65001 65100" || !slices.Equal(got.communities, []string{"65100:7"}) || !slices.Equal(got.large, []string{"65100:1:2"}) {
		t.Errorf("%s has heard %+v", s.make(), got)
	}
}

func testCustomerInternal(t *testing.T, s *scene) {
	c, r := s.terms(), s.testRoute()
	c.as = ourAS
	s.begin(t, c, "ibgp: true", r)
	s.arrives(t, "red", r)
	if got := s.path(t, "red", r.prefix, r.nextHop); got.LocalPref == nil || *got.LocalPref != sentLocalPref || got.ASPath != "" {
		t.Errorf("from %s: %+v", s.make(), *got)
	}
	if got := s.hears(t, route{prefix: "172.16.1.0/24"}); got.asPath != "65100" || got.localPref != 100 {
		t.Errorf("%s has heard %+v", s.make(), got)
	}
}

func testCustomerDefault(t *testing.T, s *scene) {
	c, everything := s.terms(), route{prefix: "0.0.0.0/0"}
	s.begin(t, c, "default-originate: true")
	if got := s.hears(t, everything); got.nextHop != c.remote || got.asPath != "65001" {
		t.Errorf("%s has heard %+v", s.make(), got)
	}
	s.apply(t, s.with(c, ""))
	eventually(t, 15*time.Second, func() error {
		if got := s.heard(everything); got != nil {
			return fmt.Errorf("%s still has %+v", s.make(), *got)
		}
		return nil
	})
}
