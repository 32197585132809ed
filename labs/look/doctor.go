package look

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"regexp"
	"slices"
	"strings"

	"pseudowan/doctor"
	"pseudowan/hosts"
	"pseudowan/labs/catalog"
	"pseudowan/labs/inventory"
	"pseudowan/labs/plan"
	"pseudowan/labs/store"
	"pseudowan/status"
	"pseudowan/topology"
)

// DoctorOptions select the lab for which the server is judged.
type DoctorOptions struct {
	Lab   string // as for catalog.Load, or a running lab; "": no lab in particular
	Stdin io.Reader
	NICs  map[string]string // the server's names for NICs, by the topology's
}

// Doctor judges whether a lab can run on this server, and checks the running labs.
// Without root it reports what can be seen. It changes nothing.
func Doctor(ctx context.Context, o DoctorOptions) ([]status.Finding, error) {
	var need doctor.Need
	runtimes := inventory.FindRuntimes(ctx, nil)
	if o.Lab == "" {
		need.Builtin = noBuiltinImage(runtimes, inventory.Opened.Usable)
	}
	if o.Lab != "" {
		t, _, err := catalog.Load(o.Lab, o.Stdin, inventory.Known()...)
		if errors.Is(err, status.ErrNotFound) {
			if running := store.Topology(o.Lab); running != nil {
				t, err = running, nil
			}
		}
		if err != nil {
			return nil, err
		}
		if err := t.LendNICs(plan.NICNames(t, nicNames(t.Name), o.NICs)); err != nil {
			return nil, err
		}
		plan, err := plan.New(t, plan.Allocations{}, runtimes.Choose("", t.Runtime, ""))
		if err != nil {
			return nil, err
		}
		need = NeedOf(runtimes, plan, t.Datapath)
	}
	var there []doctor.Lab
	if os.Geteuid() == 0 {
		var err error
		if there, err = labsHere(ctx); err != nil && doctor.CheckPrivileges() == nil {
			return nil, err
		}
	}
	if slices.ContainsFunc(there, func(l doctor.Lab) bool { return l.Name == need.Lab && l.Routers > 0 }) {
		Relax(&need)
	}
	return doctor.Check(ctx, need, there, daemons(ctx, runtimes, need.Images)), nil
}

// daemons describes the daemons of the runtimes with containers.
func daemons(ctx context.Context, runtimes inventory.Runtimes, images []string) []doctor.Daemon {
	var all []doctor.Daemon
	for _, o := range runtimes {
		c, ok := o.Runtime.(hosts.Containers)
		switch {
		case ok:
			d := c.Daemon(ctx, images)
			all = append(all, doctor.Daemon{
				Runtime: c.Name(), Name: d.Name, Installed: d.Installed, Problem: d.Problem,
				Version: d.Version, API: d.API, Cgroup: d.Cgroup, Absent: d.Absent,
				Install: d.Install, Start: d.Start, Pull: d.Pull,
			})
		case o.Driver.Containers:
			all = append(all, doctor.Daemon{Runtime: o.Driver.Name, Name: o.Driver.Name, Problem: o.Absent.Error()})
		}
	}
	return all
}

// Relax reduces the needs of a running lab to what it does not have yet.
func Relax(n *doctor.Need) {
	n.Runs = true
	applied, cut, known := store.Before(n.Lab)
	for _, p := range append(cut, applied) {
		n.NICs = slices.DeleteFunc(n.NICs, func(name string) bool { // it is in its router
			return slices.ContainsFunc(p.NICs, func(lent plan.NIC) bool { return lent.NIC == name })
		})
		n.OnSegments = slices.DeleteFunc(n.OnSegments, func(s doctor.SegmentNIC) bool {
			return slices.ContainsFunc(p.NICs, func(lent plan.NIC) bool { return lent.NIC == s.NIC })
		})
	}
	if !known || applied.Lab == "" {
		n.NICs, n.OnSegments = nil, nil // some may be in their routers
		return
	}
	arp, nd := neighboursOf(&applied)
	n.ARP, n.ND = beyond(n.ARP, arp), beyond(n.ND, nd)
}

