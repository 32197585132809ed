package impair

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"pseudowan/hosts"
)

// Interface is an interface in the network namespace at a path.
type Interface struct {
	Namespace, Name string

	// Held is the group (ip link) of interfaces that their owner keeps down; 0: there is none.
	Held uint32
}

// Impairment is what happens to the packets that an interface sends. Zero values
// leave them alone.
type Impairment struct {
	Loss  float64       // the share of packets that is lost, 0 to 1
	Delay time.Duration // of every packet
	Rate  uint64        // bits per second
}

// Means is what does the work in the kernel.
type Means string

// The means.
const (
	Netem Means = "netem"
	NFT   Means = "nftables"
	TBF   Means = "tbf"
)

// ErrNoDelay is returned for a delay where the kernel has no netem.
var ErrNoDelay = errors.New("this kernel has no netem, without which packets cannot be delayed; load the module sch_netem")

// ErrForeign is returned for an interface with a queueing discipline that somebody else has
// given it.
var ErrForeign = errors.New("which the lab has not made")

// handle marks our queueing disciplines: 7077 hexadecimal, "pw".
const handle = 0x7077

// Apply gives an interface an impairment, in the place of the one that it has. It
// returns by which means.
func Apply(ctx context.Context, i Interface, m Impairment) ([]Means, error) {
	if err := i.within(i.free); err != nil {
		return nil, fmt.Errorf("interface %s: %w", i.Name, err)
	}
	if err := Clear(ctx, i); err != nil {
		return nil, err
	}
	err := i.within(func(nl *netlink.Handle, l netlink.Link) error { return nl.QdiscAdd(netem(l, m)) })
	switch {
	case err == nil:
		return []Means{Netem}, nil
	case !errors.Is(err, unix.ENOENT) && !errors.Is(err, unix.EOPNOTSUPP):
		return nil, fmt.Errorf("interface %s: netem: %w", i.Name, err)
	case m.Delay > 0:
		return nil, ErrNoDelay
	}
	return i.withoutNetem(ctx, m)
}

// withoutNetem applies an impairment where the kernel has no netem.
func (i Interface) withoutNetem(ctx context.Context, m Impairment) (by []Means, err error) {
	if m.Loss > 0 {
		if err := hosts.Nft(ctx, i.Namespace, lossRules(i.Name, m.Loss)); err != nil {
			return nil, fmt.Errorf("interface %s: %w", i.Name, err)
		}
		by = append(by, NFT)
	}
	if m.Rate > 0 {
		err := i.within(func(nl *netlink.Handle, l netlink.Link) error { return nl.QdiscAdd(tbf(l, m.Rate)) })
		if err != nil {
			return by, errors.Join(fmt.Errorf("interface %s: tbf: %w", i.Name, err), Clear(ctx, i))
		}
		by = append(by, TBF)
	}
	return by, nil
}

// Clear takes the impairment of an interface away. It is no error if it has none.
func Clear(ctx context.Context, i Interface) error {
	err := i.within(func(nl *netlink.Handle, l netlink.Link) error {
		q, err := ours(nl, l)
		if err != nil || q == nil {
			return err
		}
		return nl.QdiscDel(q)
	})
	if isGone(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("interface %s: %w", i.Name, err)
	}
	err = hosts.Nft(ctx, i.Namespace, noRules(i.Name))
	if errors.Is(err, hosts.ErrNoNft) {
		return nil // nor can there be rules
	}
	return err
}

// SetUp sets an interface up or down. One that its owner keeps down stays so.
func SetUp(i Interface, up bool) error {
	return i.within(func(nl *netlink.Handle, l netlink.Link) error {
		switch {
		case up && i.holds(l):
			return nil
		case up:
			return nl.LinkSetUp(l)
		}
		return nl.LinkSetDown(l)
	})
}

func (i Interface) holds(l netlink.Link) bool { return i.Held != 0 && l.Attrs().Group == i.Held }

// State is what an interface suffers from now.
type State struct {
	Down, Impaired bool
	Held           bool // its owner keeps it down
}

// Look returns the state of an interface; one that has gone suffers from nothing.
func Look(ctx context.Context, i Interface) (s State, err error) {
	err = i.within(func(nl *netlink.Handle, l netlink.Link) error {
		q, err := ours(nl, l)
		s.Down, s.Impaired, s.Held = l.Attrs().Flags&net.FlagUp == 0, q != nil, i.holds(l)
		return err
	})
	if isGone(err) {
		return s, nil
	}
	if err != nil || s.Impaired {
		return s, err
	}
	rules, err := hosts.NftTables(ctx, i.Namespace)
	if errors.Is(err, hosts.ErrNoNft) {
		return s, nil
	}
	s.Impaired = strings.Contains(string(rules), fmt.Sprintf("%q", table(i.Name)))
	return s, err
}

// within runs f with a netlink socket in the namespace.
func (i Interface) within(f func(*netlink.Handle, netlink.Link) error) error {
	return hosts.Within(i.Namespace, func() error {
		nl, err := netlink.NewHandle(unix.NETLINK_ROUTE)
		if err != nil {
			return err
		}
		defer nl.Close()
		l, err := nl.LinkByName(i.Name)
		if err != nil {
			return err
		}
		return f(nl, l)
	})
}

// isGone reports whether an interface or its namespace does not exist.
func isGone(err error) bool {
	var gone netlink.LinkNotFoundError
	return errors.As(err, &gone) || errors.Is(err, unix.ENODEV) || errors.Is(err, os.ErrNotExist)
}
