package resolver

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"pseudowan/hosts"
)

// Dir is where, in a host, its DHCP client leaves what it knows: files in the form of
// resolv.conf. What advertisements say is there, too, for others.
const Dir = "/run/resolv"

// ownFile is the one for advertisements.
const ownFile = "ra"

// pollEvery is how often Dir is looked at.
const pollEvery = time.Second

// Follow keeps the resolv.conf of a host until ctx ends or its namespace is another one.
// path is that of the namespace, home the directory of what the host has to itself
// (hosts.Homes).
func Follow(ctx context.Context, path, home string) error {
	conn, err := listen(path)
	if err != nil {
		return err
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	here, err := os.Stat(path)
	if err != nil {
		return err
	}
	f := follower{path: path, home: home}
	solicit(path)
	buf := make([]byte, 1<<16)
	for ctx.Err() == nil {
		if now, err := os.Stat(path); err != nil || !os.SameFile(here, now) {
			return err
		}
		if err := f.write(time.Now()); err != nil {
			return err
		}
		if err := conn.SetReadDeadline(time.Now().Add(pollEvery)); err != nil {
			return err
		}
		n, err := conn.Read(buf)
		switch {
		case errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, unix.ENOBUFS): // what was lost comes again
		case err != nil:
			return errors.Join(ctx.Err(), err)
		default:
			f.hear(buf[:n])
		}
	}
	return nil
}

// listen opens a socket in a namespace to which the kernel passes options of
// advertisements.
func listen(path string) (*os.File, error) {
	const group = 20 // RTNLGRP_ND_USEROPT
	var fd int
	err := hosts.Within(path, func() (err error) {
		if fd, err = unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, unix.NETLINK_ROUTE); err != nil {
			return err
		}
		if err := unix.Bind(fd, &unix.SockaddrNetlink{Family: unix.AF_NETLINK, Groups: 1 << (group - 1)}); err != nil {
			return errors.Join(err, unix.Close(fd))
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("listen for advertisements: %w", err)
	}
	return os.NewFile(uintptr(fd), "netlink"), nil
}

// follower is the state of Follow.
type follower struct {
	path, home string
	heard      heard
	own        string // what was last written of advertisements
	written    string
	once       bool
}

// hear takes messages of the kernel.
func (f *follower) hear(b []byte) {
	messages, err := syscall.ParseNetlinkMessage(b)
	if err != nil {
		return
	}
	for _, m := range messages {
		index, options, ok := userOptions(m.Data)
		if m.Header.Type != unix.RTM_NEWNDUSEROPT || !ok {
			continue
		}
		var name string
		err := hosts.Within(f.path, func() error {
			i, err := net.InterfaceByIndex(index)
			if err == nil {
				name = i.Name
			}
			return err
		})
		if err != nil {
			continue // it is gone
		}
		for _, o := range options {
			f.heard.take(time.Now(), name, o)
		}
	}
}

// write brings resolv.conf up to date.
func (f *follower) write(now time.Time) error {
	f.heard.expire(now)
	run, err := os.OpenRoot(filepath.Join(f.home, "run")) // links in it may lead anywhere
	if err != nil {
		return err
	}
	defer run.Close()
	dir := strings.TrimPrefix(Dir, "/run/")
	if own := f.heard.text(); own != f.own || !f.once {
		f.own, f.once = own, true
		_ = run.Mkdir(dir, 0o755)
		_ = run.WriteFile(filepath.Join(dir, ownFile), []byte(own), 0o644) // if a host spoils it, others do not know
	}
	text := merge(append([]string{f.own}, left(run, dir)...)...)
	if text == f.written {
		return nil
	}
	if err := hosts.WriteInPlace(filepath.Join(f.home, "etc/resolv.conf"), []byte(text)); err != nil {
		return err
	}
	f.written = text
	return nil
}

// left returns what DHCP clients have left in a directory.
func left(run *os.Root, dir string) []string {
	entries, err := fs.ReadDir(run.FS(), dir)
	if err != nil {
		return nil
	}
	const most, long = 32, 4096 // files, and octets of each
	var out []string
	for _, e := range entries[:min(len(entries), most)] {
		if !e.Type().IsRegular() || e.Name() == ownFile {
			continue
		}
		file, err := run.OpenFile(filepath.Join(dir, e.Name()), os.O_RDONLY|unix.O_NONBLOCK, 0)
		if err != nil {
			continue
		}
		text, err := io.ReadAll(io.LimitReader(file, long))
		file.Close()
		if err == nil {
			out = append(out, string(text))
		}
	}
	return slices.Clip(out)
}

// solicit asks routers to advertise (RFC 4861 section 6.3.7): earlier advertisements were
// not heard. Interfaces that are not up yet do that by themselves.
func solicit(path string) {
	_ = hosts.Within(path, func() error {
		fd, err := unix.Socket(unix.AF_INET6, unix.SOCK_RAW|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, unix.IPPROTO_ICMPV6)
		if err != nil {
			return err
		}
		defer unix.Close(fd)
		if err := unix.SetsockoptInt(fd, unix.IPPROTO_IPV6, unix.IPV6_MULTICAST_HOPS, 255); err != nil {
			return err
		}
		all, err := net.Interfaces()
		for _, i := range all {
			if i.Flags&net.FlagLoopback != 0 || i.Flags&net.FlagUp == 0 {
				continue
			}
			routers := unix.SockaddrInet6{Addr: [16]byte{0xff, 0x02, 15: 2}, ZoneId: uint32(i.Index)}
			_ = unix.Sendto(fd, []byte{133, 7: 0}, 0, &routers)
		}
		return err
	})
}
