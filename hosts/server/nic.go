package server

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/cilium/ebpf"
	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"pseudowan/hosts"
)

// filterPriority is that of our filters; those of others before and after it stay.
const filterPriority = 28791

// nicState is what a lab has changed of a NIC of the server.
type nicState struct {
	Lab     string `json:"lab"`
	Index   int    `json:"index"` // by which it is known: its name may change
	Segment string `json:"segment"`
	Qdisc   bool   `json:"qdisc"`   // it had no hooks for filters
	Promisc bool   `json:"promisc"` // it took only frames for itself
}

// join makes the server's NIC a port of the segment. A bridge of the server gets the
// wire as another port. Any other NIC stays as it is, with its addresses and routes,
// and no packet of the server is lost: programs at its hooks copy frames.
func (u Uplink) join(end netlink.Link) (changed bool, err error) {
	nic, err := netlink.LinkByName(u.NIC)
	if err != nil {
		return false, fmt.Errorf("NIC %s: %w", u.NIC, err)
	}
	if nic.Type() == "bridge" {
		if end.Attrs().MasterIndex == nic.Attrs().Index {
			return false, nil
		}
		return true, netlink.LinkSetMaster(end, nic)
	}
	if master := nic.Attrs().MasterIndex; master != 0 {
		return false, fmt.Errorf("NIC %s is a port of another interface", u.NIC)
	}
	hooks := hooksBetween(nic, end)
	name := u.filterName(nic, end)
	if table, ok := intact(hooks, name); ok {
		return false, knowIn(table, u.Stations)
	}
	if err := u.prepare(nic); err != nil {
		return false, fmt.Errorf("NIC %s: %w", u.NIC, err)
	}
	if err := u.attach(hooks, nic, end, name); err != nil {
		return true, fmt.Errorf("NIC %s: %w", u.NIC, err)
	}
	return true, nil
}

// mtu is that of the server's end. A bridge of the server follows its ports down.
func (u Uplink) mtu() (int, error) {
	if u.NIC == "" {
		return u.MTU, nil
	}
	nic, err := netlink.LinkByName(u.NIC)
	if err != nil {
		return 0, fmt.Errorf("NIC %s: %w", u.NIC, err)
	}
	if nic.Type() == "bridge" {
		return nic.Attrs().MTU, nil
	}
	return u.MTU, nil
}

// hook is a place for a program.
type hook struct {
	link   netlink.Link
	parent uint32
	code   program
}

func hooksBetween(nic, end netlink.Link) []hook {
	return []hook{{nic, netlink.HANDLE_MIN_INGRESS, wireProgram}, {nic, netlink.HANDLE_MIN_EGRESS, serverProgram}, {end, netlink.HANDLE_MIN_INGRESS, labProgram}}
}

// filterName is the mark of our filters, and says what their programs have in them.
func (u Uplink) filterName(nic, end netlink.Link) string {
	return fmt.Sprintf("%s %s nic=%d:%s end=%d", filterMark(u.Lab), u.Segment, nic.Attrs().Index, nic.Attrs().HardwareAddr, end.Attrs().Index)
}

func filterMark(lab string) string { return "pseudowan lab=" + lab }

// prepare gives the NIC hooks for filters, and makes it take frames for others. What
// it was is recorded before.
func (u Uplink) prepare(nic netlink.Link) error {
	r := loadRecord()
	key := strconv.Itoa(nic.Attrs().Index)
	was, known := r.NICs[key]
	if known && was.Lab != u.Lab {
		return fmt.Errorf("lab %s has it on a segment; take it from there with: pseudowan down %[1]s", was.Lab)
	}
	now := nicState{Lab: u.Lab, Index: nic.Attrs().Index, Segment: u.Segment, Promisc: nic.Attrs().RawFlags&unix.IFF_PROMISC == 0}
	qdiscs, err := netlink.QdiscList(nic)
	if err != nil {
		return fmt.Errorf("list its queueing disciplines: %w", err)
	}
	has := func(kind string) bool {
		return slices.ContainsFunc(qdiscs, func(q netlink.Qdisc) bool { return q.Type() == kind })
	}
	if has("ingress") {
		return errors.New("it has filters of its own at an ingress queueing discipline, which leaves no place for those of a lab; remove it with: tc qdisc del dev " + u.NIC + " ingress")
	}
	now.Qdisc = !has("clsact")
	now.Qdisc, now.Promisc = now.Qdisc || was.Qdisc, now.Promisc || was.Promisc
	r.NICs[key] = now
	if err := r.save(); err != nil {
		return err
	}
	if !has("clsact") {
		if err := addHooks(nic); err != nil {
			return fmt.Errorf("make hooks for filters: %w; the kernel needs the modules sch_ingress and cls_bpf", err)
		}
	}
	if nic.Attrs().RawFlags&unix.IFF_PROMISC == 0 {
		return netlink.SetPromiscOn(nic)
	}
	return nil
}

func addHooks(l netlink.Link) error {
	return netlink.QdiscAdd(hooksOf(l))
}

