package look

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"pseudowan/hosts"
	"pseudowan/labs/inventory"
	"pseudowan/labs/plan"
	"pseudowan/labs/store"
	"pseudowan/logfile"
	"pseudowan/status"
	"pseudowan/support"
)

// SupportOptions select what is collected.
type SupportOptions struct {
	Lab     string // "": all
	Version string // of the program
	Now     time.Time
	Step    func(message string)
}

// commandPatience is how long one command or one table may take.
const commandPatience = 20 * time.Second

// Support writes what a bug report needs as a tar.gz: the server, the labs' files, tables,
// flows, interfaces and logs, without passwords. What cannot be collected is listed in it.
func Support(ctx context.Context, o SupportOptions, w io.Writer) error {
	if err := inventory.NeedRoot(); err != nil {
		return err
	}
	names, err := inventory.Names(ctx)
	if err != nil {
		return err
	}
	if o.Lab != "" {
		if o.Lab, err = pick(ctx, o.Lab); err != nil {
			return err
		}
		names = []string{o.Lab}
	}
	c := collection{ctx, support.New(w, "pseudowan-support", support.NewMask(secretsOf(names)), o.Now)}
	o.Step("looking at the server")
	c.server(o.Version)
	for _, lab := range names {
		o.Step("collecting lab " + lab)
		c.lab(lab)
	}
	if err := ctx.Err(); err != nil {
		return context.Cause(ctx)
	}
	return c.Close()
}

// secretsOf lists the passwords of labs, and the variables of hosts that are named so.
func secretsOf(labs []string) (all []string) {
	for _, lab := range labs {
		if t := store.Topology(lab); t != nil {
			for _, p := range t.Passwords() {
				all = append(all, p.Text)
			}
		}
		applied, err := store.Applied(lab)
		if err != nil {
			continue
		}
		for _, r := range applied.Routers {
			cfg, _ := store.RouterConfig(lab, r.Name) // it may be gone
			for _, secret := range cfg.Secrets {
				all = append(all, secret)
			}
		}
		for _, h := range applied.Hosts {
			for name, value := range h.Env {
				if support.Named(name) {
					all = append(all, value)
				}
			}
		}
	}
	return all
}

// collection is an archive that is being filled.
type collection struct {
	ctx context.Context
	*support.Archive
}

func (c collection) server(version string) {
	c.Add("version.txt", []byte(version+"\n"))
	c.json("doctor.json", func(ctx context.Context) (any, error) { return Doctor(ctx, DoctorOptions{}) })
	c.json("ps.json", func(ctx context.Context) (any, error) { return Nodes(ctx, "") })
	for name, argv := range map[string][]string{
		"uname.txt": {"uname", "-a"}, "ovs-version.txt": {"ovs-vsctl", "--version"}, "memory.txt": {"free", "-m"}, "load.txt": {"uptime"},
		"processes.txt": {"ps", "axo", "pid,ppid,stat,etimes,rss,pcpu,comm"},
	} {
		c.command(filepath.Join("server", name), exec.Command(argv[0], argv[1:]...))
	}
	c.file("server/os-release.txt", "/etc/os-release")
}

// json adds a value, as far as there is one.
func (c collection) json(name string, get func(context.Context) (any, error)) {
	c.Try(name, func() ([]byte, error) {
		ctx, cancel := context.WithTimeout(c.ctx, commandPatience)
		defer cancel()
		v, err := get(ctx)
		text, jsonErr := json.MarshalIndent(v, "", "  ")
		return text, errors.Join(err, jsonErr)
	})
}

// command adds the output of a command.
func (c collection) command(name string, cmd *exec.Cmd) {
	c.Try(name, func() ([]byte, error) {
		var out bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &out
		if err := cmd.Start(); err != nil {
			return nil, err
		}
		limit := time.AfterFunc(commandPatience, func() { _ = cmd.Process.Kill() })
		defer limit.Stop()
		err := cmd.Wait()
		return out.Bytes(), err
	})
}

func (c collection) file(name, path string) {
	c.Try(name, func() ([]byte, error) { return os.ReadFile(path) })
}

// lab collects one lab.
func (c collection) lab(lab string) {
	under := func(name string) string { return filepath.Join("labs", lab, name) }
	c.file(under("topology.yaml"), filepath.Join(store.StateDir(lab), "topology.yaml"))
	c.json(under("plan.json"), func(context.Context) (any, error) { return store.Applied(lab) })
	c.json(under("keeper.json"), func(context.Context) (any, error) { return store.ReadKeeperState(lab) })
	c.json(under("faults.json"), func(context.Context) (any, error) { return store.Faults(lab) })
	c.json(under("audit.json"), func(ctx context.Context) (any, error) {
		return Audit(ctx, AuditOptions{Lab: lab, Step: func(string) {}})
	})
	c.tables(lab, under)
	found, err := inventory.Of(c.ctx, lab, nil)
	c.Try(under("inventory.txt"), func() ([]byte, error) { return nil, err })
	for _, ns := range found.ByKind(hosts.KindRouter) {
		c.router(lab, ns, under("routers/"+ns.Mark.Node))
	}
	for _, s := range found.Hosts {
		c.host(found, s, under("hosts/"+s.Node))
	}
	c.network(hosts.Namespace{Name: plan.LabNamespace(lab)}.Path(), under("network.txt"))
	c.file(under("keeper.log"), store.KeeperLog(lab))
}

