package hosts

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// Configure brings the network namespace at path to the state n, and leaves
// alone what already matches. It touches only interfaces of ours, and on them
// only addresses and static routes; it removes LAN interfaces of ours that n
// does not name. Wires must exist already. It reports whether it had to change
// an interface, an address or a route.
func Configure(ctx context.Context, path string, n Network) (changed bool, err error) {
	if changed, err = configure(ctx, path, n); err != nil {
		return changed, fmt.Errorf("configure %s: %w", path, err)
	}
	return changed, nil
}

func configure(ctx context.Context, path string, n Network) (bool, error) {
	if err := n.check(); err != nil {
		return false, err
	}
	in, err := openInside(path)
	if err != nil {
		return false, err
	}
	defer in.close()
	c := &configuration{inside: in, Network: n}
	steps := []func() error{
		c.prepare, c.addLANs, c.setInterfaces, c.observe, c.restartStaleIPv6,
		c.addAddresses, c.addRoutes, c.removeRoutes, c.removeAddresses, c.removeLANs, c.proxyND, c.awaitDetection,
	}
	for _, step := range steps {
		if err := ctx.Err(); err != nil {
			return in.changed, err
		}
		if err := step(); err != nil {
			return in.changed, err
		}
	}
	return in.changed, nil
}

// configuration is one run of Configure: the wanted state, and the observed
// one.
type configuration struct {
	*inside
	Network
	seen      map[string]netlink.Link
	addresses []netlink.Addr
	routes    []netlink.Route
}

// onThread runs f on a thread inside the namespace.
func (in *inside) onThread(f func() error) error { return onThreadIn(int(in.file.Fd()), f) }

// prepare sets the namespace's own settings before any interface is made.
func (c *configuration) prepare() (err error) {
	settings, err := c.sysctls()
	if err != nil {
		return err
	}
	err = c.onThread(func() error { return applySysctls(settings) })
	if err != nil {
		return err
	}
	if c.seen, err = c.links(); err != nil {
		return err
	}
	return c.loopback()
}

// loopback sets the loopback interface up, and restores its name, which root in
// a host may have changed, unless another interface has taken that.
func (c *configuration) loopback() error {
	for name, l := range c.seen {
		if l.Attrs().Flags&net.FlagLoopback == 0 {
			continue
		}
		if name != "lo" && c.seen["lo"] == nil {
			if err := c.renameLoopback(l); err != nil {
				return fmt.Errorf("interface %s: rename to lo: %w", name, err)
			}
		}
		return c.setUp(l)
	}
	return nil
}

// renameLoopback sets the interface down first: older kernels do not rename one
// that is up.
func (c *configuration) renameLoopback(l netlink.Link) error {
	if err := c.nl.LinkSetDown(l); err != nil {
		return err
	}
	l.Attrs().Flags &^= net.FlagUp
	c.changed = true
	return c.nl.LinkSetName(l, "lo")
}

func lanAlias(name string) string { return linkAlias("lan " + name) }

// isLAN reports whether an interface is a LAN that we made.
func isLAN(l netlink.Link) bool { return l.Attrs().Alias == lanAlias(l.Attrs().Name) }

// addLANs makes the missing LAN interfaces.
func (c *configuration) addLANs() error {
	made := false
	for _, i := range c.Interfaces {
		if !i.LAN {
			continue
		}
		if l := c.seen[i.Name]; l != nil {
			if isLAN(l) {
				continue
			}
			if !markedLink(l.Attrs().Alias) {
				return foreignLink(c.path, i.Name)
			}
			if err := c.nl.LinkDel(l); err != nil && !isNoDevice(err) {
				return fmt.Errorf("replace %s: %w", i.Name, err)
			}
		}
		if err := c.addLAN(i); err != nil {
			return fmt.Errorf("LAN %s: %w", i.Name, err)
		}
		made, c.changed = true, true
	}
	if !made {
		return nil
	}
	return c.markLANs()
}

