package logfile

import (
	"context"
	"encoding/binary"
	"errors"
	"log/slog"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// changes reports writes in directories, by inotify(7).
type changes struct {
	file   *os.File // nil: the kernel provides no more of them; a timer replaces it
	buffer [64 << 10]byte
}

func newChanges(log *slog.Logger) *changes {
	fd, err := unix.InotifyInit1(unix.IN_CLOEXEC | unix.IN_NONBLOCK)
	if err != nil {
		log.Warn("no inotify: logs are checked by a timer", "error", err)
		return &changes{}
	}
	return &changes{file: os.NewFile(uintptr(fd), "inotify")}
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
		_, _ = unix.InotifyAddWatch(int(fd), dir, unix.IN_MODIFY|unix.IN_CREATE|unix.IN_MOVED_TO|unix.IN_ONLYDIR)
	})
}

// byTheClock is the interval between checks of logs without inotify.
const byTheClock = 50 * time.Millisecond

// wait returns after the next change, together with others that have come by
// then, or after limit. appeared reports a new file; ok is false if ctx has
// ended.
func (c *changes) wait(ctx context.Context, limit time.Duration) (appeared, ok bool) {
	if c.file == nil {
		return false, sleep(ctx, min(max(limit, 0), byTheClock))
	}
	stop := context.AfterFunc(ctx, func() { c.file.SetReadDeadline(time.Now()) })
	defer stop()
	if err := c.file.SetReadDeadline(time.Now().Add(limit)); err != nil || ctx.Err() != nil {
		return false, false
	}
	n, err := c.file.Read(c.buffer[:])
	if ctx.Err() != nil || err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
		return false, ctx.Err() == nil && sleep(ctx, byTheClock)
	}
	return appearance(c.buffer[:max(n, 0)]), true
}

// appearance reports whether events include a new file, or have overflowed.
func appearance(events []byte) bool {
	for len(events) >= unix.SizeofInotifyEvent {
		mask, name := binary.NativeEndian.Uint32(events[4:]), binary.NativeEndian.Uint32(events[12:])
		if mask&(unix.IN_CREATE|unix.IN_MOVED_TO|unix.IN_Q_OVERFLOW) != 0 {
			return true
		}
		events = events[min(len(events), unix.SizeofInotifyEvent+int(name)):]
	}
	return false
}
