package lab

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"
)

// The figures of the document about neighbour discovery, and what strangers on the LAN
// can do, with and without a port guard.
func TestRealNeighbourDiscovery(t *testing.T) {
	l := fromCatalog(t, t.TempDir(), "neighbours", "pwt-nd")
	l.up(t)
	resolves(t, l)
	refusesClone(t, l)
	redirects(t, l)

	// One who is guarded does nothing; then the other, and the guard while it runs.
	l.mustExec(t, "guarded", "sh", "/run/rogue.sh")
	l.mustExec(t, "guarded", "sh", "/run/flood.sh")
	if g := guardOf(t, l, "guarded"); g.RA < 2 || len(formed(t, l)) != 1 {
		t.Errorf("a guarded host advertises: %+v, and hosta has %v", g, formed(t, l))
	}
	l.mustExec(t, "rogue", "sh", "/run/rogue.sh")
	if all := strings.Join(formed(t, l), " "); !strings.Contains(all, "2001:db8:bad:0:16:3eff:fe00:a/64") {
		t.Errorf("a rogue router advertises, and hosta has %s", all)
	}
	if routes := l.mustExec(t, "hosta", "ip", "-6", "route", "show", "default"); !strings.Contains(routes, "pref high") {
		t.Errorf("hosta does not prefer the rogue router:\n%s", routes)
	}
	l.mustExec(t, "rogue", "sh", "/run/flood.sh")
	if all := formed(t, l); len(all) < 10 || len(all) > 16 {
		t.Errorf("after a flood of prefixes, hosta has %d addresses", len(all))
	}
	text, err := os.ReadFile(l.file)
	if err != nil {
		t.Fatal(err)
	}
	l.apply(t, strings.Replace(string(text), "files: *attacker}", "files: *attacker, guard: ra}", 1))
	eventually(t, 20*time.Second, func() error {
		if all := formed(t, l); len(all) != 1 {
			return fmt.Errorf("up leaves hosta %v", all)
		}
		return nil
	})
	l.mustExec(t, "rogue", "sh", "/run/rogue.sh")
	if all := formed(t, l); len(all) != 1 || guardOf(t, l, "rogue").RA == 0 {
		t.Errorf("guarded while it runs, the rogue router advertises, and hosta has %v", all)
	}
	must(t, "verify", l.name, "--from", "hosta")
}

// formed lists the global addresses of hosta.
func formed(t *testing.T, l lab) (all []string) {
	t.Helper()
	for line := range strings.Lines(l.mustExec(t, "hosta", "ip", "-6", "-o", "address", "show", "dev", "eth0", "scope", "global")) {
		if words := strings.Fields(line); len(words) > 3 {
			all = append(all, words[3])
		}
	}
	return all
}

// resolves tests that a solicitation goes to the solicited-node address of the
// document, and is answered.
func resolves(t *testing.T, l lab) {
	t.Helper()
	const hostb = "2001:db8:ebbd:0:5066:64f6:547e:4872"
	if groups := l.mustExec(t, "hostb", "ip", "maddr", "show", "dev", "eth0"); !strings.Contains(groups, "ff02::1:ff7e:4872") {
		t.Errorf("hostb does not listen to its solicited-node address:\n%s", groups)
	}
	l.advertised(t, "hosta", 0, 30*time.Second) // an RS, and the RA that answers it
	heard := make(chan string)
	go func() {
		heard <- l.exec("hostb", "timeout", "20", "tcpdump", "-c", "8", "-l", "-n", "-i", "eth0",
			"icmp6 and ((ip6[40] == 135 and dst ff02::1:ff7e:4872) or (ip6[40] == 136 and src "+hostb+"))").stdout
	}()
	for done := false; !done; {
		l.exec("hosta", "ip", "-6", "neighbour", "flush", "dev", "eth0")
		l.mustExec(t, "hosta", "ping", "-c", "1", "-W", "5", hostb)
		select {
		case said := <-heard:
			for _, want := range []string{"> ff02::1:ff7e:4872: ICMP6, neighbor solicitation, who has " + hostb, "neighbor advertisement, tgt is " + hostb} {
				if !strings.Contains(said, want) {
					t.Errorf("no %q:\n%s", want, said)
				}
			}
			done = true
		case <-time.After(200 * time.Millisecond):
		}
	}
}

// refusesClone tests that a host which takes the address of another does not get it.
func refusesClone(t *testing.T, l lab) {
	t.Helper()
	const hostb = "2001:db8:ebbd:0:5066:64f6:547e:4872"
	l.mustExec(t, "clone", "ip", "address", "add", hostb+"/64", "dev", "eth0")
	eventually(t, 20*time.Second, func() error {
		if out := l.mustExec(t, "clone", "ip", "-6", "-o", "address", "show", "dev", "eth0"); !strings.Contains(out, hostb+"/64 scope global dadfailed") {
			return errors.New("the clone has the address:\n" + out)
		}
		return nil
	})
	l.mustExec(t, "clone", "ip", "address", "del", hostb+"/64", "dev", "eth0")
}

// redirects tests that the default router names the better one, and that routers
// which all have fe80::1 could not.
func redirects(t *testing.T, l lab) {
	t.Helper()
	const nas = "2001:db8:ebbd:4118::2"
	eventually(t, 20*time.Second, func() error {
		l.mustExec(t, "dns", "ping", "-c", "1", "-W", "5", nas)
		if way := l.mustExec(t, "dns", "ip", "-6", "route", "get", nas); !strings.Contains(way, "via fe80::ff:fe00:2 dev eth0") {
			return errors.New("the DNS server is not redirected: " + way)
		}
		return nil
	})
	l.mustExec(t, "production", "ip", "address", "add", "fe80::1/64", "dev", "lan0", "nodad")
	if r := l.exec("production", "ip", "-6", "route", "replace", "2001:db8:ebbd:4118::/64", "via", "fe80::1", "dev", "lan0"); r.code == 0 {
		t.Error("a router can name another one that has its own address")
	}
	l.mustExec(t, "production", "ip", "address", "del", "fe80::1/64", "dev", "lan0")
}
