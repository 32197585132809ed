package server

import (
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"

	"github.com/cilium/ebpf"
)

// What the table has for a station.
const (
	learned = 1 // from a frame that it has sent, or somebody in its name
	ofFile  = 2
)

const maxStations = 4096 // of a segment; the one unheard for longest is forgotten

// newStations makes the table of those on a segment.
func newStations(macs []net.HardwareAddr) (*ebpf.Map, error) {
	m, err := ebpf.NewMap(&ebpf.MapSpec{Name: "pseudowan", Type: ebpf.LRUHash, KeySize: 6, ValueSize: 4, MaxEntries: maxStations})
	if err != nil {
		return nil, fmt.Errorf("make a table of MAC addresses: %w", err)
	}
	if err := know(m, macs); err != nil {
		m.Close()
		return nil, err
	}
	return m, nil
}

// know gives a table the stations of the file, and takes from it those of a former one.
func know(m *ebpf.Map, macs []net.HardwareAddr) error {
	var former [][6]byte
	var mac [6]byte
	var how uint32
	all := m.Iterate()
	for all.Next(&mac, &how) {
		if how == ofFile && !slices.ContainsFunc(macs, func(m net.HardwareAddr) bool { return [6]byte(m) == mac }) {
			former = append(former, mac)
		}
	}
	// Iteration ends early if others change the table meanwhile: what is left then is
	// for the next time.
	for _, mac := range former {
		if err := m.Delete(mac); err != nil && !errors.Is(err, ebpf.ErrKeyNotExist) {
			return fmt.Errorf("table of MAC addresses: %w", err)
		}
	}
	for _, mac := range macs {
		if err := m.Put([6]byte(mac), uint32(ofFile)); err != nil {
			return fmt.Errorf("table of MAC addresses: %w", err)
		}
	}
	return nil
}

// knowIn is know for the table of programs that run.
func knowIn(table ebpf.MapID, macs []net.HardwareAddr) error {
	m, err := ebpf.NewMapFromID(table)
	if err != nil {
		return fmt.Errorf("table of MAC addresses: %w", err)
	}
	defer m.Close()
	return know(m, macs)
}

// withTable completes the name of filters with the table that their programs share: a
// repair that is killed leaves programs with different ones.
func withTable(name string, m *ebpf.Map) (string, error) {
	info, err := m.Info()
	if err != nil {
		return "", fmt.Errorf("table of MAC addresses: %w", err)
	}
	id, _ := info.ID()
	return fmt.Sprintf("%s table=%d", name, id), nil
}

// tableAt returns the table of the program with a name at a hook.
func tableAt(h hook, name string) (table ebpf.MapID, ok bool) {
	for _, f := range filtersAt(h) {
		rest, ours := strings.CutPrefix(f.Name, name+" table=")
		if !ours {
			continue
		}
		if _, err := fmt.Sscan(rest, &table); err == nil {
			return table, true
		}
	}
	return 0, false
}
