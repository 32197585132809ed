package interop

import (
	"cmp"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"pseudowan/status"
)

// addresses are those of one IP version, in the lab and in the machine.
type addresses struct {
	pe1, pe2, vm   string // loopbacks
	p1On, pe2On    string // our routers on the links to the machine
	vmAtP1, vmAtPE string // the machine there
	r1, r2, c1     string
	net1, net2     string // behind pe1 and pe2
	netC           string // behind the machine
	null           uint32 // explicit null
}

var versions = []addresses{
	{"10.255.0.1", "10.255.0.2", "10.255.0.9", "192.168.0.1", "192.168.4.1", "192.168.0.2", "192.168.4.2",
		"10.1.0.2", "10.2.0.2", "30.1.0.2", "10.1.0.0/24", "10.2.0.0/24", "30.1.0.0/24", 0},
	{"fd00::aff:1", "fd00::aff:2", "fd00::aff:9", "2001:db8:f0::1", "2001:db8:f4::1", "2001:db8:f0::2", "2001:db8:f4::2",
		"2001:db8:1::2", "2001:db8:2::2", "2001:db8:30::2", "2001:db8:1::/64", "2001:db8:2::/64", "2001:db8:30::/64", 2},
}

// place is where packets pass on their way.
type place struct {
	router, link string
	sends        bool // our router sends them there
}

var (
	pe1Sends = place{"pe1", "eth1", true}
	pe1Hears = place{"pe1", "eth1", false}
	p1Sends  = place{"p1", "eth2", true} // into the machine
	p1Hears  = place{"p1", "eth2", false}
	pe2Sends = place{"pe2", "eth1", true}
	pe2Hears = place{"pe2", "eth1", false}
)

// carries fails the test unless the large packets that pass a place have the labels.
func (l lab) carries(t *testing.T, at place, send func(), labels ...uint32) {
	t.Helper()
	var want []string
	for _, label := range pushed(labels) {
		want = append(want, strconv.Itoa(int(label)))
	}
	not := "not "
	if at.sends {
		not = ""
	}
	filter := "mpls and greater 1000 and " + not + "ether src " + l.mac(t, at.router, at.link)
	if got := stackAt(t, "pw-"+l.name+"-"+at.router, at.link, filter, send); !slices.Equal(got, want) {
		t.Errorf("at %+v packets have labels %v; want %v", at, got, want)
	}
}

// mac is that from which a router sends on a link.
func (l lab) mac(t *testing.T, router, link string) string {
	t.Helper()
	for _, i := range table[status.Interface](t, l, "interface", "--router", router) {
		if i.Name == link {
			return i.MAC
		}
	}
	t.Fatalf("router %s has no interface %s", router, link)
	return ""
}

// large sends a large packet from a host of ours.
func (l lab) large(host, to string) func() {
	return func() { l.exec(host, "ping", "-n", "-c", "1", "-W", "0.2", "-s", "1000", to) }
}

// large sends a large packet from the machine's customer.
func (v *vm) large(to string) func() {
	return func() { v.run("ip netns exec c1 ping -n -c 1 -W 0.2 -s 1000 " + to) }
}

// lsp waits for a router's path to a loopback.
func (l lab) lsp(t *testing.T, router, loopback string) (found status.LSP) {
	t.Helper()
	eventually(t, slow, func() error {
		for _, p := range table[status.LSP](t, l, "lsp", "--router", router) {
			if p.FEC.Addr().String() == loopback && p.OutLabel != nil {
				found = p
				return nil
			}
		}
		return fmt.Errorf("router %s has no path to %s", router, loopback)
	})
	return found
}

// vpnLabel waits for a PE's route to a prefix of the VRF red, and returns its label.
func (l lab) vpnLabel(t *testing.T, router, prefix, nextHop string) (label uint32) {
	t.Helper()
	eventually(t, slow, func() error {
		for _, v := range table[status.VRF](t, l, "vrf", "--router", router, "--vrf", "red") {
			for _, r := range v.Routes {
				if r.Prefix.String() == prefix && r.NextHop.String() == nextHop && r.Best && r.Label != nil {
					label = *r.Label
					return nil
				}
			}
		}
		return fmt.Errorf("router %s has no route to %s via %s", router, prefix, nextHop)
	})
	return label
}

