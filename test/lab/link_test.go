package lab

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"pseudowan/status"
)

// Links are cut and impaired by name, which tables show, and restored by link, by up
// and by down. What is cut has no carrier; what is impaired has, and loses packets.
func TestRealLinks(t *testing.T) {
	l := fromText(t, t.TempDir(), "pwt-link", "runtime: netns"+strings.ReplaceAll(segments, "NAME", "pwt-link"))
	l.up(t)
	testCuts(t, l)
	testImpairments(t, l)

	must(t, "link", "pe1:eth1", "impair", "--loss", "100%", "--lab", l.name)
	must(t, "link", "home", "down", "--lab", l.name)
	must(t, "link", "gw:eth1", "down", "--lab", l.name)
	for _, i := range table[status.Interface](t, l, "interface") {
		want := map[string]string{"pe1 eth1": "loss=100%(", "pe2 eth1": "loss=100%(", "pe1 eth3": "down"}[i.Router+" "+i.Name]
		if !strings.HasPrefix(i.Fault, want) || want == "" && i.Fault != "" {
			t.Errorf("show interface: %s %s has the fault %q, want %q", i.Router, i.Name, i.Fault, want)
		}
	}
	if out := must(t, "up", l.file); strings.Count(out, "undid the fault of link") != 6 { // pe1:eth1, home with four ports, gw:eth1
		t.Errorf("up says:\n%s", out)
	}
	faultless(t, l)
	must(t, "verify", l.name)

	must(t, "link", "dual", "impair", "--loss", "30%", "--rate", "1M", "--lab", l.name)
	must(t, "down", l.name)
	if r := command("ip", "netns", "list"); strings.Contains(r.stdout, l.name) {
		t.Errorf("namespaces are left:\n%s", r.stdout)
	}
}

func decode(t *testing.T, text string, into any) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), into); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
}

// faultless tests that ps tells of no fault.
func faultless(t *testing.T, l lab) {
	t.Helper()
	if out := must(t, "ps", "--lab", l.name); strings.Contains(out, ":down") || strings.Contains(out, "loss") {
		t.Errorf("ps tells of faults:\n%s", out)
	}
}

func testCuts(t *testing.T, l lab) {
	t.Helper()
	must(t, "link", "wire", "down", "--lab", l.name)
	if out := must(t, "ps", "--lab", l.name); strings.Count(out, "eth1:down") != 1 || strings.Count(out, "eth0:down") != 1 {
		t.Errorf("ps tells of a wire that is cut:\n%s", out)
	}
	if out := l.mustExec(t, "b3", "ip", "link", "show", "eth0"); !strings.Contains(out, "NO-CARRIER") {
		t.Errorf("the other end of a wire that is cut:\n%s", out)
	}
	must(t, "link", "b3:eth0", "up", "--lab", l.name)
	l.mustExec(t, "b3", "ping", "-c", "1", "-W", "5", "172.16.0.1")
	must(t, "link", "wire", "up", "--lab", l.name) // once more is no error
	faultless(t, l)

	if r := pseudowan("link", "b9:eth0", "down", "--lab", l.name); r.code != 4 || !strings.Contains(r.stderr, "no node is named b9") {
		t.Errorf("a link of an unknown node: exit code %d, %s", r.code, r.stderr)
	}
	var m status.Measurement
	r := pseudowan("measure", "a1", "10.9.0.2", "--while", "link far:eth0 down", "--within", "1s", "--settle", "500ms", "--lab", l.name, "-o", "json")
	if decode(t, r.stdout, &m); r.code != 1 || m.Back || m.Lost == 0 || m.Outage < 900 {
		t.Errorf("measure while the target is cut off: exit code %d, %+v\n%s", r.code, m, r.stderr)
	}
	r = pseudowan("measure", "a1", "far", "--while", "link far:eth0 up", "--within", "1s", "--settle", "500ms", "--lab", l.name)
	if r.code != 1 || !strings.Contains(r.stderr, "nothing can be measured") {
		t.Errorf("measure where nobody answers: exit code %d, %s", r.code, r.stderr)
	}
	must(t, "link", "far:eth0", "up", "--lab", l.name)
	eventually(t, 20*time.Second, func() error {
		r := pseudowan("measure", "a1", "10.9.0.2", "--for", "500ms", "--every", "5ms", "--lab", l.name, "-o", "json")
		if decode(t, r.stdout, &m); r.code != 0 || m.Lost > 0 || m.Answered < 10 {
			return fmt.Errorf("exit code %d, %+v %s", r.code, m, r.stderr)
		}
		return nil
	})
}

// testImpairments tests that loss concerns only the link that is named, in both
// directions, and can be changed.
func testImpairments(t *testing.T, l lab) {
	t.Helper()
	out := must(t, "link", "a1:eth0", "impair", "--loss", "100%", "--lab", l.name)
	if !strings.Contains(out, "link a1:eth0 of lab pwt-link: impair by n") { // netem or nftables
		t.Errorf("link says %q", out)
	}
	for _, way := range [][2]string{{"a1", "10.1.0.3"}, {"a2", "10.1.0.2"}} {
		if r := l.exec(way[0], "ping", "-c", "2", "-i", "0.2", "-W", "1", way[1]); r.code == 0 {
			t.Errorf("%s reaches %s over a link that loses everything", way[0], way[1])
		}
	}
	l.mustExec(t, "a2", "ping", "-c", "1", "-W", "5", "10.1.0.4")
	must(t, "link", "a1:eth0", "impair", "--loss", "50%", "--lab", l.name)
	if out := must(t, "ps", "--lab", l.name); !strings.Contains(out, "eth0:loss=50%(n") {
		t.Errorf("ps says of loss:\n%s", out)
	}
	var m status.Measurement
	decode(t, pseudowan("measure", "a1", "10.1.0.3", "--for", "2s", "--every", "5ms", "--lab", l.name, "-o", "json").stdout, &m) // the last may be lost
	if m.Lost*10 < m.Sent*5 || m.Lost*10 > m.Sent*95 {                                                                           // of both ways: three of four
		t.Errorf("half of the packets are lost each way, and of %d requests %d are not answered", m.Sent, m.Lost)
	}
	refusedImpairment(t, l)
	must(t, "link", "a1:eth0", "up", "--lab", l.name)
	l.mustExec(t, "a1", "ping", "-c", "1", "-W", "5", "10.1.0.3")
	faultless(t, l)
}

// An impairment that is refused leaves the former one, and a link that is down.
func refusedImpairment(t *testing.T, l lab) {
	t.Helper()
	must(t, "link", "a1:eth0", "down", "--lab", l.name)
	foreign := []string{"ip", "netns", "exec", "pw-" + l.name + "-a1", "tc", "qdisc"}
	if r := command(append(foreign, "replace", "dev", "eth0", "root", "handle", "1:", "pfifo")...); r.code != 0 {
		t.Fatalf("a queueing discipline of somebody else: %s", r.stderr)
	}
	if r := pseudowan("link", "a1:eth0", "impair", "--rate", "1M", "--lab", l.name); r.code == 0 || !strings.Contains(r.stderr, "which the lab has not made") {
		t.Errorf("impaired in spite of a foreign discipline: %+v", r)
	}
	if out := must(t, "ps", "--lab", l.name); !strings.Contains(out, "eth0:down,loss=50%") {
		t.Errorf("after a refused impairment ps says:\n%s", out)
	}
	if r := command(append(foreign, "del", "dev", "eth0", "root")...); r.code != 0 {
		t.Error(r.stderr)
	}
}
