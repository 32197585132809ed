package ovs

import (
	"strings"
	"testing"

	"github.com/safchain/ethtool"
	"github.com/vishvananda/netlink"

	"pseudowan/checksum"
)

// offloaded lists the checksums that the kernel leaves to an interface.
func offloaded(t *testing.T, e *ethtool.Ethtool, name string) (out []string) {
	t.Helper()
	features, err := e.FeaturesWithState(name)
	check(t, err)
	for feature, state := range features {
		if strings.HasPrefix(feature, "tx-checksum-") && state.Active {
			out = append(out, feature)
		}
	}
	return out
}

func TestRealFillChecksums(t *testing.T) {
	needsRoot(t)
	n := newNamespace(t)
	check(t, n.links.LinkAdd(&netlink.Veth{LinkAttrs: netlink.LinkAttrs{Name: "v1"}, PeerName: "v2"}))
	var e *ethtool.Ethtool
	check(t, n.do(func() (err error) { e, err = ethtool.NewEthtool(); return err }))
	defer e.Close()
	if len(offloaded(t, e, "v1")) == 0 {
		t.Fatal("a veth leaves nothing to others: nothing is tested")
	}
	var sums *checksum.Control
	check(t, n.do(func() (err error) { sums, err = checksum.Open(); return err }))
	defer sums.Close()
	for range 2 {
		check(t, sums.Fill("v1"))
		if left := offloaded(t, e, "v1"); len(left) > 0 {
			t.Errorf("still left to others: %q", left)
		}
	}
	if err := sums.Fill("nosuch"); err == nil {
		t.Error("no error for an interface that is not there")
	}
}
