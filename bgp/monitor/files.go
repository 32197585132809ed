package monitor

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"pseudowan/bgp/mrt"
)

// Files is the configuration of the MRT files of a router.
type Files struct {
	Directory string        // an absolute path; it is created if its parent exists
	Prefix    string        // of the names of all files, which tells them from everything else in the directory
	Updates   bool          // messages from peers are recorded
	Tables    time.Duration // between two dumps of the tables; 0: there are none
	Rotate    time.Duration // after which a file of messages is followed by another
	Keep      int           // files of each kind
}

// FilesState is what is known of the files.
type FilesState struct {
	Files
	Records   uint64 // written since the files were configured
	Octets    uint64
	Dropped   uint64 // records that the disk was too slow for
	Last      string // name of the last file
	LastError string // why the last record was not written; "" if it was
}

const (
	recordsLimit = 8 << 20 // octets that may wait for the disk
	errorPause   = 10 * time.Second
)

// dumper writes files. A nil dumper writes none.
type dumper struct {
	hub    *Hub
	cfg    Files
	cancel context.CancelFunc
	done   chan struct{}
	wake   chan struct{}

	mu    sync.Mutex
	queue []record
	size  int
	state FilesState

	// The following belong to the goroutine.

	open    map[string]*os.File // files of messages, by VRF
	retryAt time.Time           // after an error
}

type record struct {
	vrf string
	raw []byte
}

// SetFiles replaces the configuration of the files; nil: there are none.
func (h *Hub) SetFiles(f *Files) {
	h.mu.Lock()
	old := h.dumper
	if old != nil && f != nil && old.cfg == *f {
		h.mu.Unlock()
		return
	}
	h.dumper = nil
	h.look()
	h.mu.Unlock()
	if old != nil {
		old.cancel()
		<-old.done
	}
	if f == nil {
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	d := &dumper{
		hub: h, cfg: *f, cancel: cancel, done: make(chan struct{}), wake: make(chan struct{}, 1),
		state: FilesState{Files: *f}, open: map[string]*os.File{},
	}
	h.mu.Lock()
	h.dumper = d
	h.look()
	h.mu.Unlock()
	go d.run(ctx)
}

// FilesState returns what is known of the files; nil: there are none.
func (h *Hub) FilesState() *FilesState {
	h.mu.RLock()
	d := h.dumper
	h.mu.RUnlock()
	if d == nil {
		return nil
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	s := d.state
	return &s
}

func (p *Peer) mrt() mrt.Session {
	return mrt.Session{
		PeerAS: p.session.AS, LocalAS: p.hub.router.AS, PeerID: p.session.ID, AS2: p.session.AS2,
		Peer: p.session.Remote.Addr().WithZone(""), Local: p.session.Local.Addr().WithZone(""),
	}
}

// update records a message of a peer.
func (d *dumper) update(p *Peer, at time.Time, msg []byte) {
	if d != nil && d.cfg.Updates {
		d.put(p.session.VRF, mrt.Message(at, p.mrt(), msg))
	}
}

// changed records that a session has entered another state.
func (d *dumper) changed(p *Peer, from, to uint16) {
	if d != nil && d.cfg.Updates {
		d.put(p.session.VRF, mrt.StateChange(time.Now(), p.mrt(), from, to))
	}
}

func (d *dumper) put(vrf string, raw []byte) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.size+len(raw) > recordsLimit {
		d.state.Dropped++
		return
	}
	d.queue = append(d.queue, record{vrf, raw})
	d.size += len(raw)
	select {
	case d.wake <- struct{}{}:
	default:
	}
}

func (d *dumper) run(ctx context.Context) {
	defer close(d.done)
	rotate := time.NewTicker(d.cfg.Rotate)
	defer rotate.Stop()
	var tables <-chan time.Time
	if d.cfg.Tables > 0 {
		t := time.NewTicker(d.cfg.Tables)
		defer t.Stop()
		tables = t.C
	}
	for {
		select {
		case <-ctx.Done():
			d.flush()
			d.closeAll()
			return
		case <-d.wake:
			d.flush()
		case <-rotate.C:
			d.flush()
			d.closeAll()
		case <-tables:
			d.note(d.dumpTables())
		}
	}
}

// flush writes what waits.
func (d *dumper) flush() {
	d.mu.Lock()
	queue := d.queue
	d.queue, d.size = nil, 0
	d.mu.Unlock()
	byVRF := map[string][]byte{}
	counts := map[string]uint64{}
	for _, r := range queue {
		byVRF[r.vrf] = append(byVRF[r.vrf], r.raw...)
		counts[r.vrf]++
	}
	for vrf, b := range byVRF {
		err := d.append(vrf, b)
		d.note(err)
		d.count(counts[vrf], len(b), err)
	}
}

func (d *dumper) count(records uint64, octets int, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err != nil {
		d.state.Dropped += records
		return
	}
	d.state.Records += records
	d.state.Octets += uint64(octets)
}

// append adds records to the file of a VRF, which it creates if there is none.
func (d *dumper) append(vrf string, b []byte) error {
	f := d.open[vrf]
	if f == nil {
		if time.Now().Before(d.retryAt) {
			return errLater
		}
		root, err := d.root()
		if err != nil {
			return err
		}
		defer root.Close()
		if f, err = d.create(root, vrf, "updates", ""); err != nil {
			return err
		}
		d.open[vrf] = f
		if _, err := f.Write(b); err != nil {
			_ = f.Close()
			delete(d.open, vrf)
			_ = root.Remove(filepath.Base(f.Name())) // on a full disk, empty files would displace whole ones
			return err
		}
		return d.prune(root, vrf, "updates")
	}
	if _, err := f.Write(b); err != nil {
		_ = f.Close()
		delete(d.open, vrf) // the next one is whole
		return err
	}
	return nil
}

var errLater = fmt.Errorf("tried again in %v", errorPause)

func (d *dumper) note(err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	switch {
	case err == nil:
		d.state.LastError = ""
	case err != errLater:
		d.retryAt = time.Now().Add(errorPause)
		if d.state.LastError != err.Error() {
			d.hub.log.Warn("mrt: cannot write", "directory", d.cfg.Directory, "error", err)
		}
		d.state.LastError = err.Error()
	}
}

func (d *dumper) closeAll() {
	for vrf, f := range d.open {
		_ = f.Close()
		delete(d.open, vrf)
	}
}