// tables collects what show shows.
func (c collection) tables(lab string, under func(string) string) {
	l, err := Open(c.ctx, lab)
	if err != nil {
		c.Try(under("show"), func() ([]byte, error) { return nil, err })
		return
	}
	f := Filter{}
	for name, ask := range map[string]func(context.Context) (any, error){
		"peer":      func(ctx context.Context) (any, error) { return l.Peers(ctx, f) },
		"interface": func(ctx context.Context) (any, error) { return l.Interfaces(ctx, f) },
		"arp":       func(ctx context.Context) (any, error) { return l.Neighbors(ctx, f) },
		"vrf":       func(ctx context.Context) (any, error) { return l.VRFs(ctx, f) },
		"mpls":      func(ctx context.Context) (any, error) { return l.MPLS(ctx, f) },
		"flow":      func(ctx context.Context) (any, error) { return l.Flows(ctx, f, true) },
		"port":      func(ctx context.Context) (any, error) { return l.Ports(ctx, f) },
		"rib":       func(ctx context.Context) (any, error) { return l.RIB(ctx, f) },
		"guard":     func(ctx context.Context) (any, error) { return l.Guards(ctx, f) },
		"bmp":       func(ctx context.Context) (any, error) { return l.Stations(ctx, f) },
		"mrt":       func(ctx context.Context) (any, error) { return l.MRT(ctx, f) },
	} {
		c.json(under("show/"+name+".json"), ask)
	}
}

func (c collection) router(lab string, ns hosts.Namespace, dir string) {
	node := ns.Mark.Node
	c.Try(dir+"/config.json", func() ([]byte, error) { return routerConfig(store.ConfigFile(lab, node)) })
	halt, halted := store.Halts(lab)[node]
	if !halted || !halt.Paused { // its switch would not answer
		box := hosts.Sandbox{Lab: lab, Node: store.RouterDirName(node), Name: ns.Name, NetNS: ns.Path()}
		for name, argv := range map[string][]string{
			"flows.txt":  {"ovs-ofctl", "-O", "OpenFlow13", "dump-flows", "br0"},
			"groups.txt": {"ovs-ofctl", "-O", "OpenFlow13", "dump-groups", "br0"},
			"meters.txt": {"ovs-ofctl", "-O", "OpenFlow13", "dump-meters", "br0"},
			"ports.txt":  {"ovs-ofctl", "-O", "OpenFlow13", "dump-ports-desc", "br0"},
			"bridge.txt": {"ovs-vsctl", "list", "Bridge"},
			"ovsdb.txt":  {"ovs-vsctl", "list", "Interface"},
		} {
			cmd, err := inventory.Homes.Command(c.ctx, box, hosts.Exec{Argv: argv})
			if err != nil {
				c.Try(dir+"/"+name, func() ([]byte, error) { return nil, err })
				continue
			}
			c.command(dir+"/"+name, cmd)
		}
	}
	c.network(ns.Path(), dir+"/network.txt")
	for _, path := range store.RouterLogs(store.RouterDir(lab, node)) {
		c.log(dir+"/"+filepath.Base(path), path)
	}
}

// routerConfig reads a router's configuration without the passwords that its sessions name.
func routerConfig(path string) ([]byte, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	if text, err = support.Secrets(text, "secrets"); err != nil {
		return nil, fmt.Errorf("%s: it cannot be read, and may have passwords: %w", path, err)
	}
	return text, nil
}

func (c collection) host(found inventory.Inventory, s hosts.Sandbox, dir string) {
	if s.Running() {
		c.network(s.NetNS, dir+"/network.txt")
	}
	c.Try(dir+"/command.log", func() ([]byte, error) {
		var b bytes.Buffer
		_, err := hostLog(c.ctx, found, s, LogOptions{Last: linesOfLog}, &b)
		return b.Bytes(), err
	})
	for _, service := range servicesOf(s.Lab, s.Node, store.Topology(s.Lab)) {
		c.Try(dir+"/service-"+service.Name+".log", func() ([]byte, error) {
			var b bytes.Buffer
			_, err := serviceLog(c.ctx, s.Lab, []status.Service{service}, LogOptions{Service: service.Name, Last: linesOfLog}, &b)
			return b.Bytes(), err
		})
	}
}

// linesOfLog limits a log.
const linesOfLog = 5000

func (c collection) log(name, path string) {
	c.Try(name, func() ([]byte, error) {
		var b bytes.Buffer
		err := logfile.Copy(c.ctx, &b, path, logfile.CopyOptions{Last: linesOfLog, Written: func() bool { return true }})
		if errors.Is(err, os.ErrNotExist) {
			err = nil
		}
		return b.Bytes(), err
	})
}

// network adds the interfaces, addresses, routes and neighbours in a namespace.
func (c collection) network(path, name string) {
	var lines []string
	for _, what := range []string{"-d -s link show", "addr show", "-4 route show table all", "-6 route show table all", "neigh show"} {
		lines = append(lines, fmt.Sprintf("echo '# ip %s'; ip %s", what, what))
	}
	if !slices.ContainsFunc([]string{"/usr/bin/nsenter", "/bin/nsenter"}, func(p string) bool { _, err := os.Stat(p); return err == nil }) {
		return
	}
	c.command(name, exec.CommandContext(c.ctx, "nsenter", "--net="+path, "sh", "-c", strings.Join(lines, "; ")))
}
