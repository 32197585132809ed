package lab

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"pseudowan/status"
)

// stateOf returns all that a running lab has come to, a line each: what its routers
// tell of themselves, the flows of their switches, and what the kernel says of
// the networks of routers and hosts. Times are left out, and numbers that a
// router gives to itself alone are replaced by what they stand for.
func stateOf(t testing.TB, l lab) []string {
	t.Helper()
	var out []string
	add := func(where, text string) {
		for line := range strings.Lines(text) {
			if line = strings.TrimSpace(line); line != "" {
				out = append(out, where+": "+line)
			}
		}
	}
	for _, name := range []string{"vrf", "rib", "mpls", "interface"} {
		for _, row := range table[any](t, l, name) {
			data, err := json.Marshal(row)
			if err != nil {
				t.Fatal(err)
			}
			add("show "+name, counted.ReplaceAllString(string(data), ""))
		}
	}
	for _, p := range table[status.Peer](t, l, "peer") {
		add("show peer", fmt.Sprintf("%s %s AS %d to %s AS %d %s %v received %d accepted %d advertised %d VRF %s",
			p.Router, p.LocalAddress, p.LocalAS, p.RemoteAddress, p.RemoteAS, lastingState(p), p.Families, p.Received, p.Accepted, p.Advertised, p.VRF))
	}
	for _, n := range table[status.Neighbor](t, l, "arp") {
		// The neighbours on links between routers are the kernel's, which keeps
		// those that it spoke with; a host tells of a link-local address when it
		// needs its gateway.
		if n.MAC != "" && n.VRF != "" && !n.Address.IsLinkLocalUnicast() {
			add("show arp", fmt.Sprintf("%s %d %s %s %s", n.Router, n.Port, n.VRF, n.Address, n.MAC))
		}
	}
	for _, n := range psRows(t, l) {
		add("ps", fmt.Sprintf("%s %s %s %s", n.Node, n.Kind, n.State, n.VRF))
		if n.Kind == "router" {
			add(n.Node+" flow", namedFlows(l.mustExec(t, n.Node, "ovs-ofctl", "--no-stats", "dump-flows", "br0")))
		}
		add(n.Node, kernelState(l.mustExec(t, n.Node, "sh", "-c",
			"ip -o -d link; ip -o addr; ip route show table all; ip -6 route show table all; cat /etc/hosts; hostname")))
	}
	for line := range strings.Lines(command("ip", "netns", "list").stdout) {
		// Other packages' tests have labs of their own at the same time.
		if name := strings.Fields(line)[0]; strings.HasPrefix(name+"-", "pw-"+l.name+"-") { // a number follows
			add("namespace", name)
		}
	}
	slices.Sort(out)
	return out
}

// lastingState returns the state of a session without those that it passes through
// again and again while it cannot be established, as when the other end is shut down.
func lastingState(p status.Peer) string {
	switch {
	case p.Shutdown:
		return "shut down"
	case p.State != status.SessionEstablished:
		return "down"
	}
	return string(p.State)
}

// maskLabels removes the given labels from a state, wherever they occur.
func maskLabels(state []string, labels []uint32) []string {
	numbers := []string{"none"}
	for _, label := range labels {
		numbers = append(numbers, fmt.Sprint(label), fmt.Sprintf("%#x", label))
	}
	given := regexp.MustCompile(`("label":|mpls_label=|set_mpls_label\(|load:)(?:` + strings.Join(numbers, "|") + `)(\D|->NXM_NX_REG2)`)
	inStack := regexp.MustCompile(`("stack":\[(?:[^],]+,)*)(?:` + strings.Join(numbers, "|") + `)([],])`)
	masked := make([]string, len(state))
	for i, line := range state {
		line = given.ReplaceAllString(line, "$1<as needed>$2")
		for inStack.MatchString(line) {
			line = inStack.ReplaceAllString(line, "$1<as needed>$2")
		}
		masked[i] = line
	}
	slices.Sort(masked)
	return masked
}

// givenAsNeeded returns the labels that routers have assigned to customers' routes:
// they are in no plan, and a released one is not assigned again soon. The plan of
// another router may have the same number.
func givenAsNeeded(t testing.TB, l lab) (labels []uint32) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("/var/lib/pseudowan", l.name, "plan.json"))
	if err != nil {
		t.Fatal(err)
	}
	var plan struct {
		Allocations struct {
			Routers map[string]struct{ Labels map[string]uint32 }
		}
	}
	if err := json.Unmarshal(data, &plan); err != nil {
		t.Fatal(err)
	}
	for _, row := range table[status.MPLS](t, l, "mpls") {
		planned := slices.Contains(slices.Collect(maps.Values(plan.Allocations.Routers[row.Router].Labels)), row.Label)
		if row.Direction == "in" && !planned {
			labels = append(labels, row.Label)
		}
	}
	return labels
}

