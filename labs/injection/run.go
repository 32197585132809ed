package injection

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"time"

	"pseudowan/bgp/inject"
	"pseudowan/labs/inventory"
	"pseudowan/labs/plan"
	"pseudowan/labs/store"
	"pseudowan/router"
	"pseudowan/router/config"
)

// Run adds a speaker to a lab and waits until its pattern or ctx ends, or, if it is kept,
// until all routes are announced. Then nothing of it is left, unless it is kept.
func Run(ctx context.Context, o Options) (Report, error) {
	if err := inventory.NeedRoot(); err != nil {
		return Report{}, err
	}
	lab, err := inventory.Pick(ctx, o.Lab)
	if err != nil {
		return Report{}, err
	}
	o.Lab = lab
	all, err := configs(lab)
	if err != nil {
		return Report{}, err
	}
	at, err := place(all, o)
	if err != nil {
		return Report{}, err
	}
	o.Router = at.Router
	number, err := reserve(ctx, lab)
	if err != nil {
		return Report{}, err
	}
	if !o.VPN && o.AS == at.AS {
		return Report{}, fmt.Errorf("AS %d is that of router %s; a customer's router has another one", o.AS, at.Router)
	}
	r := &run{Options: o, all: all, at: at, injection: plan.Inject(at, plan.InjectionRequest{
		Number: number, VRF: o.VRF, VPN: o.VPN, AS: o.AS, IPv4: o.Routes.IPv4, IPv6: o.Routes.IPv6,
	})}
	r.report = Report{Lab: lab, Router: o.Router, VRF: o.VRF, Name: r.injection.Name, Kept: o.Keep}
	return r.report, r.do(ctx, &r.report)
}

// configs are the configurations of a lab's routers.
func configs(lab string) ([]config.Router, error) {
	applied, err := store.Applied(lab)
	if err != nil {
		return nil, fmt.Errorf("lab %s: its plan is gone; `pseudowan up` makes it again: %w", lab, err)
	}
	var all []config.Router
	for _, r := range applied.Routers {
		all = append(all, r.Config)
	}
	return all, nil
}

// reserve removes speakers whose processes have ended, and returns a free number.
func reserve(ctx context.Context, lab string) (int, error) {
	held, err := store.Acquire(ctx, lab)
	if err != nil {
		return 0, err
	}
	defer held.Release()
	list, err := dropDead(ctx, lab)
	if err != nil {
		return 0, err
	}
	for n := 1; n <= plan.MaxInjections; n++ {
		if !slices.ContainsFunc(list, func(i store.Injection) bool { return i.Number == n }) {
			return n, nil
		}
	}
	return 0, fmt.Errorf("lab %s has %d speakers with injected routes, and no more are possible; `pseudowan inject %s --withdraw` removes them", lab, len(list), lab)
}

// run is an injection that is going on.
type run struct {
	Options
	all       []config.Router
	at        config.Router
	injection plan.Injection
	report    Report

	cmd    *exec.Cmd
	in     io.WriteCloser
	out    io.ReadCloser
	events *json.Decoder
}

func (r *run) do(ctx context.Context, report *Report) error {
	if r.Routes.MRT == "" { // their number is known before they are made
		if err := r.room(r.Routes.Count); err != nil {
			return err
		}
	}
	if err := r.start(); err != nil {
		return err
	}
	defer r.in.Close()
	stopped := make(chan struct{})
	defer close(stopped)
	go func() {
		select {
		case <-ctx.Done():
			r.in.Close() // which ends the process, unless it is kept
			if r.Keep {
				r.out.Close()
			}
		case <-stopped:
		}
	}()
	err := r.prepare(ctx, report)
	if err == nil {
		err = r.introduce(ctx)
	}
	if err == nil {
		err = r.follow(ctx, report)
	}
	if err == nil && r.Keep {
		return nil
	}
	return errors.Join(err, r.finish())
}

// finish ends the process and removes the speaker.
func (r *run) finish() error {
	r.in.Close()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	ended := make(chan struct{})
	go func() { r.cmd.Wait(); close(ended) }()
	select {
	case <-ended:
	case <-time.After(patience / 2):
	}
	err := removeOwn(ctx, r.Lab, r.injection.Name, r.cmd.Process.Pid, true)
	return errors.Join(err, removeFile(store.InjectionLog(r.Lab, r.injection.Name)))
}

// start starts the process of the speaker, which prepares the routes.
func (r *run) start() error {
	r.Step("preparing " + r.Routes.String())
	r.cmd = exec.Command(inventory.SelfPath, inventory.InjectorArgs(r.Lab, r.injection.Name)...)
	r.cmd.Dir, r.cmd.SysProcAttr = "/", &syscall.SysProcAttr{Setsid: true}
	log, err := os.Create(store.InjectionLog(r.Lab, r.injection.Name))
	if err != nil {
		return err
	}
	defer log.Close()
	r.cmd.Stderr = log
	if r.in, err = r.cmd.StdinPipe(); err != nil {
		return err
	}
	if r.out, err = r.cmd.StdoutPipe(); err != nil {
		return err
	}
	r.events = json.NewDecoder(r.out)
	if err := r.cmd.Start(); err != nil {
		return fmt.Errorf("start the speaker: %w", err)
	}
	return json.NewEncoder(r.in).Encode(r.job())
}