// addLAN makes a dummy, or an ifb on kernels without dummies: it has a carrier
// and discards what is sent to it, too. A bridge without ports would do, but
// for each one deleted the kernel waits for an RCU barrier under its network
// lock: 200 of them stall every namespace of the server for seconds.
func (c *configuration) addLAN(i Interface) error {
	attrs := netlink.NewLinkAttrs()
	attrs.Name, attrs.MTU = i.Name, i.MTU
	if len(i.MAC) != 0 {
		attrs.HardwareAddr = i.MAC
	}
	for _, l := range []netlink.Link{&netlink.Dummy{LinkAttrs: attrs}, &netlink.Ifb{LinkAttrs: attrs}} {
		if err := c.nl.LinkAdd(l); !errors.Is(err, unix.EOPNOTSUPP) {
			return err
		}
	}
	return c.addBridge(i.Name, attrs.HardwareAddr, i.MTU)
}

func (c *configuration) markLANs() (err error) {
	if c.seen, err = c.links(); err != nil {
		return err
	}
	for _, i := range c.Interfaces {
		l := c.seen[i.Name]
		if !i.LAN || l == nil || l.Attrs().Alias != "" {
			continue
		}
		if err := c.nl.LinkSetAlias(l, lanAlias(i.Name)); err != nil {
			return fmt.Errorf("mark LAN %s: %w", i.Name, err)
		}
		l.Attrs().Alias = lanAlias(i.Name)
	}
	return nil
}

// setInterfaces sets everything but addresses and routes.
func (c *configuration) setInterfaces() error {
	for _, i := range c.Interfaces {
		l := c.seen[i.Name]
		if l == nil {
			return fmt.Errorf("interface %s does not exist; its wire must be made first", i.Name)
		}
		if !markedLink(l.Attrs().Alias) {
			return foreignLink(c.path, i.Name)
		}
		if err := c.setInterface(l, i); err != nil {
			return fmt.Errorf("interface %s: %w", i.Name, err)
		}
	}
	return nil
}

func (c *configuration) setInterface(l netlink.Link, i Interface) error {
	if err := c.attributes(l, l.Attrs().Alias, i.MAC, i.MTU); err != nil {
		return err
	}
	if !i.LAN {
		if err := c.sums.Fill(i.Name); err != nil {
			return err
		}
		if err := c.onThread(func() error { return setSysctls(i) }); err != nil {
			return err
		}
	}
	return c.setUp(l)
}

// minIPv6MTU is the smallest MTU of a link that carries IPv6 (RFC 8200 section
// 5).
const minIPv6MTU = 1280

// setSysctls applies the settings of one interface. If it begins or ceases to
// accept advertisements, to form addresses, or to look for duplicates, IPv6 restarts: it solicits a router,
// or forgets what it has learned, and forms its addresses anew.
func setSysctls(i Interface) error {
	settings, err := i.sysctls()
	if err != nil {
		return err
	}
	if i.MTU != 0 && i.MTU < minIPv6MTU { // where the kernel disables IPv6
		return applySysctls(slices.DeleteFunc(settings, func(s sysctl) bool { return strings.HasPrefix(s.path, "ipv6/") }))
	}
	before, err := startedWith(i.Name)
	if err != nil && kernelHasIPv6() {
		return err
	}
	if err := applySysctls(settings); err != nil {
		return err
	}
	after, err := startedWith(i.Name)
	if err != nil || before == after {
		return nil // without IPv6 both are empty
	}
	return restartIPv6(i.Name)
}

// startedWith returns the settings that matter when IPv6 starts on an interface.
func startedWith(name string) (string, error) {
	tree := sysctlTree{}
	defer tree.close()
	var all []byte
	for _, setting := range []string{"accept_ra", "autoconf", "accept_dad"} {
		value, err := tree.read("ipv6/conf/" + name + "/" + setting)
		if err != nil {
			return "", err
		}
		all = append(all, value...)
	}
	return string(all), nil
}

// restartIPv6 makes the kernel drop all IPv6 state of an interface and begin
// anew.
func restartIPv6(name string) error {
	setting := "ipv6/conf/" + name + "/disable_ipv6"
	return applySysctls([]sysctl{{setting, "1"}, {setting, "0"}})
}

// removeLANs removes the LAN interfaces of ours that are no longer wanted.
func (c *configuration) removeLANs() error {
	wanted := map[string]bool{}
	for _, i := range c.Interfaces {
		wanted[i.Name] = true
	}
	for name, l := range c.seen {
		if wanted[name] || !isLAN(l) {
			continue
		}
		if err := c.nl.LinkDel(l); err != nil && !isNoDevice(err) {
			return fmt.Errorf("remove LAN %s: %w", name, err)
		}
		c.changed = true
	}
	return nil
}
