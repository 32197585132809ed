package lab

import (
	"cmp"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"pseudowan/status"
)

// verified runs verify with a topology whose text has been edited, and returns its
// rows by line or pair.
func (l lab) verified(t *testing.T, code int, edits ...string) map[string]status.HostPair {
	t.Helper()
	text, err := os.ReadFile(l.file)
	if err != nil {
		t.Fatal(err)
	}
	edited := strings.NewReplacer(edits...).Replace(string(text))
	file := filepath.Join(t.TempDir(), "edited.yaml")
	if err := os.WriteFile(file, []byte(edited), 0o600); err != nil {
		t.Fatal(err)
	}
	r := pseudowan("verify", l.name, "--topology", file, "-o", "json")
	var rows []status.HostPair
	if err := json.Unmarshal([]byte(r.stdout), &rows); err != nil || r.code != code {
		t.Fatalf("verify: exit code %d, %v\n%s%s", r.code, err, r.stdout, r.stderr)
	}
	out := make(map[string]status.HostPair)
	for _, row := range rows {
		out[cmp.Or(row.Rule, row.From+" "+row.To)] = row
	}
	return out
}

// page fetches a page by HTTP.
func (l lab) page(t *testing.T, host, url string) string {
	t.Helper()
	return l.mustExec(t, host, "timeout", "10", "busybox", "wget", "-q", "-O", "-", url)
}

// A container behind NAT66 is seen as its laptop, one behind a proxy sees everybody as
// its own host, until ip6tables rules as those for IPv4 lead there. What passes them is
// no matter of the pairs, and trace does not call it wrong.
func TestRealNAT66(t *testing.T) {
	needs(t, "ip6tables", "socat")
	l := fromCatalog(t, t.TempDir(), "nat66", "pwt-nat66")
	l.up(t)
	const server = "2a00:f10:101:0:46e:c2ff:fe00:93"
	if out := l.mustExec(t, "da80cf3d8532", "ping", "-n", "-c", "1", "-W", "5", server); !strings.Contains(out, "ttl=61 ") {
		t.Errorf("ping, ttl 61 in the document:\n%s", out)
	}
	if page := l.page(t, "da80cf3d8532", "http://["+server+"]/"); page != "a page for the real client\n" {
		t.Errorf("the page is %q", page)
	}
	rows := l.verified(t, 0)
	open := 0
	for _, r := range rows {
		if r.Result == status.Open {
			open++
		}
	}
	if r := rows["da80cf3d8532 pcextreme"]; r.Result != status.Open || r.Expected != status.ExpectUnknown || r.Via[0] != "laptop" || open < 10 {
		t.Errorf("%d pairs are open; %+v", open, r)
	}
	if out := must(t, "trace", "--lab", l.name, "da80cf3d8532", server); strings.Contains(out, "disagreements") {
		t.Errorf("trace through NAT:\n%s", out)
	}

	// The way that the document prefers: the collector sees the real IPv6 source.
	const proxied, real = "tcp 8001 as 172.17.0.1 at", "tcp 8001 as 2001:db8:11::2 at"
	l.mustExec(t, "dockerhost", "ip6tables", "-t", "nat", "-A", "PREROUTING", "!", "-i", "docker0", "-p", "tcp", "-m", "tcp", "--dport", "8001", "-j", "DNAT", "--to-destination", "[fc00:172:17::2]:8001")
	line := "nonat -> 2001:420:305c:102::70 " + real + " openbmp_aio"
	if r := l.verified(t, 1, proxied, real)[line]; r.Result != status.AsIntended {
		t.Errorf("with DNAT of IPv6: %+v", r)
	}

	// Without NAT nothing comes back.
	l.mustExec(t, "laptop", "ip6tables", "-t", "nat", "-F")
	r := pseudowan("verify", l.name, "--from", "da80cf3d8532", "--to", "pcextreme", "--timeout", "1s", "-o", "json")
	if r.code != 1 || !strings.Contains(r.stdout, "no answer") {
		t.Errorf("without NAT: exit code %d\n%s", r.code, r.stdout)
	}
}

