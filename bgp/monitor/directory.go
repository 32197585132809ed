package monitor

import (
	"cmp"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// root opens the directory, out of which no name leads: not by a link, either.
func (d *dumper) root() (*os.Root, error) {
	if err := os.Mkdir(d.cfg.Directory, 0o700); err != nil && !os.IsExist(err) {
		return nil, err
	}
	info, err := os.Stat(d.cfg.Directory)
	if err != nil {
		return nil, err
	}
	if info.Mode().Perm()&0o022 != 0 {
		return nil, fmt.Errorf("%s can be written by others than its owner: chmod go-w it", d.cfg.Directory)
	}
	return os.OpenRoot(d.cfg.Directory)
}

// NamePart is a name as a part of the names of files, whose parts dots separate.
func NamePart(name string) string { return strings.ReplaceAll(name, ".", "%2E") }

// stem is the beginning of the names of a kind of files.
func (d *dumper) stem(vrf, kind string) string {
	parts := []string{d.cfg.Prefix}
	if vrf != "" {
		parts = append(parts, "vrf-"+NamePart(url.PathEscape(vrf)))
	}
	return strings.Join(append(parts, kind), ".") + "."
}

const (
	stampLayout = "20060102T150405.000"
	extension   = ".mrt"
	unfinished  = ".part" // after that of a table that is being written
)

// create makes a file that only its owner can read.
func (d *dumper) create(root *os.Root, vrf, kind, suffix string) (*os.File, error) {
	name := d.stem(vrf, kind) + time.Now().UTC().Format(stampLayout) + extension + suffix
	f, err := root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err == nil {
		d.mu.Lock()
		d.state.Last = strings.TrimSuffix(name, suffix)
		d.mu.Unlock()
	}
	return f, err
}

// prune removes the oldest files of a kind beyond those that are kept.
func (d *dumper) prune(root *os.Root, vrf, kind string) error {
	entries, err := fs.ReadDir(root.FS(), ".")
	if err != nil {
		return err
	}
	stem := d.stem(vrf, kind)
	var ours []string
	for _, e := range entries {
		stamp, ok := strings.CutPrefix(e.Name(), stem)
		if !ok || !e.Type().IsRegular() {
			continue
		}
		if left, unfinished := strings.CutSuffix(stamp, unfinished); unfinished && isStamp(left) {
			_ = root.Remove(e.Name()) // of a process that was killed
			continue
		}
		if isStamp(stamp) {
			ours = append(ours, e.Name())
		}
	}
	slices.Sort(ours)
	for len(ours) > max(1, d.cfg.Keep) {
		if err := root.Remove(ours[0]); err != nil {
			return err
		}
		ours = ours[1:]
	}
	return nil
}

func isStamp(s string) bool {
	_, err := time.Parse(stampLayout, strings.TrimSuffix(s, extension))
	return err == nil && strings.HasSuffix(s, extension)
}

// dumpTables writes what the peers have announced, into a file for each VRF.
func (d *dumper) dumpTables() error {
	d.hub.mu.RLock()
	byVRF := map[string][]*Peer{}
	for p := range d.hub.peers {
		byVRF[p.session.VRF] = append(byVRF[p.session.VRF], p)
	}
	d.hub.mu.RUnlock()
	root, err := d.root()
	if err != nil {
		return err
	}
	defer root.Close()
	for vrf, peers := range byVRF {
		if err := d.dumpTable(root, vrf, peers); err != nil {
			return err
		}
	}
	return nil
}

func (d *dumper) dumpTable(root *os.Root, vrf string, peers []*Peer) error {
	slices.SortFunc(peers, func(a, b *Peer) int { return a.session.Remote.Addr().Compare(b.session.Remote.Addr()) })
	records := tableRecords(time.Now(), d.hub.router, vrf, peers)
	f, err := d.create(root, vrf, "rib", unfinished)
	if err != nil {
		return err
	}
	octets := 0
	for _, r := range records {
		if _, err = f.Write(r); err != nil {
			break
		}
		octets += len(r)
	}
	err = cmp.Or(err, f.Close())
	name := filepath.Base(f.Name())
	if err == nil {
		err = root.Rename(name, strings.TrimSuffix(name, unfinished))
	}
	if err != nil {
		_ = root.Remove(name)
		return err
	}
	d.count(uint64(len(records)), octets, nil)
	return d.prune(root, vrf, "rib")
}
