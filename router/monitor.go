package router

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"runtime/debug"
	"time"

	"pseudowan/bgp"
	"pseudowan/bgp/gate"
	"pseudowan/bgp/monitor"
	"pseudowan/bgp/vpn"
	"pseudowan/ovs/pipeline"
	"pseudowan/router/config"
	"pseudowan/router/fib"
	"pseudowan/router/kernel"
	"pseudowan/router/vrf"
	"pseudowan/status"
)

// newHub returns what tells stations of the router's sessions and tables.
func newHub(cfg config.Router, log *slog.Logger) *monitor.Hub {
	version := ""
	if info, ok := debug.ReadBuildInfo(); ok {
		version = " " + info.Main.Version
	}
	return monitor.New(monitor.Router{
		Name: cfg.Router, AS: cfg.AS, ID: cfg.RouterID,
		Description: fmt.Sprintf("pseudowan%s, router %s of lab %s", version, cfg.Router, cfg.Lab),
	}, log)
}

// configureOutlets prepares the interfaces from which connections of the router
// itself leave into VRFs.
func (a *agent) configureOutlets(cfg config.Router) error {
	for _, o := range cfg.Outlets {
		err := a.inside(o.Namespace, func() error { return kernel.ConfigureOutlet(o.Interface, o.Addresses) })
		if err != nil {
			return fmt.Errorf("connections into VRF %s: %w", o.VRF, err)
		}
	}
	return nil
}

// outlets returns the flows by which these connections pass the switch.
func outlets(cfg config.Router) ([]pipeline.Flow, error) {
	var flows []pipeline.Flow
	for _, o := range cfg.Outlets {
		mac, err := net.ParseMAC(o.MAC)
		v := cfg.VRF(o.VRF)
		if err != nil || v == nil {
			return nil, fmt.Errorf("connections into VRF %s: %w", o.VRF, errors.Join(err, errNoVRF))
		}
		p := pipeline.Outlet{Port: o.Port, MAC: mac, VRF: v.ID}
		for _, s := range cfg.Stations {
			if s.VRF == o.VRF {
				p.Peers = append(p.Peers, pipeline.OutletPeer{Local: s.Source, Server: s.Address})
			}
		}
		flows = append(flows, p.Flows()...)
	}
	return flows, nil
}

var errNoVRF = errors.New("no such VRF")

// configureTables tells the hub of the VRFs. Routes follow from the loop.
func (a *agent) configureTables(cfg config.Router) {
	tables := make([]monitor.Table, len(cfg.VRFs))
	for i, v := range cfg.VRFs {
		tables[i] = monitor.Table{VRF: v.Name, RD: v.RD.Bytes()}
	}
	a.loop.hub.SetTables(tables)
}

// stations returns the stations of a configuration.
func (a *agent) stations(cfg config.Router) []monitor.Station {
	list := make([]monitor.Station, len(cfg.Stations))
	for i, s := range cfg.Stations {
		list[i] = monitor.Station{
			Key: monitor.Key{Address: s.Address, VRF: s.VRF}, Source: s.Source,
			Views: monitor.ViewsOf(s.Views), Statistics: s.Statistics, Dial: a.dialer(cfg, s.VRF, s.Source, s.Address),
		}
	}
	return list
}

// configureMonitor replaces the stations and the MRT files.
func (a *agent) configureMonitor(ctx context.Context, cfg config.Router) error {
	var files *monitor.Files
	if m := cfg.MRT; m != nil {
		files = &monitor.Files{
			Directory: m.Directory, Prefix: "pseudowan." + monitor.NamePart(cfg.Lab) + "." + monitor.NamePart(cfg.Router),
			Updates: m.Updates, Tables: m.Tables, Rotate: m.Rotate, Keep: m.Keep,
		}
	}
	hub := a.loop.hub
	hub.Configure(a.stations(cfg))
	hub.SetFiles(files)
	errs := []error{a.speaker.Observe(ctx)}
	for _, s := range a.speakers.All() {
		errs = append(errs, s.Observe(ctx))
	}
	return errors.Join(errs...)
}

