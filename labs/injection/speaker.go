package injection

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"slices"
	"time"

	"pseudowan/bgp/inject"
	"pseudowan/hosts"
	"pseudowan/labs/build"
	"pseudowan/labs/inventory"
	"pseudowan/labs/keeper"
	"pseudowan/labs/plan"
	"pseudowan/labs/store"
	"pseudowan/router"
	"pseudowan/router/config"
)

// patience is how long a router may take to apply a configuration: one that is busy with a
// million routes takes a while.
const patience = 2 * time.Minute

// add makes a speaker's namespace and wires, and tells the router.
func add(ctx context.Context, lab string, i store.Injection) error {
	list, err := store.Injections(lab)
	if err != nil {
		return err
	}
	// Recorded first: what is made is then removed, whenever this process ends.
	if err := store.SetInjections(lab, append(list, i)); err != nil {
		return err
	}
	for _, name := range i.Namespaces() {
		ns, _, err := hosts.EnsureNamespace(name, hosts.Mark{Lab: lab, Node: i.Router, Kind: hosts.KindPort})
		if err == nil && name != i.Namespace {
			err = hosts.PrepareRouter(ns)
		}
		if err != nil {
			return err
		}
	}
	everything := func(plan.Wire) bool { return true }
	if err := build.New(&plan.Plan{Lab: lab, Namespace: plan.LabNamespace(lab), Wires: i.Wires}, nil).Wires(ctx, everything); err != nil {
		return err
	}
	mac, err := net.ParseMAC(i.Interface.MAC)
	if err != nil {
		return err
	}
	path := hosts.Namespace{Name: i.Namespace}.Path()
	if err := hosts.PrepareHost(path); err != nil {
		return err
	}
	if _, err := hosts.Configure(ctx, path, hosts.Network{Interfaces: []hosts.Interface{{Name: i.Interface.Name, MAC: mac, MTU: i.Interface.MTU, Addresses: i.Interface.Addresses}}}); err != nil {
		return err
	}
	return reconfigure(ctx, lab, i.Router, i.Added)
}

// reconfigure changes the configuration of a running router.
func reconfigure(ctx context.Context, lab, name string, change func(config.Router) config.Router) error {
	c, err := store.RouterConfig(lab, name)
	if err != nil {
		return fmt.Errorf("router %s: its configuration: %w", name, err)
	}
	c = change(c)
	if err := store.WriteRouterConfig(lab, name, c); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, patience, errors.New("its agent has not applied the configuration in time"))
	defer cancel()
	client := router.NewClient(name, store.AgentSocket(lab, name))
	defer client.Close()
	if err := build.HandOver(ctx, client, c); err != nil {
		return fmt.Errorf("router %s: %w", name, err)
	}
	return nil
}

// removeOwn removes a speaker, unless another process has the name by now.
func removeOwn(ctx context.Context, lab, name string, pid int, end bool) error {
	return removeWhere(ctx, lab, func(i store.Injection) bool { return i.Name == name && i.PID == pid }, end)
}

// removeWhere removes the selected speakers of a lab: what they have announced is gone with
// their sessions. With end it also ends their processes.
func removeWhere(ctx context.Context, lab string, selected func(store.Injection) bool, end bool) error {
	held, err := store.Await(ctx, lab)
	if err != nil {
		return err
	}
	defer held.Release()
	if store.GoingDown(lab) {
		return nil
	}
	list, err := store.Injections(lab)
	if err != nil {
		return err
	}
	return remove(ctx, lab, list, selected, end)
}

// remove removes the selected speakers of a list. The caller holds the lab's lock.
func remove(ctx context.Context, lab string, list []store.Injection, selected func(store.Injection) bool, end bool) error {
	var errs []error
	left := slices.Clone(list)
	for _, i := range list {
		if !selected(i) {
			continue
		}
		if end {
			if err := endProcess(ctx, lab, i.Name); err != nil {
				errs = append(errs, err)
				continue
			}
		}
		if err := removeOne(ctx, lab, i); err != nil {
			errs = append(errs, fmt.Errorf("remove the routes %s: %w", i.Name, err))
			continue
		}
		left = slices.DeleteFunc(left, func(x store.Injection) bool { return x.Name == i.Name })
	}
	return errors.Join(append(errs, store.SetInjections(lab, left))...)
}

func removeOne(ctx context.Context, lab string, i store.Injection) error {
	if err := reconfigure(ctx, lab, i.Router, i.Removed); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	at := hosts.Namespace{Name: plan.NodeNamespace(lab, i.Router)}
	var errs []error
	for _, w := range i.Wires {
		if at.Exists() {
			errs = append(errs, hosts.RemoveWire(at.Path(), w.A.Interface))
		}
	}
	for _, name := range i.Namespaces() {
		errs = append(errs, (hosts.Namespace{Name: name, Mark: hosts.Mark{Lab: lab, Node: i.Router, Kind: hosts.KindPort}}).Delete())
	}
	errs = append(errs, removeFile(store.InjectionLog(lab, i.Name)))
	return errors.Join(errs...)
}

func removeFile(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}

// endProcess ends the process of a speaker; of all of a lab, if name is empty.
func endProcess(ctx context.Context, lab, name string) error {
	return hosts.EndProcessesAnd(ctx, nil, func(pid int) bool { return inventory.IsInjector(pid, lab, name) }, keeper.EndGrace)
}

// Forget ends the speakers of a lab for a command that makes the lab as its file says: it
// removes the rest by the marks. It returns what they were, for people.
func Forget(ctx context.Context, lab string) (removed []string, err error) {
	list, err := store.Injections(lab)
	if err == nil && len(list) == 0 {
		return nil, nil
	}
	if err := endProcess(ctx, lab, ""); err != nil {
		return nil, err
	}
	for _, i := range list {
		removed = append(removed, fmt.Sprintf("removed the routes %s: %s at router %s", i.Name, i.What, i.Router))
		if err := removeFile(store.InjectionLog(lab, i.Name)); err != nil {
			return removed, err
		}
	}
	return removed, store.SetInjections(lab, nil)
}

// dropDead removes the speakers whose processes have ended, as after a SIGKILL. The caller
// holds the lab's lock.
func dropDead(ctx context.Context, lab string) ([]store.Injection, error) {
	list, err := store.Injections(lab)
	if err != nil {
		return nil, err
	}
	dead := func(i store.Injection) bool { return !inventory.IsInjector(i.PID, lab, i.Name) }
	if err := remove(ctx, lab, list, dead, false); err != nil {
		return nil, err
	}
	return slices.DeleteFunc(list, dead), nil
}

// wayTo is how a speaker reaches its router.
func wayTo(i plan.Injection, c config.Router, o Options) way {
	w := way{Namespace: i.Namespace}
	for _, s := range i.Sessions {
		cfg := inject.Config{AS: i.AS, PeerAS: c.AS, ID: identifier(i.Number), NextHop: s.Local, Families: s.Families}
		if o.VPN {
			v := c.VRF(o.VRF)
			cfg.VPN = &inject.VPN{RD: v.RD, Targets: v.Import, Label: o.Label, PerRoute: o.PerRoute}
		}
		w.Sessions = append(w.Sessions, waySession{s.Local, s.Peer, cfg})
	}
	return w
}

// identifier is the BGP identifier of a speaker.
func identifier(number int) netip.Addr { return netip.AddrFrom4([4]byte{198, 18, byte(number), 2}) }