// nicNames returns the names that the lab's NICs were given before.
func nicNames(lab string) map[string]string {
	applied, _, _ := store.Before(lab)
	return applied.NICNames
}

// NeedOf returns what a plan needs from the server.
func NeedOf(runtimes inventory.Runtimes, p *plan.Plan, datapath string) doctor.Need {
	n := doctor.Need{
		Lab: p.Lab, Hosts: len(p.Hosts), Ports: map[string]int{},
		Segments: len(p.Segments) > 0, Datapath: datapath, Programs: map[string]string{}, Packages: map[string]string{},
	}
	for _, r := range p.Routers {
		n.Ports[r.Name] = 2*len(r.Config.Core) + len(r.Config.Access)
		for _, c := range r.Config.Core {
			if c.XDP {
				n.XDP++
			}
		}
	}
	n.ARP, n.ND = neighboursOf(p)
	n.BFD = bfdOf(p)
	n.Size = sizeOf(runtimes, p)
	n.Exempt = exemptEntries
	builtin := map[string]bool{} // runtimes whose own image is needed
	for _, h := range p.Hosts {
		n.LANs = n.LANs || slices.ContainsFunc(h.Interfaces, plan.Interface.LAN)
		n.Runtimes = append(n.Runtimes, h.Runtime)
		switch {
		case h.Machine != nil:
			n.Programs["qemu-system-x86_64"] = h.Name
			if find := runtimes.Find(h.Runtime).Driver.Accelerator; find != nil {
				n.Accelerator = find()
			}
		case !runtimes.HoldsContainers(h.Runtime):
			for _, program := range programsOf(h) {
				n.Programs[program] = h.Name
			}
			for _, name := range h.Packages {
				n.Packages[name] = h.Name
			}
		case h.Image != "":
			n.Images = append(n.Images, h.Image)
		case h.Build == "":
			builtin[h.Runtime] = true
		}
	}
	for _, s := range p.Segments {
		if len(s.Guards) > 0 {
			n.Guard, n.Programs["nft"] = "nft", s.Guards[0].Host
		}
	}
	n.Builtin = noBuiltinImage(runtimes, func(o inventory.Opened) bool { return builtin[o.Driver.Name] })
	for _, row := range p.Names {
		n.IPv6 = n.IPv6 || row.Address.Is6()
	}
	for _, nic := range p.NICs {
		n.NICs = append(n.NICs, nic.NIC)
	}
	needOfServer(&n, p, func(string) bool { return true })
	for _, s := range []*[]string{&n.Runtimes, &n.Images, &n.NICs} {
		slices.Sort(*s)
		*s = slices.Compact(*s)
	}
	return n
}

// noBuiltinImage returns why one of the selected runtimes cannot make its built-in
// image; "" if all can.
func noBuiltinImage(r inventory.Runtimes, selected func(inventory.Opened) bool) string {
	for _, name := range r.Select(selected) {
		if c := r.Containers(name); c != nil {
			if err := c.Builtin(); err != nil {
				return err.Error()
			}
		}
	}
	return ""
}

// execs matches the programs that a shell script executes in its place.
var execs = regexp.MustCompile(`(?m)^\s*exec ([\w.-]+)(\s|$)`)

