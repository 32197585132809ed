package ovs

import (
	"context"
	"fmt"
	"maps"
	"runtime"
	"slices"
	"strings"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"
	"golang.org/x/sync/errgroup"
	"golang.org/x/sys/unix"

	"pseudowan/checksum"
	"pseudowan/ovs/pipeline"
)

// start adopts the switch of the run directory or starts a new one.
func (s *Switch) start(ctx context.Context) (err error) {
	if s.bridge.links, err = linksHere(); err != nil {
		return err
	}
	// Like the handle above, it stays in the namespace in which it was opened.
	if s.bridge.sums, err = checksum.Open(); err != nil {
		return err
	}
	if s.daemons.launcher, err = newLauncher(); err != nil {
		return err
	}
	if err := makeDir(s.cfg.Dir); err != nil {
		return err
	}
	if s.adopted, err = s.adopt(ctx); err != nil || s.adopted {
		return err
	}
	return s.startNew(ctx)
}

// startNew starts a switch without ports and flows. ovs-vswitchd starts in
// parallel with the transaction that makes the bridge: on its first netdev
// bridge it takes 0.1 s to measure the processor's clock.
func (s *Switch) startNew(ctx context.Context) error {
	if err := emptyDir(ctx, s.cfg.Dir); err != nil {
		return err
	}
	if err := s.daemons.startDatabase(ctx); err != nil {
		return err
	}
	if err := s.cfg.awaitCores(ctx); err != nil {
		return err
	}
	var g errgroup.Group
	g.Go(func() error {
		_, err := s.daemons.tools.vsctl(ctx, append([]string{"--no-wait"}, s.cfg.bridgeTransaction()...)...)
		return err
	})
	err := s.daemons.startVswitchd()
	if err := g.Wait(); err != nil {
		return err
	}
	if err != nil {
		return err
	}
	return s.daemons.vswitchd().await(ctx, func() (err error) {
		s.channel, err = openChannel(ctx, s.daemons.managementSocket())
		return err
	})
}

// bridgeTransaction makes the bridge with fail_mode=secure in one step:
// standalone, it would bridge all VRFs. The tries over ip_dst and ipv6_dst keep
// megaflows as wide as the route allows. With a datapath ID of our own Open
// vSwitch does not derive one from the ports, which would cut the OpenFlow
// connection whenever it changes.
func (c Config) bridgeTransaction() []string {
	br := c.Bridge
	args := []string{
		"set", "Open_vSwitch", ".", "other_config:stats-update-interval=" + statisticsEvery, "other_config:max-revalidator=" + countersEvery,
		"other_config:n-handler-threads=1", "other_config:n-revalidator-threads=1", "--",
		"add-br", br,
		"--", "set", "bridge", br, "datapath_type=" + string(c.Datapath), "fail_mode=secure",
		"protocols=[" + strings.Join(protocols, ",") + "]",
		"other_config:datapath-id=" + datapathID,
		"--", "--id=@route", "create", "Flow_Table", "name=route", "prefixes=[ip_dst,ipv6_dst]",
		"--", "set", "bridge", br, fmt.Sprintf("flow_tables:%d=@route", pipeline.TableRoute),
	}
	for _, k := range slices.Sorted(maps.Keys(c.ExternalIDs)) {
		mark := "external_ids:" + quote(k) + "=" + quote(c.ExternalIDs[k])
		args = append(args, "--", "set", "bridge", br, mark, "--", "set", "Open_vSwitch", ".", mark)
	}
	return args
}

// What a hundred switches of one server do when nothing happens adds up. The
// statistics in the database are read by nobody; counters of flows lag by up to
// countersEvery (milliseconds), unless they are asked for exactly. By default, the
// number of threads grows with the processors.
const (
	statisticsEvery = "60000"
	countersEvery   = "10000"
)

// datapathID is the datapath ID of every bridge: each is the only one of its switch.
const datapathID = "0000000000000001"

// linksHere opens a netlink handle in the calling thread's namespace. It stays
// there, whatever thread uses it later.
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

// Stop ends the switch and removes what it made in the kernel. The run directory
// keeps only the logs. Stop returns when both daemons are gone; if ctx ends
// first, they are killed.
func (s *Switch) Stop(ctx context.Context) error {
	s.stop.Do(func() { close(s.stopping) })
	select {
	case <-s.daemons.done:
	case <-ctx.Done():
		for _, d := range []*daemon{s.daemons.vswitchd(), s.daemons.database()} {
			d.signal(unix.SIGKILL)
		}
		<-s.daemons.done
	}
	return s.err
}

// Leave leaves the switch running as it is, to be adopted by the next Start.
func (s *Switch) Leave() {
	s.stop.Do(func() {
		s.leave = true
		close(s.stopping)
	})
	<-s.daemons.done
}
