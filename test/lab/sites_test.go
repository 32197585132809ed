package lab

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pseudowan/labs/catalog"
)

// sites are the pods of a lab, as isolated servers on one network.
type sites struct {
	network   isolated
	dir       string // with the file of the topology and that of the pods' names
	pods      map[string]isolated
	addresses map[string]string
}

func newSites(t *testing.T, topology string) *sites {
	t.Helper()
	s := &sites{network: newIsolated(t), dir: t.TempDir(), pods: map[string]isolated{}, addresses: map[string]string{}}
	s.network.must(t, "ip link add pods type bridge; ip addr add 10.200.0.254/24 dev pods; ip link set pods up")
	s.edit(t, topology)
	return s
}

// edit changes the topology as the kubelet does: a new file takes the old one's place.
func (s *sites) edit(t *testing.T, topology string) {
	t.Helper()
	file := filepath.Join(s.dir, "lab.yaml")
	if err := os.WriteFile(file+".new", []byte(topology), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(file+".new", file); err != nil {
		t.Fatal(err)
	}
}

// plug gives a server an address on the pods' network.
func (s *sites) plug(t *testing.T, name, address string) isolated {
	t.Helper()
	pod := newIsolated(t)
	pod.must(t, "ip link del eth0")
	port := "p" + address[strings.LastIndex(address, ".")+1:]
	if r := command("ip", "link", "add", "eth0", "netns", pod.pid, "type", "veth", "peer", "name", port, "netns", s.network.pid); r.code != 0 {
		t.Fatal(r.stderr)
	}
	s.network.must(t, fmt.Sprintf("ip link set %s master pods up", port))
	pod.must(t, fmt.Sprintf("ip addr add %s/24 dev eth0; ip link set eth0 mtu 1450 up; ip route add default via 10.200.0.254; mount --bind %s /etc/hosts", address, s.names(t)))
	s.pods[name] = pod
	return pod
}

// names returns the file with the names of the pods.
func (s *sites) names(t *testing.T) string {
	t.Helper()
	var b strings.Builder
	b.WriteString("127.0.0.1 localhost\n")
	for site, address := range s.addresses {
		fmt.Fprintf(&b, "%s %s.pods\n", address, site)
	}
	file := filepath.Join(s.dir, "hosts")
	if err := os.WriteFile(file, []byte(b.String()), 0o600); err != nil { // in place: it is mounted
		t.Fatal(err)
	}
	return file
}

// start starts the pod of a site.
func (s *sites) start(t *testing.T, site, address string) isolated {
	t.Helper()
	s.addresses[site] = address
	pod := s.plug(t, site, address)
	pod.must(t, fmt.Sprintf("nohup $PW k8s site %s --file %s/lab.yaml --peer %%s.pods >/run/site.log 2>&1 & echo $! >/run/site.pid", site, s.dir))
	return pod
}

func (s *sites) converged(t *testing.T) {
	t.Helper()
	for site := range s.addresses {
		s.pods[site].soon(t, "$PW wait --for converged --timeout 20s || { tail -n 20 /run/site.log >&2; false; }")
	}
}

// The sites of a lab, each in a pod of its own, are one lab: customers reach each other
// as on one server, over tunnels that carry the labels. An edit changes the site that it
// concerns, a pod with another address is found, and nobody else's frames come in.
func TestRealSites(t *testing.T) {
	known, _ := catalog.Get("hub-spoke")
	text := strings.Replace(string(known), "\nhosts:\n", `  alone:   {export: ["65000:9"]}
  other:   {import: ["65000:8"]}

hosts:
  a3: {attach: [{to: pe3, vrf: alone, addresses: [10.33.0.2/24]}]}
  o2: {attach: [{to: pe2, vrf: other, addresses: [10.22.0.2/24]}]}
`, 1)
	s := newSites(t, text)
	for i, site := range []string{"pe1", "pe2", "pe3"} {
		s.start(t, site, fmt.Sprintf("10.200.0.%d", i+1))
	}
	s.converged(t)
	pe2, pe3 := s.pods["pe2"], s.pods["pe3"]
	pe2.must(t, "$PW exec s2 -- ping -c 1 -W 2 10.3.0.2 && $PW exec s2 -- ping -c 1 -W 2 -s 1368 -M do 10.9.0.2")
	if way := pe2.must(t, "$PW exec s2 -- traceroute -n -q 1 -w 2 10.3.0.2"); !strings.Contains(way, "10.1.0.2") {
		t.Errorf("the spokes do not reach each other through the hub:\n%s", way)
	}
	wire := pe2.must(t, "timeout 10 tcpdump -n -l -c 1 -i eth0 'udp port 4789 and udp[28:2] == 0x8847' 2>&1 & sleep 1; $PW exec s2 -- ping -c 3 -i 0.3 10.3.0.2 >/dev/null; wait")
	if !strings.Contains(wire, "VXLAN") || !strings.Contains(wire, "MPLS") {
		t.Errorf("between the pods there is no label:\n%s", wire)
	}

	t.Run("verify", func(t *testing.T) { s.verify(t) })

	t.Run("an edit", func(t *testing.T) {
		before := pe2.must(t, "cat /run/site.log")
		s.edit(t, strings.Replace(text, "\nexpect:", "  s4: {attach: [{to: pe3, vrf: spoke, addresses: [10.4.0.2/24]}]}\n\nexpect:", 1))
		pe2.soon(t, "$PW exec s2 -- ping -c 1 -W 2 10.4.0.2")
		pe3.must(t, "$PW ps | grep -qw s4")
		if after := pe2.must(t, "cat /run/site.log"); strings.Contains(strings.TrimPrefix(after, before), "restarted") {
			t.Errorf("pe2 restarted something for a host of pe3:\n%s", after)
		}
		s.edit(t, "nonsense")
		pe2.soon(t, "grep -q 'not as its file says' /run/site.log")
		pe2.must(t, "$PW exec s2 -- ping -c 1 -W 2 10.4.0.2")
		s.edit(t, text)
		pe3.soon(t, "! $PW ps | grep -qw s4")
	})

	t.Run("a stranger", func(t *testing.T) { s.stranger(t, pe2) })

	t.Run("a pod that moves", func(t *testing.T) {
		// An agent that has no processor for a while says farewell all the same.
		pe3.must(t, "agent=$(pgrep -f '[a]gent --lab .* --router pe3'); kill -STOP $agent; { sleep 1; kill -CONT $agent; } & kill $(cat /run/site.pid); wait")
		pe3.soon(t, "! grep -q '^State:.[^Z]' /proc/$(cat /run/site.pid)/status")
		pe2.soon(t, `$PW show peer -o json | grep '"last_end"' | tee /dev/stderr | grep -qi cease`) // it is told, and need not wait
		if left := pe3.must(t, "ls /run/netns /run/pseudowan 2>/dev/null | grep -v '^out$\\|:$\\|^$' || true"); strings.TrimSpace(left) != "" {
			t.Errorf("a site that has ended leaves %s", left)
		}
		s.start(t, "pe3", "10.200.0.33")
		s.names(t)
		pe2.soon(t, "$PW exec s2 -- ping -c 1 -W 2 10.3.0.2")
	})
}

// stranger is a pod that knows the number of a tunnel: its frames do not come in, which
// they would without the rules of the site.
func (s *sites) stranger(t *testing.T, pe2 isolated) {
	t.Helper()
	evil := s.plug(t, "evil", "10.200.0.66")
	vni := strings.TrimSpace(pe2.must(t, `ip netns exec pw-hub-spoke ip -d link show type vxlan | sed -n 's/.*vxlan id \([0-9]*\).*/\1/p'`))
	evil.must(t, fmt.Sprintf("ip link add vx type vxlan id %s dstport 4789 local 10.200.0.66 remote 10.200.0.2; ip addr add 192.168.0.6/29 dev vx; ip link set vx up", vni))
	// Its answers go to the sites, so that only what reaches pe2 can be counted.
	heard := "tcpdump -n -c 1 -i s0 arp and src host 192.168.0.6"
	listen := fmt.Sprintf("timeout 3 ip netns exec pw-hub-spoke %s 2>/dev/null", strings.Replace(heard, "s0", "any", 1))
	try := func() string {
		done := make(chan string)
		go func() { done <- pe2.run(listen).stdout }()
		evil.run("sleep 0.5; ping -c 2 -W 1 192.168.0.2")
		return strings.TrimSpace(<-done)
	}
	if out := try(); out != "" {
		t.Errorf("a stranger's frames come in:\n%s", out)
	}
	rules := pe2.must(t, "nft list table inet pseudowan-sites")
	pe2.must(t, "nft delete table inet pseudowan-sites")
	if out := try(); out == "" {
		t.Error("without the rules, nothing comes in either: the test shows nothing")
	}
	pe2.must(t, "nft -f - <<'END'\n"+rules+"END")
}

// kubectl is what --kube calls, with the pods of a test behind it.
const kubectl = `#!/bin/sh
shift 2 # --namespace pw-sites
case $1 in
get) cat DIR/pods.json ;;
exec) pod=$3; shift 5; exec nsenter -t "$(cat "DIR/$pod.pid")" -m -n -u -i -p PROGRAM "$@" ;;
esac
`

// verify looks at all sites at once: the customers' isolation and their way through the
// hub are tested from pod to pod, and what is wrong in one is found.
func (s *sites) verify(t *testing.T) {
	t.Helper()
	var items []string
	for site := range s.addresses {
		items = append(items, fmt.Sprintf(`{"kind": "Pod", "metadata": {"name": "x-%s-0", "labels": {"pseudowan.site": "%[1]s"}}, "status": {"phase": "Running"}}`, site))
		s.write(t, fmt.Sprintf("x-%s-0.pid", site), s.pods[site].pid)
	}
	s.write(t, "pods.json", `{"items": [`+strings.Join(items, ", ")+`]}`)
	s.write(t, "kubectl", strings.NewReplacer("DIR", s.dir, "PROGRAM", program).Replace(kubectl))
	t.Setenv("PATH", s.dir+":"+os.Getenv("PATH"))

	if ps := must(t, "ps", "--kube", "pw-sites"); !strings.Contains(ps, "s2") || !strings.Contains(ps, "hq") {
		t.Errorf("ps of all sites:\n%s", ps)
	}
	if out := must(t, "exec", "--kube", "pw-sites", "s3", "--", "ping", "-c", "1", "-W", "2", "10.2.0.2"); !strings.Contains(out, "1 received") {
		t.Errorf("exec in a host, wherever it is:\n%s", out)
	}
	if peers := must(t, "show", "peer", "--kube", "pw-sites", "-o", "json"); strings.Count(peers, `"state": "established"`) != 6 {
		t.Errorf("show peer of all sites:\n%s", peers)
	}
	r := pseudowan("verify", "--kube", "pw-sites")
	if r.code != 0 {
		t.Errorf("verify: exit code %d\n%s%s", r.code, r.stdout, r.stderr)
	}
	s.questions(t)
	s.pods["pe1"].must(t, "$PW exec hq -- ip link set eth0 down")
	if r := pseudowan("verify", "--kube", "pw-sites"); r.code != 1 || !strings.Contains(r.stdout, "s2") {
		t.Errorf("verify with the hub's link down: exit code %d\n%s%s", r.code, r.stdout, r.stderr)
	}
	s.pods["pe1"].must(t, fmt.Sprintf("$PW up %s/lab.yaml --no-wait", s.dir))
	s.converged(t)

	// A route leaks into a VPN at one site; there is none back.
	pe2 := s.pods["pe2"]
	pe2.must(t, "$PW vrf set other import=65000:9")
	if r := pseudowan("verify", "--kube", "pw-sites"); r.code != 1 || !strings.Contains(r.stdout, "arrives at a3") {
		t.Errorf("verify with a leak in one direction: exit code %d\n%s%s", r.code, r.stdout, r.stderr)
	}
	pe2.must(t, "$PW vrf set other import=65000:8")
}

// questions are answered as on one server, whichever pods they concern.
func (s *sites) questions(t *testing.T) {
	t.Helper()
	for question, want := range map[string]string{
		"trace s2 10.3.0.2 -o json":                                   `"delivered": "s3"`,
		"explain pe2 spoke 0.0.0.0/0":                                 "pe1",
		"events -n 30":                                                "is up",
		"wait --for converged --timeout 20s":                          "3 sites",
		"wait --for route=spoke:0.0.0.0/0 --router pe3 --timeout 20s": "1 sites",
		"audit --tables":                                              "nothing deviates",
		"diff " + filepath.Join(s.dir, "lab.yaml"):                    "the running lab is as ",
		"logs -n 5 pe3":                                               "",
		"ping pe2 10.3.0.2 --vrf spoke -c 1":                          "1 answered",
	} {
		words := strings.Fields(question)
		if out := must(t, append(words[:1:1], append([]string{"--kube", "pw-sites"}, words[1:]...)...)...); !strings.Contains(out, want) {
			t.Errorf("%s:\n%s\nwithout %q", question, out, want)
		}
	}
	if r := pseudowan("link", "--kube", "pw-sites", "pe1:eth1", "down"); r.code != 2 || !strings.Contains(r.stderr, "render FILE") {
		t.Errorf("link --kube: exit code %d\n%s", r.code, r.stderr)
	}
	file := filepath.Join(s.dir, "both.pcapng")
	done := make(chan result)
	go func() {
		done <- pseudowan("capture", "--kube", "pw-sites", "pe2", "pe1:eth1", "-o", file, "--for", "3s")
	}()
	s.pods["pe2"].must(t, "$PW exec s2 -- ping -c 15 -i 0.3 -W 1 10.3.0.2")
	if r := <-done; r.code != 0 || !strings.Contains(r.stderr, "packets captured") || strings.Contains(r.stderr, "\n0 packets") {
		t.Errorf("capture: exit code %d\n%s", r.code, r.stderr)
	}
}

func (s *sites) write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(s.dir, name), []byte(text), 0o700); err != nil {
		t.Fatal(err)
	}
}
