package hosts

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// CheckDevices returns an error that names the files that are not character devices
// of this server, and those that are ways to its memory or its disks: whoever has one
// has the server.
func CheckDevices(paths []string) error {
	var errs []error
	for _, p := range paths {
		info, err := os.Stat(p)
		switch {
		case err != nil:
			errs = append(errs, fmt.Errorf("device %s: the server has none; load its module, or remove it", p))
		case info.Mode()&os.ModeDevice == 0:
			errs = append(errs, fmt.Errorf("device %s is not a device file; use mounts: for files", p))
		case info.Mode()&os.ModeCharDevice == 0:
			errs = append(errs, fmt.Errorf("device %s is a block device, which hosts do not get; use mounts: for what is on it", p))
		default:
			if what := powerOver(info); what != "" {
				errs = append(errs, fmt.Errorf("device %s is %s of the server, which hosts do not get; remove it", p, what))
			}
		}
	}
	return errors.Join(errs...)
}

// rawDisks are the drivers, by their names in /proc/devices, of character devices to
// which one writes commands for disks.
var rawDisks = []string{"sg", "bsg", "nvme", "nvme-generic", "raw", "megaraid_sas_ioctl", "mpt3ctl", "aac", "hpsa", "cciss"}

// powerOver says what of the server a character device gives away: "" for nothing.
func powerOver(info os.FileInfo) string {
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return ""
	}
	major, minor := unix.Major(st.Rdev), unix.Minor(st.Rdev)
	const mem = 1 // Linux, Documentation/admin-guide/devices.txt
	if major == mem && slices.Contains([]uint32{1, 2, 4}, minor) {
		return "the memory"
	}
	if slices.Contains(rawDisks, characterDriver(major)) {
		return "a way to the disks"
	}
	return ""
}

// characterDriver returns the driver of a major number.
func characterDriver(major uint32) string {
	f, err := os.Open("/proc/devices")
	if err != nil {
		return ""
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		fields := strings.Fields(lines.Text())
		switch {
		case len(fields) == 2 && fields[0] == "Block":
			return ""
		case len(fields) == 2 && fields[0] == strconv.FormatUint(uint64(major), 10):
			return fields[1]
		}
	}
	return ""
}
