package ovs

import (
	"context"
	"net"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// netdevLink is the interface of every netdev datapath.
const netdevLink = "ovs-netdev"

// Preferred is the datapath to take in the calling thread's network namespace
// where nobody asks for one: System where the kernel has it, else Netdev. What
// a killed switch left there is kept, as the next switch takes it up. Where the
// kernel has its datapath as a module that is not loaded, asking loads it, as
// the start of Open vSwitch's own service does.
func Preferred() Datapath {
	if _, err := net.InterfaceByName(netdevLink); err == nil {
		return Netdev
	}
	if _, err := netlink.GenlFamilyGet("ovs_datapath"); err == nil {
		return System
	}
	return Netdev
}

// coresKnown is the uptime before which ovs-vswitchd 3.1 counts no processors
// and hence starts no threads that would take packets from the kernel.
const coresKnown = 10*time.Second + 100*time.Millisecond

// awaitCores waits on a machine that has only just been started.
func (c Config) awaitCores(ctx context.Context) error {
	var now unix.Timespec
	if c.Datapath != System || unix.ClockGettime(unix.CLOCK_MONOTONIC, &now) != nil {
		return nil
	}
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(coresKnown - time.Duration(now.Nano())):
		return nil
	}
}
