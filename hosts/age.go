package hosts

import (
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// Age returns how long a process has run; 0 if it has ended.
func Age(pid int) time.Duration {
	// Linux shows user space a hundred clock ticks per second.
	const tick = time.Second / 100
	fields := statOf(pid)
	if fields == nil {
		return 0
	}
	start, err := strconv.ParseInt(fields[statStart], 10, 64)
	var now unix.Timespec
	if err != nil || unix.ClockGettime(unix.CLOCK_BOOTTIME, &now) != nil {
		return 0
	}
	return max(0, time.Duration(now.Nano())-time.Duration(start)*tick)
}
