package ovs

import (
	"context"
	"fmt"
	"maps"
	"path/filepath"
	"runtime"
	"slices"

	"github.com/safchain/ethtool"
	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"
	"golang.org/x/sync/errgroup"
	"golang.org/x/sys/unix"

	"pseudowan/ovs/pipeline"
)

// start starts the daemons. ovs-vswitchd is started beside the transaction that
// makes the bridge: it needs 0.1 s to measure the processor's clock whenever it
// sees its first netdev bridge.
func (s *Switch) start(ctx context.Context) (err error) {
	if s.links, err = linksHere(); err != nil {
		return err
	}
	// Like the handle above, it stays in the namespace where it was opened.
	if s.offloads, err = ethtool.NewEthtool(); err != nil {
		return fmt.Errorf("ethtool: %w", err)
	}
	if s.launcher, err = newLauncher(); err != nil {
		return err
	}
	socket := s.path(databaseSocket)
	s.database, err = startDaemon(s.launcher, s.tools, databaseServer, s.path(databaseFile), "--remote=punix:"+socket)
	if err != nil {
		return err
	}
	if err := s.database.await(ctx, func() error { return probe(socket) }); err != nil {
		return err
	}
	if err := s.cfg.awaitCores(ctx); err != nil {
		return err
	}
	var g errgroup.Group
	g.Go(func() error {
		_, err := s.tools.vsctl(ctx, s.cfg.bridgeTransaction()...)
		return err
	})
	s.vswitchd, err = startDaemon(s.launcher, s.tools, switchDaemon, "unix:"+socket)
	if err := g.Wait(); err != nil {
		return err
	}
	if err != nil {
		return err
	}
	return s.vswitchd.await(ctx, func() (err error) {
		s.channel, err = openChannel(ctx, s.managementSocket())
		return err
	})
}

// bridgeTransaction makes the bridge before ovs-vswitchd looks, so that it never
// exists without fail_mode=secure: standalone, it would bridge all VRFs. The
// tries over ip_dst and ipv6_dst keep megaflows as wide as the route needs. A
// datapath ID of our own keeps Open vSwitch from deriving one from the ports,
// which would cut the OpenFlow connection whenever it changes. OpenFlow 1.0 is
// what ovs-ofctl speaks when it is not told otherwise.
func (c Config) bridgeTransaction() []string {
	br := c.Bridge
	args := []string{
		"--no-wait", "add-br", br,
		"--", "set", "bridge", br, "datapath_type=" + string(c.Datapath), "fail_mode=secure",
		"protocols=[OpenFlow10,OpenFlow13,OpenFlow14,OpenFlow15]",
		fmt.Sprintf("other_config:datapath-id=%016x", c.DatapathID),
		"--", "--id=@route", "create", "Flow_Table", "name=route", "prefixes=[ip_dst,ipv6_dst]",
		"--", "set", "bridge", br, fmt.Sprintf("flow_tables:%d=@route", pipeline.TableRoute),
	}
	if len(c.MAC) > 0 {
		args = append(args, "--", "set", "bridge", br, "other_config:hwaddr="+quote(c.MAC.String()))
	}
	for _, k := range slices.Sorted(maps.Keys(c.ExternalIDs)) {
		mark := "external_ids:" + quote(k) + "=" + quote(c.ExternalIDs[k])
		args = append(args, "--", "set", "bridge", br, mark, "--", "set", "Open_vSwitch", ".", mark)
	}
	return args
}

func (s *Switch) path(name string) string { return filepath.Join(s.cfg.Dir, name) }

func (s *Switch) managementSocket() string { return s.path(s.cfg.Bridge + ".mgmt") }

// linksHere is a netlink handle of the calling thread's namespace, which stays
// with it whatever thread uses the handle later.
func linksHere() (*netlink.Handle, error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	ns, err := netns.Get()
	if err != nil {
		return nil, fmt.Errorf("own network namespace: %w", err)
	}
	defer ns.Close()
	return netlink.NewHandleAt(ns, unix.NETLINK_ROUTE) // a kernel may lack the other families
}

// watch waits for the end of a daemon or for Stop, ends what is left, and says so.
func (s *Switch) watch() {
	var err error
	select {
	case <-s.vswitchd.exited:
		err = s.vswitchd.err
	case <-s.database.exited:
		err = s.database.err
	case <-s.stopping:
	}
	s.end(context.Background())
	s.err = err
	close(s.done)
}

// Stop ends the switch: what it made in the kernel goes with it, the run
// directory keeps its logs only. It returns when both daemons are gone; where
// ctx ends first they are killed.
func (s *Switch) Stop(ctx context.Context) error {
	s.stop.Do(func() { close(s.stopping) })
	select {
	case <-s.done:
	case <-ctx.Done():
		s.kill()
		<-s.done
	}
	return s.err
}

func (s *Switch) kill() {
	for _, d := range []*daemon{s.vswitchd, s.database} {
		_ = d.cmd.Process.Kill() // refused only where it has ended
	}
}
