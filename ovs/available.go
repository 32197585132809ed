package ovs

import (
	"context"
	"net"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// netdevLink is the interface that every netdev datapath has.
const netdevLink = "ovs-netdev"

// Preferred returns the default datapath for the calling thread's network
// namespace: System if the kernel has it, else Netdev. A netdev datapath that a
// killed switch left there is kept, because the next switch reuses it. Asking
// loads the kernel's datapath module, as starting Open vSwitch's own service
// does.
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
// and so starts no threads to receive packets from the kernel.
const coresKnown = 10*time.Second + 100*time.Millisecond

// awaitCores waits on a machine that has just booted.
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
