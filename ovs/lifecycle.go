package ovs

import (
	"context"
	"fmt"
	"maps"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/safchain/ethtool"
	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"
	"golang.org/x/sync/errgroup"
	"golang.org/x/sys/unix"

	"pseudowan/ovs/ovsdb"
	"pseudowan/ovs/pipeline"
)

// start adopts the switch of the run directory or starts a new one.
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
	if err := makeDir(s.cfg.Dir); err != nil {
		return err
	}
	if s.adopted, err = s.adopt(ctx); err != nil || s.adopted {
		return err
	}
	return s.startNew(ctx)
}

// startNew starts a switch without ports and flows. ovs-vswitchd is started
// beside the transaction that makes the bridge: it needs 0.1 s to measure the
// processor's clock whenever it sees its first netdev bridge.
func (s *Switch) startNew(ctx context.Context) error {
	if err := emptyDir(ctx, s.cfg.Dir); err != nil {
		return err
	}
	if err := s.startDatabase(ctx); err != nil {
		return err
	}
	if err := s.cfg.awaitCores(ctx); err != nil {
		return err
	}
	var g errgroup.Group
	g.Go(func() error {
		_, err := s.tools.vsctl(ctx, append([]string{"--no-wait"}, s.cfg.bridgeTransaction()...)...)
		return err
	})
	err := s.startVswitchd()
	if err := g.Wait(); err != nil {
		return err
	}
	if err != nil {
		return err
	}
	return s.vswitchd().await(ctx, func() (err error) {
		s.channel, err = openChannel(ctx, s.managementSocket())
		return err
	})
}

// startDatabase starts ovsdb-server on the database file that is there.
func (s *Switch) startDatabase(ctx context.Context) error {
	socket := s.path(databaseSocket)
	d, err := startDaemon(s.launcher, s.tools, databaseServer, s.path(databaseFile), "--remote=punix:"+socket)
	if err != nil {
		return err
	}
	s.daemons.Lock()
	s.daemons.database = d
	s.daemons.Unlock()
	if err := d.await(ctx, func() error { return probe(socket) }); err != nil {
		return err
	}
	return s.connect(ctx)
}

// startVswitchd starts ovs-vswitchd.
func (s *Switch) startVswitchd() error {
	d, err := startDaemon(s.launcher, s.tools, switchDaemon, "unix:"+s.path(databaseSocket))
	if err != nil {
		return err
	}
	s.daemons.Lock()
	defer s.daemons.Unlock()
	s.daemons.vswitchd = d
	return nil
}

// connect opens a connection to the database on which the switch hears at once
// of what others do to its bridge.
func (s *Switch) connect(ctx context.Context) error {
	c, err := ovsdb.Dial(ctx, s.path(databaseSocket))
	if err != nil {
		return err
	}
	if err := c.Monitor(ctx, map[string][]string{"Bridge": bridgeColumns}); err != nil {
		c.Close()
		return err
	}
	s.daemons.Lock()
	defer s.daemons.Unlock()
	if s.daemons.connection != nil {
		s.daemons.connection.Close()
	}
	s.daemons.connection = c
	return nil
}

func (s *Switch) database() *daemon {
	s.daemons.Lock()
	defer s.daemons.Unlock()
	return s.daemons.database
}

func (s *Switch) vswitchd() *daemon {
	s.daemons.Lock()
	defer s.daemons.Unlock()
	return s.daemons.vswitchd
}

func (s *Switch) connection() *ovsdb.Conn {
	s.daemons.Lock()
	defer s.daemons.Unlock()
	return s.daemons.connection
}

// bridgeTransaction makes the bridge before ovs-vswitchd looks, so that it never
// exists without fail_mode=secure: standalone, it would bridge all VRFs. The
// tries over ip_dst and ipv6_dst keep megaflows as wide as the route needs. A
// datapath ID of our own keeps Open vSwitch from deriving one from the ports,
// which would cut the OpenFlow connection whenever it changes.
func (c Config) bridgeTransaction() []string {
	br := c.Bridge
	args := []string{
		"add-br", br,
		"--", "set", "bridge", br, "datapath_type=" + string(c.Datapath), "fail_mode=secure",
		"protocols=[" + strings.Join(protocols, ",") + "]",
		"other_config:datapath-id=" + c.datapathID(),
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

func (c Config) datapathID() string { return fmt.Sprintf("%016x", c.DatapathID) }

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

// Stop ends the switch: what it made in the kernel goes with it, the run
// directory keeps its logs only. It returns when both daemons are gone; where
// ctx ends first they are killed.
func (s *Switch) Stop(ctx context.Context) error {
	s.stop.Do(func() { close(s.stopping) })
	select {
	case <-s.done:
	case <-ctx.Done():
		for _, d := range []*daemon{s.vswitchd(), s.database()} {
			d.signal(unix.SIGKILL)
		}
		<-s.done
	}
	return s.err
}

// Leave lets go of the switch and leaves it running as it is, to be adopted by
// the next Start.
func (s *Switch) Leave() {
	s.stop.Do(func() {
		s.leave = true
		close(s.stopping)
	})
	<-s.done
}
