package lab

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"pseudowan/status"
)

// audited runs an audit, and returns what it found.
func audited(t testing.TB, l lab, args ...string) (result, []status.Deviation) {
	t.Helper()
	r := pseudowan(append([]string{"audit", l.name, "-o", "json"}, args...)...)
	var rows []status.Deviation
	if err := json.Unmarshal([]byte(r.stdout), &rows); err != nil || r.code != min(len(rows), 1) {
		t.Fatalf("audit: exit code %d: %v\n%s%s", r.code, err, r.stdout, r.stderr)
	}
	return r, rows
}

// sound fails the test unless an audit of the lab finds nothing.
func (l lab) sound(t testing.TB, args ...string) {
	t.Helper()
	if _, rows := audited(t, l, append([]string{"--settle", patience(20 * time.Second).String()}, args...)...); len(rows) > 0 {
		t.Errorf("audit of %s: %+v", l.name, rows)
	}
}

// faultsByHand are what somebody may do to a lab of smallLab, and what an audit says of
// it: check, node, and words of the object and the detail.
func faultsByHand(l lab) map[string]struct{ do, found string } {
	ofctl := program + " exec --lab " + l.name + " pe1 -- ovs-ofctl -O OpenFlow13 "
	in := func(node string) string { return "ip -n pw-" + l.name + "-" + node + " " }
	return map[string]struct{ do, found string }{
		"a label without a flow":   {ofctl + "del-flows br0 table=10,mpls,mpls_label=1000", "flow pe1 label 1000 no flow"},
		"a label of nobody":        {ofctl + "add-flow br0 table=10,priority=100,mpls,mpls_label=777,actions=drop", "flow pe1 label 777 stale"},
		"a route without a flow":   {ofctl + "del-flows br0 table=20,ip,metadata=1,nw_dst=10.2.0.0/24", "flow pe1 red 10.2.0.0/24 no flow"},
		"a flow without a route":   {ofctl + "add-flow br0 table=20,priority=34,ip,metadata=1,nw_dst=10.77.0.0/24,actions=drop", "flow pe1 red 10.77.0.0/24 orphan"},
		"a changed flow":           {ofctl + "mod-flows br0 table=20,ip,metadata=1,nw_dst=10.2.0.0/24,actions=drop", "flow pe1 red 10.2.0.0/24 changed drop"},
		"no adjacencies":           {ofctl + "del-flows br0 table=30", "flow pe1 adjacency missing"},
		"another MTU":              {in("pe1") + "link set eth1 mtu 1400", "mtu pe1 eth1 1400"},
		"a host's interface down":  {in("h1") + "link set eth0 down", "wire h1 eth0 down"},
		"another MAC address":      {in("h1") + "link set eth0 address 02:00:00:00:77:77", "mac h1 eth0 02:00:00:00:77:77"},
		"checksums left out":       {"ip netns exec pw-" + l.name + "-h1 ethtool -K eth0 tx on", "offload h1 eth0 checksum"},
		"the BGP port down":        {in("pe1") + "link set bgp-eth1 down", "port pe1 bgp-eth1 down"},
		"a dead port":              {in("h1") + "link del eth0", "port pe1 dead"},
		"a foreign port":           {program + " exec --lab " + l.name + " pe1 -- ovs-vsctl add-port br0 foreign -- set interface foreign type=internal", "port pe1 foreign belong"},
		"a host gone":              {"ip netns del pw-" + l.name + "-h2", "process h2 host exist"},
		"a host without a gateway": {in("h2") + "route del default", "packet h1 h2 10.2.0.2"},
	}
}

// An audit finds each fault that is made by hand, by name; up puts it right, and then
// the audit finds nothing.
func TestRealAudit(t *testing.T) {
	l := smallLab(t, "pwt-audit")
	l.up(t)
	l.sound(t)
	for name, fault := range faultsByHand(l) {
		if r := command("sh", "-c", fault.do); r.code != 0 {
			t.Fatalf("%s: %s: %s", name, fault.do, r.stderr)
		}
		words := strings.Fields(fault.found)
		args := []string{"--tables", "--settle", "300ms"}
		if words[0] == string(status.CheckPacket) {
			args = []string{"--settle", "300ms", "--timeout", "1s"}
		}
		eventually(t, 15*time.Second, func() error {
			_, rows := audited(t, l, args...)
			if !told(rows, words) {
				return fmt.Errorf("%s: the audit finds %+v, want %q", name, rows, fault.found)
			}
			return nil
		})
		must(t, "up", l.file, "--runtime", "netns")
		if r := l.exec("pe1", "ovs-vsctl", "--if-exists", "del-port", "br0", "foreign"); r.code != 0 {
			t.Fatal(r.stderr)
		}
		l.sound(t, "--tables")
	}
}

// told reports whether a deviation has all the words: check, node, and those of object
// and detail.
func told(rows []status.Deviation, words []string) bool {
	for _, r := range rows {
		text := r.Object + " " + r.Detail
		missing := string(r.Check) != words[0] || r.Node != words[1]
		for _, w := range words[2:] {
			missing = missing || !strings.Contains(text, w)
		}
		if !missing {
			return true
		}
	}
	return false
}

// Waiting ends when what is waited for is there, with the exit codes of the help.
func TestRealWait(t *testing.T) {
	l := smallLab(t, "pwt-wait")
	l.up(t, "--no-wait")
	must(t, "wait", l.name, "--for", "converged", "--for", "peer=192.168.0.2:established", "--for", "route=red:10.2.0.0/24", "--for", "no-route=red:10.77.0.0/24", "--for", "node=h1")
	must(t, "wait", "--lab", l.name, "--router", "pe2", "--for", "neighbor=10.2.0.2")
	for args, want := range map[string]struct {
		code int
		says string
	}{
		"--for route=red:10.77.0.0/24 --timeout 300ms":     {3, "VRF red of router pe1 has no such route"},
		"--for peer=192.168.0.9 --timeout 300ms":           {3, "no router has such a session"},
		"--for peer=192.168.0.2:idle --timeout 300ms":      {3, "at router pe1 it is established"},
		"--for node=h1:stopped --timeout 300ms":            {3, "it is running"},
		"--for node=h9":                                    {4, "did you mean"},
		"--for route=rad:10.2.0.0/24":                      {4, "did you mean red"},
		"--for converged --router pe9":                     {4, "has no router pe9"},
		"--for sunshine":                                   {2, "is no condition"},
		"--timeout 1s":                                     {2, "--for"},
		"--for converged --timeout 0s":                     {2, "must be positive"},
		"--for converged --lab pwt-no-such-lab":            {2, "give one of them"},
		"--for converged --for peer=red --timeout 1s":      {2, "not an IP address"},
		"--for no-route=red:10.2.0.0/24 --timeout 300ms":   {3, "still has the route"},
		"--for neighbor=10.2.0.77 --timeout 300ms":         {3, "MAC address"},
		"--for route=65000:1:10.2.0.0/24 --timeout 300ms ": {4, "has no VRF"},
	} {
		r := command(append([]string{program, "wait", l.name}, strings.Fields(args)...)...)
		if r.code != want.code || !strings.Contains(r.stderr, want.says) {
			t.Errorf("wait %s: exit code %d, want %d and %q:\n%s", args, r.code, want.code, want.says, r.stderr)
		}
	}
}
