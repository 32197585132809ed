package keeper

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"pseudowan/hosts"
	"pseudowan/labs/inventory"
	"pseudowan/labs/store"
	"pseudowan/logfile"
)

// Command is the subcommand that calls Run.
const Command = inventory.KeeperCommand

// restartPause is the pause before an agent is restarted. It doubles each time the
// agent ends sooner than soonAfterStart.
const (
	restartPause    = 20 * time.Millisecond
	maxRestartPause = time.Second
	soonAfterStart  = 5 * time.Second
)

// keeperTurn is how often the keeper checks its list of routers. Every guardEvery, it
// checks the names of namespaces and gives a sign of life, too.
const keeperTurn = 200 * time.Millisecond

// Run serves the API of a lab on its socket, starts its agents, restarts those that end or hang, and mends hosts
// whose container was restarted, until ctx ends. Unless the lab is removed, the
// agents outlive it, and the next keeper takes them over. Run must be called in
// the lab's own namespace: like everything of the lab, the keeper is found by the
// namespace's mark.
func Run(ctx context.Context, lab string, api func() http.Handler, log *slog.Logger) error {
	lock, err := handedLock(lab)
	if errors.Is(err, store.ErrBusy) {
		return nil // another keeper has started
	}
	if err != nil {
		return fmt.Errorf("keeper of lab %s: %w", lab, err)
	}
	defer lock.Close()
	if err := errors.Join(lock.Truncate(0), writeAt(lock, fmt.Sprintln(os.Getpid()))); err != nil {
		log.Warn("cannot write the PID of the keeper", "error", err)
	}
	k := keeper{lab: lab, log: log, found: inventory.FindProcesses(), running: map[string]context.CancelFunc{}, follows: map[string]context.CancelFunc{}}
	defer k.wait.Wait()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	hostLogs := hostLogFiles()
	k.wait.Go(func() { logfile.Keep(ctx, func() []string { return store.Logs(lab, hostLogs) }, log) })
	k.wait.Go(func() { k.serveAPI(ctx, api()) })
	signal.Ignore(syscall.SIGHUP) // on which keepers of earlier versions read the list
	sayName(servingName)
	context.AfterFunc(ctx, func() { sayName(endingName) })
	turn := time.NewTicker(keeperTurn)
	defer turn.Stop()
	var beat time.Time
	for {
		// Agents keep running without a readable list.
		err := k.reload(ctx)
		if err != nil && !k.deaf {
			log.Error("cannot read the list of routers", "error", err)
		}
		k.deaf = err != nil
		now := time.Now()
		if now.Sub(beat) >= guardEvery {
			beat = now
			recoverMissing(lab, k.names, log)
			_ = os.Chtimes(store.KeeperLock(lab), now, now) // fails only if the lab's directory is gone
		}
		select {
		case <-ctx.Done():
			return nil
		case <-turn.C:
		}
	}
}

func writeAt(f *os.File, text string) error {
	_, err := f.WriteAt([]byte(text), 0)
	return err
}

type keeper struct {
	lab     string
	log     *slog.Logger
	found   inventory.Processes // agents of an earlier keeper
	past    sync.Map            // routers that were removed or stopped since: found knows no agent of theirs
	list    os.FileInfo
	names   []string // of the lab's namespaces
	running map[string]context.CancelFunc
	healing bool
	follows map[string]context.CancelFunc // hosts whose resolv.conf is kept
	deaf    bool                          // the list could not be read
	serving bool                          // services are kept
	wait    sync.WaitGroup
}

// reload reads the list of routers if it has changed.
func (k *keeper) reload(ctx context.Context) error {
	info, err := store.KeeperStateFile(k.lab)
	if err != nil {
		return err
	}
	if k.list != nil && os.SameFile(k.list, info) && k.list.ModTime().Equal(info.ModTime()) {
		return nil
	}
	state, err := store.ReadKeeperState(k.lab)
	if err != nil {
		return err
	}
	k.list = info
	for name, stop := range k.running {
		if !state.Has(name) {
			stop()
			delete(k.running, name)
			k.past.Store(name, true)
		}
	}
	k.names = nil
	for _, r := range state.Routers {
		k.names = append(k.names, r.Namespace)
		if k.running[r.Name] != nil {
			continue
		}
		agentCtx, stop := context.WithCancel(ctx)
		k.running[r.Name] = stop
		k.wait.Go(func() { k.supervise(agentCtx, r) })
	}
	k.follow(ctx, state.Resolvers)
	if state.Services && !k.serving {
		k.serving = true
		k.wait.Go(func() { k.keepServices(ctx) })
	}
	if !state.Containers || k.healing {
		return nil
	}
	healers, err := newHealers(k.lab, k.log)
	if err != nil {
		return err
	}
	k.healing = true
	for _, h := range healers {
		k.wait.Go(func() { h.run(ctx) })
	}
	return nil
}

// supervise keeps a router's agent running. It takes over that of an earlier keeper
// if there is one.
func (k *keeper) supervise(ctx context.Context, r store.KeeperRouter) {
	pause := restartPause
	for first := true; !store.GoingDown(k.lab) && ctx.Err() == nil; first = false {
		begin := time.Now()
		var err error
		if pid := k.found.Agent(k.lab, r.Name); first && pid != 0 && !k.stopped(r.Name) {
			err = k.attend(ctx, r, pid, endOf(pid), guardEvery)
		} else {
			err = k.runAgent(ctx, r)
		}
		if ctx.Err() != nil {
			return
		}
		k.log.Error("restarting an agent, which has ended", "router", r.Name, "error", err)
		store.NoteMended(k.lab, "restarted router "+r.Name)
		if time.Since(begin) > soonAfterStart {
			pause = restartPause
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause):
		}
		pause = min(2*pause, maxRestartPause)
	}
}

// stopped reports whether a router was stopped while this keeper ran.
func (k *keeper) stopped(router string) bool {
	_, ok := k.past.Load(router)
	return ok
}

func (k *keeper) runAgent(ctx context.Context, r store.KeeperRouter) error {
	log, err := logfile.Open(store.RouterLog(k.lab, r.Name))
	if err != nil {
		return err
	}
	defer log.Close()
	cmd := exec.Command(inventory.SelfPath, inventory.AgentArgs(k.lab, r.Name)...)
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := (hosts.Namespace{Name: r.Namespace}).Start(cmd); err != nil {
		return fmt.Errorf("start the agent of %s: %w", r.Name, err)
	}
	end := make(chan error, 1)
	go func() { end <- cmd.Wait() }()
	return k.attend(ctx, r, cmd.Process.Pid, end, lookEvery)
}
