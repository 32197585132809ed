package impair

import (
	"fmt"
	"math"

	"github.com/vishvananda/netlink"
)

// queue is how many packets may wait for a delay or a rate.
const queue = 10000

// root is the place of our discipline on an interface.
func root(l netlink.Link) netlink.QdiscAttrs {
	return netlink.QdiscAttrs{LinkIndex: l.Attrs().Index, Parent: netlink.HANDLE_ROOT, Handle: netlink.MakeHandle(handle, 0)}
}

func netem(l netlink.Link, m Impairment) netlink.Qdisc {
	return netlink.NewNetem(root(l), netlink.NetemQdiscAttrs{
		Loss: float32(m.Loss * 100), Latency: uint32(m.Delay.Microseconds()), Rate64: m.Rate / 8, Limit: queue,
	})
}

// tbf limits the rate. The bucket holds 20 ms, and at least some large packets.
func tbf(l netlink.Link, rate uint64) netlink.Qdisc {
	const least = 32 << 10
	octets := max(rate/8, 1)
	burst := uint32(min(max(octets/50, least), math.MaxInt32))
	return &netlink.Tbf{
		QdiscAttrs: root(l), Rate: octets, Limit: burst + uint32(min(octets/5, math.MaxInt32/2)), // 200 ms may wait
		Buffer: netlink.Xmittime(octets, burst),
	}
}

// ours returns our discipline on an interface; nil if there is none.
func ours(nl *netlink.Handle, l netlink.Link) (netlink.Qdisc, error) {
	list, err := nl.QdiscList(l)
	if err != nil {
		return nil, err
	}
	for _, q := range list {
		if a := q.Attrs(); a.Parent == netlink.HANDLE_ROOT && a.Handle == netlink.MakeHandle(handle, 0) {
			return q, nil
		}
	}
	return nil, nil
}

// free refuses an interface with a discipline that somebody has given it.
func (i Interface) free(nl *netlink.Handle, l netlink.Link) error {
	list, err := nl.QdiscList(l)
	if err != nil {
		return err
	}
	for _, q := range list {
		if a := q.Attrs(); a.Parent == netlink.HANDLE_ROOT && a.Handle != 0 && a.Handle != netlink.MakeHandle(handle, 0) {
			return fmt.Errorf("it has the queueing discipline %s, %w; remove it with: nsenter --net=%s tc qdisc del dev %s root",
				q.Type(), ErrForeign, i.Namespace, i.Name)
		}
	}
	return nil
}

// table names the nftables table of an interface.
func table(name string) string { return "pw-impair-" + name }

// noRules removes the table, whether it exists or not.
func noRules(name string) string {
	return fmt.Sprintf("add table netdev %[1]s\ndelete table netdev %[1]s\n", table(name))
}

// lossRules drops a share of what an interface sends.
func lossRules(name string, loss float64) string {
	const parts = 1_000_000
	which := ""
	if loss < 1 {
		which = fmt.Sprintf("numgen random mod %d < %d ", parts, int(math.Round(loss*parts)))
	}
	return noRules(name) + fmt.Sprintf(`table netdev %s {
	chain out {
		type filter hook egress device "%s" priority 0; policy accept;
		%scounter drop
	}
}
`, table(name), name, which)
}
