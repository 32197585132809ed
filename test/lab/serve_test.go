package lab

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"pseudowan/api/client"
	"pseudowan/status"
)

// Scripts of the original read its tables from a lab of ours: those that its document
// shows have the same rows, apart from counters and times.
func TestRealServe(t *testing.T) {
	l := sharedLab(t)
	token := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(token, []byte("0123456789abcdef0123\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	at := serve(t, "serve", "--lab", l.name, "--listen", "127.0.0.1:0", "--token-file", token)
	ask := func(password, path string) (int, map[string]any) {
		t.Helper()
		q, err := http.NewRequestWithContext(t.Context(), http.MethodGet, at+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		q.SetBasicAuth("", password)
		a, err := http.DefaultClient.Do(q)
		if err != nil {
			t.Fatal(err)
		}
		defer a.Body.Close()
		var answer map[string]any
		if a.StatusCode == http.StatusOK {
			if err := json.NewDecoder(a.Body).Decode(&answer); err != nil {
				t.Fatal(err)
			}
		}
		return a.StatusCode, answer
	}
	for path, want := range map[string]struct {
		name string
		rows int
		row  string
	}{
		"status/peer": {"status", 1, "map[asNumber:65002 myPeer:10.10.10.1 remotePeer:192.168.0.2 status:Peer Up]"},
		"interface":   {"interface", 11, "map[routeDist: routerIpAddr:192.168.0.1 routerMacAddr:00:00:00:01:01:01 routerPort:1]"},
		"arp":         {"arp", 11, ""},
		"mpls":        {"mpls", 220, "map[destIpAddr:10.1.0.2 label:1000 netMask:255.255.255.255 nextHopIpAddr:0.0.0.0 prefix:10.1.0.2/32 routeDist:65001:101]"},
		"stats/flow":  {"stats", -1, ""},
		"stats/port":  {"stats", 12, ""},
	} {
		code, answer := ask("0123456789abcdef0123", path)
		rows, _ := answer[want.name].([]any)
		if code != http.StatusOK || answer["id"] != "0000000000000001" || want.rows >= 0 && len(rows) != want.rows || len(rows) == 0 {
			t.Errorf("%s: %d, %d rows; want %d: %v", path, code, len(rows), want.rows, answer)
			continue
		}
		first, _ := rows[0].(map[string]any)
		delete(first, "occurTime")
		if want.row != "" && fmt.Sprint(first) != want.row {
			t.Errorf("%s: the first row is %v; want %s", path, first, want.row)
		}
	}
	_, answer := ask("0123456789abcdef0123", "vrf")
	text := fmt.Sprint(answer["vrfs"])
	for _, line := range []string{
		"VPN: ('65001:101', 'ipv4')",
		" *>  130.1.7.0/24                     None     192.168.0.2          Only Path       100           65002 ?",
		" *>  110.1.0.0/24                     None     10.1.0.2             Only Path                     ?",
		" *>  10.1.0.2/32                      None     0.0.0.0              Only Path                     ?",
	} {
		if !strings.Contains(text, line+"\n") {
			t.Errorf("vrf has no line %q:\n%.2000s", line, text)
		}
	}
	if code, _ := ask("wrong", "mpls"); code != http.StatusUnauthorized {
		t.Errorf("a wrong token: %d", code)
	}
	if code, _ := ask("0123456789abcdef0123", "../0000000000000003/mpls"); code != http.StatusNotFound {
		t.Errorf("a third router: %d", code)
	}
}

// serve runs the program until the test ends, and returns the address that it tells.
func serve(t *testing.T, args ...string) string {
	t.Helper()
	cmd := exec.Command(program, args...)
	said, err := cmd.StderrPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		_ = cmd.Wait()
	})
	line, err := bufio.NewReader(said).ReadString('\n')
	_, at, ok := strings.Cut(strings.TrimSpace(line), " at ")
	if err != nil || !ok {
		t.Fatalf("it says %q: %v", line, err)
	}
	return at
}

// The requests of the original that change a lab do, in the form of its client, and
// packets follow.
func TestRealOriginalChanges(t *testing.T) {
	t.Parallel()
	l := fromText(t, t.TempDir(), "pwt-orig", strings.ReplaceAll(changeable, "NAME", "pwt-orig"))
	l.up(t)
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", client.Socket(l.name))
	}
	root := http.Client{Transport: &http.Transport{DialContext: dial}}
	ask := func(method, path, body string, want int) string {
		t.Helper()
		q, err := http.NewRequestWithContext(t.Context(), method, "http://lab/openflow/0000000000000001/"+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		a, err := root.Do(q)
		if err != nil {
			t.Fatal(err)
		}
		defer a.Body.Close()
		text, err := io.ReadAll(a.Body)
		if err != nil || a.StatusCode != want {
			t.Fatalf("%s %s: %d, %v: %s", method, path, a.StatusCode, err, text)
		}
		return string(text)
	}
	const iface = `{'interface': {'port': '4', 'macaddress': '00-00-00-00-00-02', 'ipaddress': '10.7.0.1', 'netmask': '255.255.255.0', 'opposite_ipaddress': '10.7.0.2',
'opposite_asnumber': '', 'port_offload_bgp': '', 'bgp_med': '', 'bgp_local_pref': '', 'bgp_filter_asnumber': '', 'vrf_routeDist': '65001:101'}}`
	ask("POST", "vrf", "{'vrf': {'route_dist': '65001:101', 'import': '65000:1', 'export': '65000:1'}}", 200)
	ask("POST", "interface", iface, 200)
	reached := func() bool { return l.exec("h2", "ping", "-c", "1", "-W", "1", "10.7.0.2").code == 0 }
	if reached() {
		t.Error("what is not redistributed is reached")
	}
	ask("POST", "redistribute", "{'bgp': {'redistribute': 'ON', 'vrf_routeDist': '65001:101'}}", 200)
	ask("POST", "route", "{'route': {'destination': '110.1.0.0', 'netmask': '255.255.255.0', 'nexthop': '10.7.0.2', 'vrf_routeDist': '65001:101'}}", 200)
	if !reached() {
		t.Error("what is redistributed is not reached")
	}
	if ports := ask("GET", "interface", "", 200); !strings.Contains(ports, `{"routerPort":4,"routerIpAddr":"10.7.0.1",`) {
		t.Errorf("ports: %s", ports)
	}
	if out := ask("PUT", "ping", "{'ping': {'hostIp': '10.7.0.2', 'data': '0123456789', 'outPort': '4'}}", 200); strings.Count(out, "ping ok") != 5 {
		t.Errorf("ping: %s", out)
	}
	if rib := ask("GET", "neighbor", "{'neighbor': {'routetype': 'sent-routes', 'address': '192.168.0.2'}}", 200); !strings.Contains(rib, "65001:101:110.1.0.0/24") {
		t.Errorf("told to pe2: %s", rib)
	}
	ask("PUT", "neighbor", "{'neighbor': {'peerIp': '192.168.0.2', 'med': '77'}}", 200)
	if rib := ask("GET", "neighbor", "{'neighbor': {'routetype': 'sent-routes', 'address': '192.168.0.2'}}", 200); !strings.Contains(rib, " 77 ") {
		t.Errorf("told to pe2: %s", rib)
	}
	ask("PUT", "neighbor", "{'neighbor': {'peerIp': '192.168.0.2', 'med': ''}}", 400)
	ask("POST", "bmp", "{'bmp': {'address': '10.7.0.2', 'port': '5000'}}", 200)
	if rows := table[status.Station](t, l, "bmp"); len(rows) != 1 || rows[0].VRF != "rd-65001-101" {
		t.Errorf("stations: %+v", rows)
	}
	ask("DELETE", "bmp", "{'bmp': {'address': '10.7.0.2', 'port': '5000'}}", 200)
	ask("DELETE", "vrf", "{'vrf': {'route_dist': '65001:101'}}", 200)
	ask("POST", "gateway", "{'gateway': {'ipaddress': '10.7.0.2'}}", 409)
	if reached() || len(table[status.VRF](t, l, "vrf")) != 2 {
		t.Error("a deleted VRF is still there")
	}
	must(t, "neighbor", "set", "pe2", "--router", "pe1", "med=", "--lab", l.name)
	if out := must(t, "diff", "--lab", l.name); !strings.Contains(out, "is as") {
		t.Errorf("the lab differs from its file: %s", out)
	}
}
