package checksum

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"unsafe"

	"golang.org/x/sys/unix"
)

// The commands of the ioctl, and its argument (linux/ethtool.h). They stand for every
// feature tx-checksum-…, and are one number each: a library that asks by name reads the
// kernel's list of names first, a megabyte.
const (
	getTransmit = 0x16 // ETHTOOL_GTXCSUM
	setTransmit = 0x17 // ETHTOOL_STXCSUM
)

type value struct{ command, data uint32 }

// request is a struct ifreq with a pointer.
type request struct {
	name [unix.IFNAMSIZ]byte
	data unsafe.Pointer
	_    [24 - unsafe.Sizeof(uintptr(0))]byte
}

// Control changes interfaces of one network namespace. Its methods may be used from
// several goroutines.
type Control struct{ socket *os.File }

// Open returns the control of the namespace of the calling thread. It keeps that
// namespace alive until Close.
func Open() (*Control, error) {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("checksums: %w", os.NewSyscallError("socket", err))
	}
	return &Control{os.NewFile(uintptr(fd), "checksums")}, nil
}

// Close releases the namespace.
func (c *Control) Close() error { return c.socket.Close() }

// Fill makes the kernel compute every checksum of what the interface sends, instead of
// leaving it to hardware that may be absent. Segmentation offload ends with it. An
// interface that cannot change that stays as it is.
func (c *Control) Fill(name string) error {
	v := value{command: getTransmit}
	if err := c.ioctl(name, &v); err != nil {
		return fmt.Errorf("read checksum offload: %w", err)
	}
	if v.data == 0 {
		return nil
	}
	v = value{command: setTransmit}
	if err := c.ioctl(name, &v); err != nil && !errors.Is(err, unix.EOPNOTSUPP) {
		return fmt.Errorf("turn checksum offload off: %w", err)
	}
	return nil
}

func (c *Control) ioctl(name string, v *value) error {
	var r request
	if len(name) >= len(r.name) {
		return unix.ENODEV
	}
	copy(r.name[:], name)
	r.data = unsafe.Pointer(v)
	_, _, errno := unix.Syscall(unix.SYS_IOCTL, c.socket.Fd(), unix.SIOCETHTOOL, uintptr(unsafe.Pointer(&r)))
	runtime.KeepAlive(v)
	if errno != 0 {
		return errno
	}
	return nil
}
