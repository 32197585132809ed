package topology

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const copiesFile = `
name: t
routers: {pe1: {as: 1}}
vrfs: {red: {rts: "1:1"}}
segments: {home: {to: pe1, vrf: red, subnets: ["2001:db8::/64", 10.9.0.0/16]}}
`

// A series of copies is what the same hosts are when they are written one by one.
func TestCopies(t *testing.T) {
	got := parse(t, copiesFile+`
x-server: &server
  env: {N: "{i}", "KEY{i}": "${i} {{i}} {i:} {j}"}
  files: {"/run/{i}": "id {i:03x}\n"}
series:
- {<<: *server, to: home, count: 2, name: "w{i}", mac: "02:00:00:00:00:{i:02x}", addresses: ["2001:db8::1{i:x}/64", "10.9.{i}.2/16"], command: [httpd, -p, "80{i:02}"]}
- {range: 11-12, name: "c{i}", attach: [{to: pe1, vrf: "v{i}", rd: "7:{i}", addresses: ["10.1.{i}.2/24"], mtu: "14{i}"}], lans: ["10.2.{i}.0/24"], forward: true}
`)
	want := parse(t, copiesFile+`
hosts:
  w1: {to: home, mac: "02:00:00:00:00:01", addresses: ["2001:db8::11/64", 10.9.1.2/16], command: [httpd, -p, "8001"], env: {N: 1, KEY1: "${i} {{i}} {i:} {j}"}, files: {/run/1: "id 001\n"}}
  w2: {to: home, mac: "02:00:00:00:00:02", addresses: ["2001:db8::12/64", 10.9.2.2/16], command: [httpd, -p, "8002"], env: {N: 2, KEY2: "${i} {{i}} {i:} {j}"}, files: {/run/2: "id 002\n"}}
  c11: {to: pe1, vrf: v11, rd: "7:11", addresses: [10.1.11.2/24], mtu: 1411, lans: [10.2.11.0/24], forward: true}
  c12: {to: pe1, vrf: v12, rd: "7:12", addresses: [10.1.12.2/24], mtu: 1412, lans: [10.2.12.0/24], forward: true}
`)
	if diff := cmp.Diff(want, got, exact); diff != "" {
		t.Errorf("copies (-written one by one +series):\n%s", diff)
	}
}

// The bounds hold for copies before they are made.
func TestCopiesAreBounded(t *testing.T) {
	for name, file := range map[string]string{
		"more than 10000 hosts":                                  "series:\n- {to: home, count: 10000, name: \"a{i}\"}\n- {to: home, count: 10000, name: \"b{i}\"}\n",
		"placeholders make more than 64 MiB of text":             "series:\n- {to: home, count: 10000, name: \"a{i}\", files: {/run/a: \"{i}" + strings.Repeat("x", 1<<19) + "\"}}\n",
		"4001 LANs behind one host, more than 4000":              "series:\n- {to: pe1, vrf: red, addresses: [\"10.1.{i}.2/24\"], count: 3, name: \"a{i}\", lans: [" + strings.Repeat("10.2.0.0/24, ", 4001) + "]}\n",
		"more than 1048576 YAML nodes once aliases are followed": "series:\n- {to: home, count: 9000, name: \"a{i}\", command: [" + strings.Repeat("a, ", 300) + "]}\n",
	} {
		_, err := Parse("lab", []byte(copiesFile+file))
		if err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("want %q, got %.300v", name, fmt.Sprint(err))
		}
	}
}