// An IPv6-only host gets an address of an IPv4-only site by DNS64, and its page by
// NAT64; an IPv4 application in an IPv6-only network gets it by 464XLAT.
func TestRealNAT64(t *testing.T) {
	needs(t, "tayga", "unbound", "dnsmasq", "iptables", "drill")
	l := fromCatalog(t, t.TempDir(), "nat64", "pwt-nat64")
	l.up(t)
	const page = "an IPv4-only page\n"
	var address string
	eventually(t, 30*time.Second, func() error {
		r := l.exec("v6only", "drill", "-Q", "@2001:db8:64::2", "www.v4only.example", "AAAA")
		if address = strings.TrimSpace(r.stdout); r.code != 0 || address != "64:ff9b::c63b:9c07" {
			return fmt.Errorf("www.v4only.example is %q, exit code %d\n%s", address, r.code, r.stderr)
		}
		return nil
	})
	if got := l.page(t, "v6only", "http://["+address+"]/"); got != page {
		t.Errorf("by NAT64: %q", got)
	}
	if got := l.page(t, "phone", "http://198.59.156.7/"); got != page {
		t.Errorf("by 464XLAT: %q", got)
	}
	if r := l.exec("v6only", "ping", "-n", "-c", "1", "-W", "1", "198.59.156.7"); r.code == 0 {
		t.Errorf("v6only has IPv4:\n%s", r.stdout)
	}
	out := must(t, "trace", "--lab", l.name, "v6only", address)
	if strings.Contains(out, "disagreements") || !strings.Contains(out, "leaves host nat64 by nat64") || !strings.Contains(out, "v4only answers") {
		t.Errorf("trace into the translator:\n%s", out)
	}
}

// Floating IPs lead to their machines, and these leave with them; a machine without one
// leaves with the router's. An address that is moved leads to another machine at once.
func TestRealFloatingIP(t *testing.T) {
	needs(t, "nft")
	l := fromCatalog(t, t.TempDir(), "floating-ip", "pwt-floating")
	l.up(t)
	for address, vm := range map[string]string{"198.59.156.252": "vm1", "198.59.156.253": "vm2", "198.59.156.254": "vrouter"} {
		if got := l.page(t, "user", "http://"+address+"/"); got != vm+"\n" {
			t.Errorf("%s is %q, not %s", address, got, vm)
		}
	}
	l.mustExec(t, "ipv4-router", "nft", "delete element ip floating inward { 198.59.156.252 }; add element ip floating inward { 198.59.156.252 : 20.0.0.4 }")
	if got := l.page(t, "user", "http://198.59.156.252/"); got != "vm2\n" {
		t.Errorf("moved, the address is %q", got)
	}
	rows := l.verified(t, 1)
	if r := rows["user -> 198.59.156.252 tcp 80 as 203.0.113.2 at vm1"]; r.Result != status.Different || r.Differences[0].Seen != "vm1 does not have the connection: something between accepts it" {
		t.Errorf("verify of the moved address: %+v", r)
	}
	for _, line := range []string{"vm1 -> user tcp 80 as 198.59.156.252", "vm2 -> user tcp 80 as 198.59.156.253", "vm4 -> user tcp 80 as 198.59.156.251", "user !-> 198.59.156.251 tcp 80"} {
		if r, has := rows[line]; !has || r.Result != status.AsIntended {
			t.Errorf("%s: %+v", line, r)
		}
	}
	// An edit of the file, applied while all runs, moves it back.
	r := pseudowan("exec", "--lab", l.name, "ipv4-router", "--", "nft", "-f", "/run/floating.nft")
	if got := l.page(t, "user", "http://198.59.156.252/"); r.code != 0 || got != "vm1\n" {
		t.Errorf("moved back, the address is %q\n%s", got, r.stderr)
	}
}
