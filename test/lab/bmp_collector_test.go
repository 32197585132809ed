package lab

import (
	"encoding/json"
	"fmt"
	"os/exec"
	"testing"
	"time"

	"pseudowan/status"
)

const (
	// collectorREST is what the document's user asks, with the same name and password.
	collectorREST = "http://openbmp:CiscoRA@[2001:420:305c:102::70]:8001/db_rest/v1/routers"
	notBMP        = "ERROR: Unsupported BMP message version"
)

// Routers of two makes report to a collector in a container. By DNAT it sees their
// real addresses; through the proxy all have that of docker0, and are told apart by
// what they say. Its table, asked for from another site over the core, is that of the
// document: who is connected, and how the others have gone.
func TestRealBMPCollector(t *testing.T) {
	for _, tool := range []string{"/usr/lib/frr/bgpd", "docker-proxy", "ip6tables"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("no %s", tool)
		}
	}
	l := fromCatalog(t, t.TempDir(), "bmp-collector", "pwt-bmp")
	l.up(t)
	up := func(name, address string, as int) string { return fmt.Sprintf("%s %s AS %d up 0 ", name, address, as) }
	want := []string{
		up("tara-mx-01", "200.1.1.1", 65000), up("tara-9k-02", "200.1.1.2", 65001), up("tara-9k-03", "200.1.1.3", 65001),
		up("tara-9k-04", "200.1.1.4", 65001), up("tara-9k-05", "200.1.1.5", 65001), up("tara-mx-06", "200.1.1.6", 65000),
		up("vmx-15.1", "192.168.1.129", 65002), up("vmx-17.2", "192.168.1.134", 65002), up("XRv", "192.168.1.135", 65002),
		up("cirl", "2001:420:305c:102::1", 65000),
	}
	l.collects(t, want...)
	l.tellsRoutersApart(t, len(want))

	l.exec("qualys", "busybox", "wget", "-q", "-O", "-", "http://10.102.0.70:5000/")             // to the container, by DNAT
	l.exec("server", "busybox", "wget", "-q", "-O", "-", "http://[2001:420:305c:102::70]:5000/") // past DNAT, by docker-proxy
	l.mustExec(t, "xrv", "vtysh", "--vty_socket", "/run/frr", "-c", "configure", "-c", "router bgp 65002", "-c", "no bmp targets openbmp")
	l.editUntil(t, func() error { return nil }, `tara-mx-06: {id: 10.0.0.6, bmp: [{to: "10.102.0.70:5000", vrf: mgmt}, {to: "10.102.0.70:5002", vrf: mgmt}]}`, "tara-mx-06: {id: 10.0.0.6}")
	want[5] = "tara-mx-06 200.1.1.6 AS 65000 down 0 session administratively closed: the configuration has ended"
	want[8] = "XRv 192.168.1.135 AS 65002 down 65535 Connection closed"
	l.collects(t, append(want, " 64.102.12.37 down 65534 "+notBMP, " 172.17.0.1 down 65534 "+notBMP)...)
	must(t, "verify", l.name)
	must(t, "down", l.name)
}

// collects waits until the collector's table is this one.
func (l lab) collects(t *testing.T, want ...string) {
	t.Helper()
	eventually(t, 30*time.Second, func() error {
		var answer struct {
			Routers struct {
				Size, Cols int
				Data       []status.CollectedRouter
			}
		}
		r := l.exec("cirl-ucs-1", "busybox", "wget", "-q", "-O", "-", collectorREST)
		if err := json.Unmarshal([]byte(r.stdout), &answer); err != nil {
			return fmt.Errorf("%w: %s%s", err, r.stdout, r.stderr)
		}
		got := map[string]bool{}
		for _, row := range answer.Routers.Data {
			got[routerLine(row)] = true
		}
		for _, line := range want {
			if !got[line] {
				return fmt.Errorf("the table does not have %q:\n%s", line, r.stdout)
			}
		}
		if answer.Routers.Size != len(want) || answer.Routers.Cols != 11 {
			return fmt.Errorf("%d rows, %d columns:\n%s", answer.Routers.Size, answer.Routers.Cols, r.stdout)
		}
		return nil
	})
}

func routerLine(r status.CollectedRouter) string {
	line := r.Name + " " + r.Address
	if r.AS != nil {
		line += fmt.Sprintf(" AS %d", *r.AS)
	}
	return fmt.Sprintf("%s %s %d %s", line, map[int]string{0: "down", 1: "up"}[r.Connected], r.TermCode, r.TermReason)
}

// tellsRoutersApart checks collectors behind the proxy. One tells routers apart by what
// they say; to one that does not, those that connect are one router.
func (l lab) tellsRoutersApart(t *testing.T, n int) {
	t.Helper()
	rows := func(port string) (hashes map[string]bool, err error) {
		var rows []status.CollectedRouter
		out := l.mustExec(t, "openbmp", "pseudowan", "bmp-collector", "routers", "--from", "http://localhost:"+port, "-o", "json")
		err = json.Unmarshal([]byte(out), &rows)
		hashes = map[string]bool{}
		for _, r := range rows {
			hashes[r.HashID] = true
			if r.Address != "172.17.0.1" || r.Connected != 1 {
				err = fmt.Errorf("router %+v", r)
			}
		}
		return hashes, err
	}
	eventually(t, 30*time.Second, func() error {
		hashes, err := rows("8002")
		if err == nil && len(hashes) != n {
			err = fmt.Errorf("%d routers: %v; want %d", len(hashes), hashes, n)
		}
		return err
	})
	l.mustExec(t, "openbmp", "sh", "-c", "pseudowan bmp-collector --listen :5002 --http :8003 >/dev/null 2>&1 &")
	l.mustExec(t, "server", "sh", "-c", `for from in 0.0.0.0 ::; do
		docker-proxy -proto tcp -host-ip $from -host-port 5002 -container-ip 172.17.0.2 -container-port 5002 3>/dev/null >/dev/null 2>&1 &
		done`)
	l.editUntil(t, func() error {
		up := 0
		for _, s := range table[status.Station](t, l, "bmp") {
			if s.Port == 5002 && s.State == "up" {
				up++
			}
		}
		hashes, err := rows("8003")
		if err == nil && (up != 3 || len(hashes) != 1) {
			err = fmt.Errorf("%d stations are up, and the collector knows %v", up, hashes)
		}
		return err
	}, `:5001", vrf`, `:5002", vrf`)
}
