package logfile

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"
)

// changes reports writes in directories, by inotify(7).
type changes struct {
	file   *os.File         // nil: the kernel provides no more of them; a timer replaces it
	dirs   map[int32]string // by the descriptor of their watch
	buffer [64 << 10]byte
}

func newChanges(log *slog.Logger) *changes {
	fd, err := unix.InotifyInit1(unix.IN_CLOEXEC | unix.IN_NONBLOCK)
	if err != nil {
		log.Warn("no inotify: logs are checked by a timer", "error", err)
		return &changes{}
	}
	return &changes{file: os.NewFile(uintptr(fd), "inotify"), dirs: map[int32]string{}}
}

func (c *changes) close() {
	if c.file != nil {
		c.file.Close()
	}
}

// watch adds a directory, once. A missing one is added after its parent has
// changed.
func (c *changes) watch(dir string) {
	if c.file == nil {
		return
	}
	raw, err := c.file.SyscallConn()
	if err != nil {
		return
	}
	_ = raw.Control(func(fd uintptr) {
		wd, err := unix.InotifyAddWatch(int(fd), dir, unix.IN_MODIFY|unix.IN_CREATE|unix.IN_MOVED_TO|unix.IN_ONLYDIR)
		if err == nil {
			c.dirs[int32(wd)] = dir
		}
	})
}

// byTheClock is the interval between checks of logs without inotify.
const byTheClock = 50 * time.Millisecond

// wait returns after the next change, together with others that have come by
// then, or after limit. written are the files that have changed, nil if that is
// unknown; appeared reports a new one; ok is false if ctx has ended.
func (c *changes) wait(ctx context.Context, limit time.Duration) (written map[string]bool, appeared, ok bool) {
	if c.file == nil {
		return nil, false, sleep(ctx, min(max(limit, 0), byTheClock))
	}
	stop := context.AfterFunc(ctx, func() { c.file.SetReadDeadline(time.Now()) })
	defer stop()
	if err := c.file.SetReadDeadline(time.Now().Add(limit)); err != nil || ctx.Err() != nil {
		return nil, false, false
	}
	n, err := c.file.Read(c.buffer[:])
	if ctx.Err() != nil || err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
		return nil, false, ctx.Err() == nil && sleep(ctx, byTheClock)
	}
	if n <= 0 {
		return nil, false, true
	}
	written, appeared = c.read(c.buffer[:n])
	return written, appeared, true
}

// read returns the files to which events belong, and whether one is new or events
// have been lost.
func (c *changes) read(events []byte) (written map[string]bool, appeared bool) {
	written = map[string]bool{}
	for len(events) >= unix.SizeofInotifyEvent {
		mask, size := binary.NativeEndian.Uint32(events[4:]), binary.NativeEndian.Uint32(events[12:])
		appeared = appeared || mask&(unix.IN_CREATE|unix.IN_MOVED_TO|unix.IN_Q_OVERFLOW) != 0
		end := min(len(events), unix.SizeofInotifyEvent+int(size))
		name, _, _ := bytes.Cut(events[unix.SizeofInotifyEvent:end], []byte{0})
		written[filepath.Join(c.dirs[int32(binary.NativeEndian.Uint32(events))], string(name))] = true
		events = events[end:]
	}
	return written, appeared
}