// slow is how long an emulated machine may take on a busy server.
const slow = 3 * time.Minute

// onward is what the machine does with packets: the labels that they get, and where they go.
type onward struct {
	labels []uint32
	to     string // next hop or device
}

func (o onward) equal(labels []uint32, to string) bool {
	return slices.Equal(o.labels, labels) && o.to == to
}

// swaps asks the machine's kernel and FRR, which have to say the same, what becomes of
// packets with a label.
func (v *vm) swaps(label uint32) (onward, error) {
	v.t.Helper()
	var routes []struct {
		To  string
		Via struct{ Host string }
		Dev string
	}
	said := v.run(fmt.Sprintf("ip -j -f mpls route show %d", label)).stdout
	if err := json.Unmarshal([]byte(said), &routes); err != nil || len(routes) != 1 {
		return onward{}, fmt.Errorf("Linux has for label %d: %v: %s", label, err, said)
	}
	kernel := onward{labelsOf(v.t, routes[0].To), cmp.Or(routes[0].Via.Host, routes[0].Dev)}
	var told struct {
		NextHops []struct {
			Stack              []uint32 `json:"outLabelStack"`
			NextHop, Interface string
		}
	}
	if err := v.zebra(fmt.Sprintf("show mpls table %d json", label), &told); err != nil {
		return onward{}, err
	}
	for _, n := range told.NextHops {
		if kernel.equal(pushed(n.Stack), cmp.Or(n.NextHop, n.Interface)) {
			return kernel, nil
		}
	}
	return onward{}, fmt.Errorf("label %d: Linux does %+v, FRR says %+v", label, kernel, told)
}

// pushed are the labels that packets get of those that FRR lists.
func pushed(labels []uint32) []uint32 {
	return slices.DeleteFunc(labels, func(l uint32) bool { return l == implicitNull })
}

// encapsulated finds labels and next hop in what iproute2 prints of a route.
var encapsulated = regexp.MustCompile(`encap mpls +([0-9/]+) via (\S+)`)

// pushes asks the machine's kernel and FRR, which have to say the same, what becomes of
// packets of its VRF.
func (v *vm) pushes(prefix string) (onward, error) {
	v.t.Helper()
	ip, show := "ip", "show ip"
	if strings.Contains(prefix, ":") {
		ip, show = "ip -6", "show ipv6"
	}
	said := v.run(ip + " route show table 10 " + prefix).stdout
	found := encapsulated.FindStringSubmatch(said)
	if found == nil {
		return onward{}, fmt.Errorf("Linux pushes nothing for %s: %s", prefix, said)
	}
	kernel := onward{labelsOf(v.t, found[1]), found[2]}
	var told map[string][]struct {
		NextHops []struct {
			FIB    bool
			IP     string
			Labels []uint32
		}
	}
	if err := v.zebra(show+" route vrf red "+prefix+" json", &told); err != nil {
		return onward{}, err
	}
	for _, r := range told[prefix] {
		for _, n := range r.NextHops {
			if n.FIB && kernel.equal(pushed(n.Labels), n.IP) {
				return kernel, nil
			}
		}
	}
	return onward{}, fmt.Errorf("to %s Linux does %+v, FRR says %+v", prefix, kernel, told)
}

// labelsOf reads labels as iproute2 prints them: 17/18.
func labelsOf(t *testing.T, text string) (labels []uint32) {
	t.Helper()
	for word := range strings.FieldsFuncSeq(text, func(r rune) bool { return r == '/' }) {
		label, err := strconv.ParseUint(word, 10, 20)
		if err != nil {
			t.Fatal(err)
		}
		labels = append(labels, uint32(label))
	}
	return labels
}

// zebra asks FRR, whose answer is JSON.
func (v *vm) zebra(command string, into any) error {
	v.t.Helper()
	said := v.run("exec 3<>/dev/tcp/127.0.0.1/2601; printf 'terminal length 0\\n" + command + "\\nexit\\n' >&3; timeout 20 cat <&3").stdout
	first, last := strings.Index(said, "{"), strings.LastIndex(said, "}")
	if first < 0 || last < first {
		return fmt.Errorf("zebra says to %q:\n%s", command, said)
	}
	return json.Unmarshal([]byte(said[first:last+1]), into)
}