func (r *run) job() job {
	j := job{Routes: r.Routes, AS: r.injection.AS, Pattern: r.Pattern, Keep: r.Keep}
	if r.injection.AS == r.at.AS {
		j.AS = 0 // in an internal session nobody is added to AS paths
	}
	j.Avoid, j.NotAS = taken(r.all)
	return j
}

// event reads an event, which may be why the process ends.
func (r *run) event(ctx context.Context) (e Event, err error) {
	if err = r.events.Decode(&e); err == nil && e.Error == "" {
		return e, nil
	}
	switch {
	case ctx.Err() != nil:
		return e, ctx.Err()
	case e.Error != "":
		return e, errors.New(e.Error)
	}
	if words := r.lastWords(); words != "" {
		return e, fmt.Errorf("the process of the speaker has ended:\n%s", words)
	}
	return e, fmt.Errorf("the process of %s has ended", r.injection.Name)
}

// lastWords is the end of what a process has written that ended by mistake.
func (r *run) lastWords() string {
	const few = 2000
	text, _ := os.ReadFile(store.InjectionLog(r.Lab, r.injection.Name)) // it need not have written anything
	if len(text) == 0 {
		return ""
	}
	return strings.TrimSpace(string(text[:min(len(text), few)]))
}

// prepare waits until the routes are there, and refuses more than memory has room for.
func (r *run) prepare(ctx context.Context, report *Report) error {
	e, err := r.event(ctx)
	if err != nil {
		return err
	}
	if e.Prepared == nil {
		return errors.New("the process of the speaker is of another version")
	}
	report.Prepared = *e.Prepared
	r.say(e)
	return r.room(e.Prepared.Routes)
}

// introduce adds the speaker to the lab and tells its process the way.
func (r *run) introduce(ctx context.Context) error {
	r.Step("adding " + r.injection.Name + " to router " + r.Router)
	held, err := store.Acquire(ctx, r.Lab)
	if err != nil {
		return err
	}
	defer held.Release()
	list, err := store.Injections(r.Lab)
	if err != nil {
		return err
	}
	if slices.ContainsFunc(list, func(i store.Injection) bool { return i.Number == r.injection.Number }) {
		return fmt.Errorf("another command has just added %s to lab %s; try again", r.injection.Name, r.Lab)
	}
	if err := add(ctx, r.Lab, store.Injection{Injection: r.injection, PID: r.cmd.Process.Pid, What: r.Routes.String(), Kept: r.Keep}); err != nil {
		return err
	}
	return json.NewEncoder(r.in).Encode(wayTo(r.injection, r.at, r.Options))
}

// follow reads events until the process ends or, if the speaker is kept, the router has
// heard all.
func (r *run) follow(ctx context.Context, report *Report) error {
	var last Progress
	listening, cancel := context.WithCancel(ctx)
	defer cancel()
	var heard chan time.Duration
	defer func() {
		if heard != nil {
			report.Heard = <-heard
		}
	}()
	for began := time.Now(); ; {
		e, err := r.event(ctx)
		if err != nil && last.State != "" && (r.For > 0 || r.Withdraw) && r.ended() || ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return err
		}
		if e.Progress == nil {
			continue
		}
		if last.State != inject.Announcing && e.Progress.State == inject.Announcing {
			began = time.Now()
		}
		last = *e.Progress
		r.note(last, report)
		r.say(e)
		switch {
		case last.State == Announced && heard == nil:
			heard = make(chan time.Duration, 1)
			go func() { heard <- r.hearing(listening, began, report.Routes) }()
			if r.Keep {
				report.Heard, heard = <-heard, nil
				return nil
			}
		case heard != nil && last.State != Announced:
			cancel() // what it hears from now on are withdrawals
		}
	}
}

// hearing waits until the router has received all routes, and returns how long that took
// from when the speaker began; 0 if it has not.
func (r *run) hearing(ctx context.Context, began time.Time, routes int) time.Duration {
	const poll = 20 * time.Millisecond
	client := router.NewClient(r.Router, store.AgentSocket(r.Lab, r.Router))
	defer client.Close()
	for ctx.Err() == nil {
		peers, err := client.Peers(ctx)
		received := 0
		for _, p := range peers {
			if slices.ContainsFunc(r.injection.Sessions, func(s plan.InjectorSession) bool { return s.Local == p.RemoteAddress }) {
				received += p.Received
			}
		}
		if err == nil && received >= routes {
			took := time.Since(began)
			r.say(Event{Heard: took})
			return took
		}
		select {
		case <-ctx.Done():
		case <-time.After(poll):
		}
	}
	return 0
}

// ended waits for the end of the process, and reports whether its pattern has come to its
// end.
func (r *run) ended() bool { return r.cmd.Wait() == nil }

func (r *run) note(p Progress, report *Report) {
	switch {
	case p.State == Announced && report.Announced == 0:
		report.Announced = p.Elapsed
	case p.State == Withdrawn:
		report.Withdrawn = p.Elapsed
	}
	report.Flaps = p.Flaps
}

func (r *run) say(e Event) {
	if r.Said != nil {
		r.Said(e)
	}
}

// End removes the speakers that are kept in a lab, and returns them.
func End(ctx context.Context, name string) (lab string, removed []store.Injection, err error) {
	if err := inventory.NeedRoot(); err != nil {
		return "", nil, err
	}
	if lab, err = inventory.Pick(ctx, name); err != nil {
		return "", nil, err
	}
	if removed, err = store.Injections(lab); err != nil {
		return lab, nil, err
	}
	return lab, removed, removeWhere(ctx, lab, func(store.Injection) bool { return true }, true)
}
