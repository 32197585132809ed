package lab

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"
)

// Ten servers in one subnet have port 80 each. Names lead to them, their logs have the
// client's address, and after a down and an up all addresses are what they were.
func TestRealServerFarm(t *testing.T) {
	l := fromCatalog(t, t.TempDir(), "server-farm", "pwt-farm")
	l.up(t)
	for name, address := range map[string]string{
		"lxcweb.example.org": "2001:db8:ebbd:2080:216:3eff:fe29:7f8",
		"lxcw2.example.org":  "2001:db8:ebbd:2080:216:3eff:fe7f:b6a5",
	} {
		if out := l.mustExec(t, "client", "busybox", "nslookup", name, "2001:db8:ebbd:2080::dbc8"); !strings.Contains(out, "Address: "+address+"\n") {
			t.Errorf("%s does not lead to %s:\n%s", name, address, out)
		}
	}
	before := farmAddresses(t, l)
	for server, addresses := range before {
		for _, a := range addresses {
			if !strings.HasPrefix(a, "2001:") {
				continue
			}
			if page := l.mustExec(t, "client", "timeout", "20", "busybox", "wget", "-q", "-O", "-", "http://["+a+"]/"); page != server+"\n" {
				t.Errorf("%s answers %q at %s", server, page, a)
			}
		}
		eventually(t, 20*time.Second, func() error {
			if said := must(t, "logs", "--lab", l.name, server); !strings.Contains(said, "[2001:db8:cafe::2]:") {
				return fmt.Errorf("the log of %s does not have the client:\n%s", server, said)
			}
			return nil
		})
	}
	must(t, "down", l.name)
	l.up(t)
	if after := farmAddresses(t, l); fmt.Sprint(after) != fmt.Sprint(before) {
		t.Errorf("addresses were\n%v\nand are\n%v", before, after)
	}
}

var farmAddress = regexp.MustCompile(`inet6 ((?:2001|fd6a):[0-9a-f:]+)/64`)

// farmAddresses returns the addresses of each server, one in each prefix.
func farmAddresses(t *testing.T, l lab) map[string][]string {
	t.Helper()
	out := map[string][]string{}
	for i := range 10 {
		server := fmt.Sprintf("w%d", i+1)
		if i == 0 {
			server = "web"
		}
		eventually(t, 20*time.Second, func() error {
			said := l.mustExec(t, server, "ip", "-6", "address", "show", "dev", "eth0", "scope", "global")
			own := map[string]string{}
			for _, m := range farmAddress.FindAllStringSubmatch(said, -1) {
				own[m[1][:4]] = m[1]
			}
			if len(own) != 2 {
				return fmt.Errorf("%s has no address in one of two prefixes:\n%s", server, said)
			}
			out[server] = []string{own["2001"], own["fd6a"]}
			return nil
		})
	}
	return out
}