func psRows(t testing.TB, l lab) []status.Node {
	t.Helper()
	var nodes []status.Node
	out := must(t, "ps", "--lab", l.name, "-o", "json")
	if err := json.Unmarshal([]byte(out), &nodes); err != nil {
		t.Fatalf("ps: %v\n%s", err, out)
	}
	return nodes
}

var (
	cookie      = regexp.MustCompile(`cookie=0x[0-9a-f]+, `)
	adjacency   = regexp.MustCompile(`reg1=(0x[0-9a-f]+)|load:(0x[0-9a-f]+)->NXM_NX_REG1\[\]`)
	backup      = regexp.MustCompile(`load:0x80*([0-9a-f]+)->NXM_NX_REG8\[\]`)
	groupOf     = regexp.MustCompile(`reg5=(0x[0-9a-f]+)|load:(0x[0-9a-f]+)->NXM_NX_REG5\[\]`)
	number0x    = regexp.MustCompile(`0x[0-9a-f]+`)
	changesOf   = regexp.MustCompile(` ?(valid_lft|preferred_lft|expires) \S+| tentative| ?\bexpires \d+sec| metric \d+| hoplimit \d+| nhid \d+`)
	numberedIf  = regexp.MustCompile(`^\d+: `)
	peerIndex   = regexp.MustCompile(`@if\d+|link-netnsid \d+|link-netns \S+|minmtu.*alias|minmtu.*$|qlen \d+|promiscuity \d+|prog/xdp id \d+|load_time \d+|btf_id \d+|allmulti \d+`)
	counted     = regexp.MustCompile(`"punt[a-z_]*":\d+,?`)
	innerLink   = regexp.MustCompile(`^(b-\S+:|w-\S+@|\S+@w-)`) // of a NIC that enters through a bridge
	duplicates  = regexp.MustCompile(`^(local|anycast) fe80:`)  // an address comes into use after a while
	bridgeState = regexp.MustCompile(`state \S+`)               // UNKNOWN until a packet has passed
	randomMAC   = regexp.MustCompile(`link/ether \S+`)
	linkMTU     = regexp.MustCompile(`(?m)^\d+: (\S+?)(?:@\S+)?: .* mtu (\d+) `)
	routeMTU    = regexp.MustCompile(` dev (\S+) proto ra .*\bmtu (\d+)`)
	daemonLink  = regexp.MustCompile(`\b(br0|ovs-netdev|ovs-system)\b`)
)

// namedFlows replaces the numbers of adjacencies and groups by what their flows do.
func namedFlows(dump string) string {
	dump = cookie.ReplaceAllString(dump, "")
	dump = backup.ReplaceAllString(dump, "backup load:0x$1->NXM_NX_REG1[]")
	for _, of := range []struct {
		table   string
		numbers *regexp.Regexp
	}{{"table=30,", adjacency}, {"table=25,", groupOf}} {
		does := map[string][]string{}
		for line := range strings.Lines(dump) {
			match, actions, _ := strings.Cut(line, " actions=")
			if !strings.Contains(match, of.table) {
				continue
			}
			if n := of.numbers.FindStringSubmatch(match); n != nil {
				does[n[1]] = append(does[n[1]], strings.TrimSpace(of.numbers.ReplaceAllString(match, "")+" "+actions))
			}
		}
		dump = of.numbers.ReplaceAllStringFunc(dump, func(found string) string {
			n := number0x.FindString(found)
			slices.Sort(does[n])
			return strings.Replace(found, n, "<"+strings.Join(does[n], "; ")+">", 1)
		})
	}
	return dump
}

// kernelState leaves out what differs between two starts of the same thing.
func kernelState(text string) string {
	var b strings.Builder
	mtus := map[string]string{}
	for _, m := range linkMTU.FindAllStringSubmatch(text, -1) {
		mtus[m[1]] = m[2]
	}
	for line := range strings.Lines(text) {
		// The kernel notes on the route the MTU of an advertisement that is new
		// to it, even where the link has come to it by then.
		if m := routeMTU.FindStringSubmatch(line); m != nil && mtus[m[1]] == m[2] {
			line = strings.Replace(line, " mtu "+m[2], "", 1)
		}
		if daemonLink.MatchString(line) || duplicates.MatchString(line) {
			continue
		}
		line = numberedIf.ReplaceAllString(strings.ReplaceAll(line, "\\", " "), "")
		if innerLink.MatchString(line) {
			line = randomMAC.ReplaceAllString(bridgeState.ReplaceAllString(line, ""), "")
		}
		line = peerIndex.ReplaceAllString(changesOf.ReplaceAllString(line, ""), "")
		b.WriteString(strings.Join(strings.Fields(line), " ") + "\n")
	}
	return b.String()
}
