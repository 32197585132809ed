package probe

import (
	"encoding/binary"
	"os"
	"strings"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"
)

// Rules are what a host does to packets besides routing.
type Rules struct {
	Translates bool // it may give packets another address (NAT)
	Filters    bool // it may drop them
}

// Rules looks for rules of nftables and iptables in a host. A kernel without
// both has no rules.
func (h Host) Rules() (r Rules, err error) {
	err = h.within(func(*netlink.Handle) error {
		for _, list := range []string{"ip_tables_names", "ip6_tables_names"} {
			r.addTables(list)
		}
		request := nl.NewNetlinkRequest(unix.NFNL_SUBSYS_NFTABLES<<8|unix.NFT_MSG_GETCHAIN, unix.NLM_F_DUMP)
		request.AddData(&nl.Nfgenmsg{NfgenFamily: unix.AF_UNSPEC, Version: nl.NFNETLINK_V0})
		// It fails on a kernel without nftables.
		chains, _ := dump(func() ([][]byte, error) { return request.Execute(unix.NETLINK_NETFILTER, 0) })
		for _, c := range chains {
			r.addChain(c)
		}
		return nil
	})
	return r, err
}

// addTables records the tables of iptables, which exist once somebody has
// looked at them. Rules of iptables-nft are chains of nftables.
func (r *Rules) addTables(list string) {
	text, err := os.ReadFile("/proc/thread-self/net/" + list) // of this thread's namespace
	if err != nil {
		return
	}
	for table := range strings.FieldsSeq(string(text)) {
		r.add(table == "nat")
	}
}

func (r *Rules) add(translates bool) {
	r.Translates = r.Translates || translates
	r.Filters = r.Filters || !translates
}

// addChain records a chain of nftables that has a rule, or drops by default.
func (r *Rules) addChain(message []byte) {
	if len(message) < nl.SizeofNfgenmsg {
		return
	}
	attributes, err := nl.ParseRouteAttr(message[nl.SizeofNfgenmsg:])
	if err != nil {
		return
	}
	kind, rules, policy := "", uint32(0), ^uint32(0)
	for _, a := range attributes {
		switch a.Attr.Type {
		case unix.NFTA_CHAIN_TYPE:
			kind = unix.ByteSliceToString(a.Value)
		case unix.NFTA_CHAIN_USE:
			rules = number32(a.Value)
		case unix.NFTA_CHAIN_POLICY:
			policy = number32(a.Value)
		}
	}
	const drop = 0                                   // NF_DROP
	if kind != "" && (rules > 0 || policy == drop) { // a chain without a type is attached to no hook
		r.add(kind == "nat")
	}
}

// number32 reads a number of nftables.
func number32(b []byte) uint32 {
	if len(b) < 4 {
		return 0
	}
	return binary.BigEndian.Uint32(b)
}
