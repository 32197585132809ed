package ovs

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"slices"
	"sync"

	"github.com/vishvananda/netlink"

	"pseudowan/checksum"
	"pseudowan/ovs/ovsdb"
)

// bridge is the bridge of a switch, with its settings and ports.
type bridge struct {
	cfg     Config
	tools   tools
	daemons *daemons
	links   *netlink.Handle
	sums    *checksum.Control

	changing sync.Mutex // held while the bridge and its ports change

	mu    sync.Mutex
	ports map[string]Port // as last applied, by name
}

func (br *bridge) apply(ctx context.Context, b Bridge) error {
	observed, err := br.observe(ctx)
	if err != nil {
		return err
	}
	br.remember(b.Ports)
	opened := b.opened(observed)
	transactions := b.transactions(br.cfg.Bridge, observed)
	for _, t := range transactions {
		if _, err := br.tools.vsctl(ctx, t...); err != nil {
			return err
		}
	}
	var faults error
	if len(transactions) > 0 {
		if observed, err = br.observe(ctx); err != nil {
			return err
		}
		faults = errors.Join(b.verify(observed), br.raise(opened))
	}
	return errors.Join(faults, br.fillChecksums(b.Ports))
}

// raise sets interfaces up that Open vSwitch has opened. It takes down one that has
// been recreated: it adds IFF_PROMISC to the flags that the interface had when it
// appeared, before its maker set it up, or to those of the vanished one.
func (br *bridge) raise(names []string) error {
	var errs []error
	for _, name := range names {
		l, err := br.links.LinkByName(name)
		if err != nil {
			continue // verify has said so
		}
		if l.Attrs().Flags&net.FlagUp != 0 {
			continue
		}
		if err := br.links.LinkSetUp(l); err != nil {
			errs = append(errs, fmt.Errorf("port %s: set its interface up: %w", name, err))
		}
	}
	return errors.Join(errs...)
}

func (br *bridge) remember(ports []Port) {
	br.mu.Lock()
	defer br.mu.Unlock()
	clear(br.ports)
	for _, p := range ports {
		br.ports[p.Name] = p
	}
}

func (br *bridge) wantedPorts() []Port {
	br.mu.Lock()
	defer br.mu.Unlock()
	var ports []Port
	for _, p := range br.ports {
		ports = append(ports, p)
	}
	slices.SortFunc(ports, func(a, b Port) int { return int(a.Number) - int(b.Number) })
	return ports
}

// bridgeColumns are the columns of a bridge's row that the switch sets or that
// others may misuse.
var bridgeColumns = []string{
	"name", "ports", "datapath_type", "fail_mode", "protocols", "controller", "mirrors", "netflow", "sflow", "ipfix",
	"external_ids", "other_config", "flow_tables",
}

// row returns the row of the bridge, or nil if there is none.
func (br *bridge) row(ctx context.Context) (map[string]json.RawMessage, error) {
	results, err := br.daemons.connection().Transact(ctx, ovsdb.Operation{
		"op": "select", "table": "Bridge", "where": br.where(), "columns": bridgeColumns,
	})
	if err != nil || len(results[0].Rows) == 0 {
		return nil, err
	}
	return results[0].Rows[0], nil
}

func (br *bridge) where() []any { return []any{[]any{"name", "==", br.cfg.Bridge}} }

// exists reports whether the database has the bridge: without it there is no
// management socket.
func (br *bridge) exists() bool {
	ctx, cancel := context.WithTimeout(context.Background(), lookAgain)
	defer cancel()
	row, err := br.row(ctx)
	return err == nil && row != nil
}

// removeTaps removes the interfaces of a netdev datapath: its own, the bridge's
// and those of internal ports. ovs-vswitchd makes them persistent, and leaves
// one behind even if asked to clean up.
func (br *bridge) removeTaps() {
	br.mu.Lock()
	defer br.mu.Unlock()
	names := []string{netdevLink, br.cfg.Bridge}
	for _, p := range br.ports {
		if p.Internal {
			names = append(names, p.Name)
		}
	}
	for _, name := range names {
		l, err := br.links.LinkByName(name)
		if err != nil {
			continue // gone already
		}
		if _, tap := l.(*netlink.Tuntap); tap {
			// The next switch in this namespace reuses what stays.
			_ = br.links.LinkDel(l)
		}
	}
}
