package lab

import (
	"strings"
	"testing"
)

const expecting = `
name: pwt-expect
routers: {pe1: {as: 65000}, pe2: {as: 65000}}
links: [{ends: [pe1:eth1, pe2:eth1], subnets: [192.168.0.0/30]}]
vrfs: {red: {rts: "65000:1"}, blue: {rts: "65000:2"}}
hosts:
  web:    {to: pe1, vrf: red, addresses: [10.1.0.2/24, "2001:db8:1::2/64"], command: [busybox, httpd, -f, -p, "[::]:80", -h, /tmp]}
  client: {to: pe2, vrf: red, addresses: [10.2.0.2/24, "2001:db8:2::2/64"], lans: [10.20.0.1/24]}
  other:  {to: pe2, vrf: blue, addresses: [10.2.0.2/24]}
expect:
- client -> web
- client -> web tcp 80
- client -> web tcp 80 as 10.2.0.2
- client -> 2001:db8:1::2 tcp 80
- client !-> web tcp 81
- other !-> web tcp 80
- web -> 10.20.0.77
- other !-> 10.1.0.2
- client has 10.20.0.1
- web has 2001:db8:1::2
`

// Lines about ports, sources and addresses are tested with connections of their own.
func TestRealExpectations(t *testing.T) {
	l := fromText(t, t.TempDir(), "pwt-expect", expecting)
	l.up(t)
	if out := must(t, "verify", l.name); !strings.Contains(out, "10 expect lines") {
		t.Errorf("%s", out)
	}

	// What does not hold is told with its line, and what was seen.
	wrong := strings.NewReplacer(
		"web tcp 80 as 10.2.0.2", "web tcp 80 as 10.20.0.1", "client !-> web tcp 81", "client !-> web tcp 80",
		"other !-> web tcp 80", "other -> web tcp 80", "web -> 10.20.0.77", "web !-> 10.20.0.77",
		"other !-> 10.1.0.2", "other -> 10.1.0.2", "client has 10.20.0.1", "client has 10.20.0.2",
	).Replace(expecting)
	l.edit(t, wrong)
	r := pseudowan("verify", l.name, "--timeout", "1s", "-o", "json")
	if r.code != 1 {
		t.Fatalf("exit code %d\n%s%s", r.code, r.stdout, r.stderr)
	}
	for _, want := range []string{
		"web sees 10.2.0.2 as the source", "port 80 accepts a connection", "no connection to port 80: ",
		"client answers", "no answer", "client does not have it; it has 10.2.0.2, 10.20.0.1",
	} {
		if !strings.Contains(r.stdout, want) {
			t.Errorf("not told: %s\n%s", want, r.stdout)
		}
	}
	if n := strings.Count(r.stdout, `"result": "different"`); n != 6 {
		t.Errorf("%d lines do not hold; want 6\n%s", n, r.stdout)
	}

	// So is an address that a host has lost.
	l.mustExec(t, "web", "ip", "-6", "address", "flush", "dev", "eth0", "scope", "global")
	r = pseudowan("verify", l.name, "--timeout", "1s", "--from", "web", "-o", "json")
	if !strings.Contains(r.stdout, `"web does not have it"`) {
		t.Errorf("a lost address: %s", r.stdout)
	}
}