func hooksOf(l netlink.Link) netlink.Qdisc {
	return &netlink.GenericQdisc{
		QdiscAttrs: netlink.QdiscAttrs{LinkIndex: l.Attrs().Index, Handle: netlink.MakeHandle(0xffff, 0), Parent: netlink.HANDLE_CLSACT},
		QdiscType:  "clsact",
	}
}

// intact reports whether all filters are there, and which table they share.
func intact(hooks []hook, name string) (table ebpf.MapID, ok bool) {
	for i, h := range hooks {
		at, there := tableAt(h, name)
		if !there || i > 0 && at != table {
			return 0, false
		}
		table = at
	}
	return table, hooks[0].link.Attrs().RawFlags&unix.IFF_PROMISC != 0
}

// filtersAt lists the programs at a hook.
func filtersAt(h hook) (out []*netlink.BpfFilter) {
	all, err := netlink.FilterList(h.link, h.parent)
	if err != nil {
		return nil
	}
	for _, f := range all {
		if b, ok := f.(*netlink.BpfFilter); ok {
			out = append(out, b)
		}
	}
	return out
}

// attach puts the programs at their hooks, in the place of former ones.
func (u Uplink) attach(hooks []hook, nic, end netlink.Link, name string) error {
	if qdiscs, err := netlink.QdiscList(end); err == nil && !slices.ContainsFunc(qdiscs, func(q netlink.Qdisc) bool { return q.Type() == "clsact" }) {
		if err := addHooks(end); err != nil {
			return err
		}
	}
	known, err := newStations(u.Stations)
	if err != nil {
		return err
	}
	defer known.Close()
	if name, err = withTable(name, known); err != nil {
		return err
	}
	for _, h := range hooks {
		for _, f := range filtersAt(h) {
			if f.Priority == filterPriority && !strings.HasPrefix(f.Name, filterMark(u.Lab)+" ") {
				return fmt.Errorf("filter %q with our priority %d: %w; tc filter show dev %s lists it", f.Name, filterPriority, hosts.ErrForeign, h.link.Attrs().Name)
			}
		}
		loaded, err := ebpf.NewProgram(h.code(known.FD(), nic.Attrs().Index, end.Attrs().Index, nic.Attrs().HardwareAddr))
		if err != nil {
			return fmt.Errorf("load a program: %w", err)
		}
		err = netlink.FilterReplace(&netlink.BpfFilter{
			FilterAttrs: netlink.FilterAttrs{LinkIndex: h.link.Attrs().Index, Parent: h.parent, Handle: 1, Protocol: unix.ETH_P_ALL, Priority: filterPriority},
			Fd:          loaded.FD(), Name: name, DirectAction: true,
		})
		loaded.Close()
		if err != nil {
			return fmt.Errorf("attach a program: %w", err)
		}
	}
	return nil
}

// leaveNICs takes a lab's programs away from the NICs of the server, except those to
// keep, and restores what these were.
func leaveNICs(lab string, keep []Uplink) error {
	r := loadRecord()
	var errs []error
	for key, was := range r.NICs {
		if was.Lab != lab || slices.ContainsFunc(keep, was.isOf) {
			continue
		}
		if err := leaveNIC(was); err != nil {
			errs = append(errs, fmt.Errorf("NIC %s: %w", was.name(), err))
			continue
		}
		delete(r.NICs, key)
		errs = append(errs, r.save())
	}
	return errors.Join(errs...)
}

// isOf reports whether the NIC is that of an uplink.
func (s nicState) isOf(u Uplink) bool {
	l, err := netlink.LinkByIndex(s.Index)
	return u.NIC != "" && err == nil && l.Attrs().Name == u.NIC
}

// name is the NIC's present one.
func (s nicState) name() string {
	if l, err := netlink.LinkByIndex(s.Index); err == nil {
		return l.Attrs().Name
	}
	return strconv.Itoa(s.Index)
}

func leaveNIC(was nicState) error {
	nic, err := netlink.LinkByIndex(was.Index)
	if errors.As(err, new(netlink.LinkNotFoundError)) {
		return nil
	}
	if err != nil {
		return err
	}
	others := false
	for _, parent := range []uint32{netlink.HANDLE_MIN_INGRESS, netlink.HANDLE_MIN_EGRESS} {
		all, err := netlink.FilterList(nic, parent)
		if err != nil {
			others = true // or there are no hooks
			continue
		}
		for _, f := range all {
			b, ok := f.(*netlink.BpfFilter)
			if !ok || !strings.HasPrefix(b.Name, filterMark(was.Lab)+" ") {
				others = true
				continue
			}
			if err := netlink.FilterDel(b); err != nil && !errors.Is(err, unix.ENOENT) {
				return fmt.Errorf("remove a program: %w", err)
			}
		}
	}
	if was.Qdisc && !others {
		if err := netlink.QdiscDel(hooksOf(nic)); err != nil && !errors.Is(err, unix.ENOENT) && !errors.Is(err, unix.EINVAL) {
			return fmt.Errorf("remove the hooks for filters: %w", err)
		}
	}
	if was.Promisc {
		return netlink.SetPromiscOff(nic)
	}
	return nil
}
