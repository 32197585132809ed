package lab

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// randomOf returns an address of a /64, which is its four groups.
func randomOf(prefix string) string {
	r := rand.Uint64()
	return fmt.Sprintf("%s:%x:%x:%x:%x", prefix, r>>48|1, r>>32&0xffff, r>>16&0xffff, r&0xffff|1)
}

// A machine answers on every address of its subnet, and its web server, too; what
// else is routed to it answers nothing.
func TestRealAnyIP(t *testing.T) {
	l := fromCatalog(t, t.TempDir(), "anyip", "pwt-anyip", func(text string) string { // the document's demonstration, too
		return strings.Replace(text, `lans: ["2001:db8:100::1/64"`, `lans: ["2a00:f10:500:40::1/64", "2001:db8:100::1/64"`, 1)
	})
	l.up(t)
	addresses := []string{"2001:db8:100::1", "2001:db8:100::100", "2001:db8:100::200", "2001:db8:100::dead:b33f", "192.168.100.77"}
	for range 3 {
		addresses = append(addresses, randomOf("2001:db8:100:0"), randomOf("2a00:f10:500:40"))
	}
	for _, a := range addresses {
		l.mustExec(t, "client", "ping", "-n", "-c", "1", "-W", "5", a)
		url := "http://" + a + "/"
		if a[0] == '2' {
			url = "http://[" + a + "]/"
		}
		if page := l.mustExec(t, "client", "timeout", "10", "busybox", "wget", "-q", "-O", "-", url); page != "every address of mine serves this page\n" {
			t.Errorf("%s: %q", url, page)
		}
	}
	must(t, "trace", "--lab", l.name, "client", "2001:db8:100::dead:b33f")
	if r := l.exec("client", "ping", "-n", "-c", "1", "-W", "1", "2001:db8:100:1::1"); r.code == 0 {
		t.Errorf("the next subnet answers:\n%s", r.stdout)
	}
}