// programsOf returns the programs that must be in PATH for a host's command and its
// services, as far as they can be read from them.
func programsOf(h plan.Host) (names []string) {
	if h.Env["PATH"] != "" {
		return nil
	}
	names = programsIn(h.Command)
	for _, s := range h.Services {
		for _, name := range programsIn(s.Command) {
			if !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	return names
}

// programsIn returns the programs of one command.
func programsIn(command []string) (names []string) {
	if len(command) == 0 {
		return nil
	}
	names = []string{command[0]}
	if len(command) > 2 && command[1] == "-c" {
		for _, match := range execs.FindAllStringSubmatch(command[2], -1) {
			names = append(names, match[1])
		}
	}
	own := func(name string) bool { return name == "pseudowan" || strings.Contains(name, "/") } // in a host, and those that it has itself
	return slices.DeleteFunc(names, own)
}

// labsHere lists the labs of which anything exists on this server.
func labsHere(ctx context.Context) ([]doctor.Lab, error) {
	names, err := inventory.Names(ctx)
	if err != nil {
		return nil, err
	}
	for _, root := range []string{store.RunRoot, store.StateRoot} {
		entries, err := os.ReadDir(root)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		for _, e := range entries {
			if e.IsDir() && store.IsName(e.Name()) && (store.Present(e.Name()) || store.Begun(e.Name())) { // .lock is not a lab
				names = append(names, e.Name())
			}
		}
	}
	slices.SortFunc(names, topology.CompareNames)
	var out []doctor.Lab
	for _, name := range slices.Compact(names) {
		l, err := labHere(ctx, name)
		if err != nil {
			return nil, err
		}
		out = append(out, l)
	}
	return out, nil
}

func labHere(ctx context.Context, name string) (doctor.Lab, error) {
	l := doctor.Lab{Name: name, Changing: store.Locked(name)}
	found, err := inventory.Of(ctx, name, nil)
	if err != nil {
		return l, err
	}
	for _, dir := range []string{store.RunDir(name), store.StateDir(name)} {
		if _, err := os.Stat(dir); err == nil {
			l.Files = append(l.Files, dir)
		}
	}
	countNodes(&l, nodesOf(ctx, found, name), found.Unseen)
	if err := found.Unseen.Err(); err != nil {
		l.Wrong = append(l.Wrong, err.Error())
	}
	if pid := inventory.FindProcesses().Keeper(name); l.Routers > 0 && !l.Changing && (pid == 0 || inventory.Stopped(pid)) {
		l.Wrong = append(l.Wrong, "its keeper is not running")
	}
	switch own := len(found.ByKind(hosts.KindLab)) > 0; {
	case !own && l.Routers+l.Hosts > 0:
		l.Wrong = append(l.Wrong, "its own namespace is missing")
	case own && l.Routers+l.Hosts == 0:
		l.Wrong = []string{"only its own namespace remains"}
	}
	if store.GoingDown(name) && !l.Changing {
		l.Wrong = append(l.Wrong, "its removal was interrupted")
	}
	return l, nil
}

// countNodes counts a lab's routers and hosts, and adds what is wrong with them.
func countNodes(l *doctor.Lab, nodes []status.Node, unseen *inventory.UnseenHosts) {
	there := map[string]bool{}
	for _, n := range nodes {
		for _, s := range n.Services {
			if !s.Up() {
				l.Wrong = append(l.Wrong, "service "+s.Name+" of host "+n.Node+": "+string(s.State))
			}
		}
		there[n.Node] = true
		if n.Kind == status.Router {
			l.Routers++
		} else {
			l.Hosts++
		}
		if n.State != status.NodeRunning && !unseen.Has(n.Node) {
			l.Wrong = append(l.Wrong, fmt.Sprintf("%s %s: %s", n.Kind, n.Node, n.State))
		}
	}
	if len(nodes) > 0 {
		l.Wrong = append(l.Wrong, missingNodes(l.Name, there)...)
	}
}

// missingNodes lists the nodes of the applied plan that do not exist.
func missingNodes(lab string, there map[string]bool) (missing []string) {
	applied, err := store.Applied(lab)
	if err != nil {
		return nil
	}
	for _, r := range applied.Routers {
		if !there[r.Name] {
			missing = append(missing, "router "+r.Name+" is missing")
		}
	}
	for _, h := range applied.Hosts {
		if !there[h.Name] {
			missing = append(missing, "host "+h.Name+" is missing")
		}
	}
	return missing
}