// dialer connects to a station: from a VRF, or over the links of the router.
func (a *agent) dialer(cfg config.Router, vrfName string, source netip.Addr, to netip.AddrPort) func(context.Context) (net.Conn, error) {
	if vrfName == "" {
		return func(ctx context.Context) (net.Conn, error) {
			var d net.Dialer
			return d.DialContext(ctx, "tcp", to.String())
		}
	}
	namespace := ""
	for _, o := range cfg.Outlets {
		if o.VRF == vrfName {
			namespace = o.Namespace
		}
	}
	d := net.Dialer{LocalAddr: net.TCPAddrFromAddrPort(netip.AddrPortFrom(source, 0))}
	return func(ctx context.Context) (conn net.Conn, err error) {
		err = a.inside(namespace, func() (err error) {
			conn, err = d.DialContext(ctx, "tcp", to.String())
			return err
		})
		return conn, err
	}
}

// tablePatience bounds how long a station waits for the loop to list a table.
const tablePatience = 10 * time.Second

// tableMessages encodes the table of a VRF for stations.
func (a *agent) tableMessages(name string) []byte {
	ctx, cancel := context.WithTimeout(context.Background(), tablePatience)
	defer cancel()
	paths, err := inLoop(ctx, a.loop, func() (list []*bgp.Path) {
		v := a.loop.vrfs.VRF(name)
		if v == nil {
			return nil
		}
		for key := range a.loop.vrfs.AllBest() {
			if key.VRF == v.ID {
				list = append(list, a.loop.vrfs.Best(key))
			}
		}
		return list
	})
	if err != nil {
		a.log.Warn("table for a station", "vrf", name, "error", err)
	}
	var c gate.Composer
	for _, p := range paths {
		announce(&c, p)
	}
	return c.Messages()
}

// observe tells stations of the changed prefixes of a turn.
func (l *loop) observe(changed map[fib.Key]bool) {
	if !l.hub.Wants(monitor.Local) || len(changed) == 0 {
		return
	}
	composers := map[string]*gate.Composer{}
	for key := range changed {
		v := l.vrfs.ByID(key.VRF)
		if v == nil {
			continue
		}
		c := composers[v.Name]
		if c == nil {
			c = new(gate.Composer)
			composers[v.Name] = c
		}
		if best := l.vrfs.Best(key); best != nil {
			announce(c, best)
		} else {
			path := (&bgp.Route{Prefix: key.Prefix}).PolicyPath()
			path.Family = vpn.FamilyOf(key.Prefix).Plain()
			c.Withdraw(path)
		}
	}
	for name, c := range composers {
		l.hub.Changed(name, c.Messages())
	}
}

// announce adds a route of a VRF as a route of its plain family: the VRF is that of
// the message (RFC 9069 section 4.1).
func announce(c *gate.Composer, best *bgp.Path) {
	path := best.Route.PolicyPath()
	path.Family, path.RD, path.Origin, path.NextHop = path.Family.Plain(), vpn.RD{}, vrf.OriginOf(*best), shownNextHop(*best)
	c.Announce(path, nil)
}

// stationRows lists the BMP stations.
func (a *agent) stationRows() []status.Station {
	rows := []status.Station{}
	for _, s := range a.loop.hub.Stations() {
		row := status.Station{
			Router: a.name, Address: s.Address.Addr(), Port: int(s.Address.Port()), VRF: s.VRF, State: status.StationState(s.State), Since: s.Since, LocalAddress: s.Source,
			Routes: s.Views.Names(), Statistics: s.Statistics.Seconds(),
			Connections: s.Sessions, Messages: s.Messages, Octets: s.Octets, Queued: s.Queued, Dropped: s.Dropped, Overruns: s.Overruns,
			LastError: s.LastError,
		}
		if s.Local.IsValid() {
			row.LocalAddress = s.Local.Addr().Unmap()
		}
		if !s.ErrorAt.IsZero() {
			row.LastErrorAt = &s.ErrorAt
		}
		rows = append(rows, row)
	}
	return rows
}

// fileRows lists the MRT files: one row, or none.
func (a *agent) fileRows() []status.MRT {
	f := a.loop.hub.FilesState()
	if f == nil {
		return []status.MRT{}
	}
	return []status.MRT{{
		Router: a.name, Directory: f.Directory, Updates: f.Updates, Tables: f.Tables.Seconds(), Rotate: f.Rotate.Seconds(), Keep: f.Keep,
		Records: f.Records, Octets: f.Octets, Dropped: f.Dropped, LastFile: f.Last, LastError: f.LastError,
	}}
}
