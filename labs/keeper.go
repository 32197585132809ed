package labs

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
	"time"

	"pseudowan/hosts"
	"pseudowan/logfile"
)

// keeperState is what `up` tells the keeper: which routers have an agent, and
// whether there are hosts that somebody else may stop and start.
type keeperState struct {
	Lab        string         `json:"lab"`
	Routers    []keeperRouter `json:"routers"`
	Containers bool           `json:"containers,omitempty"`
}

type keeperRouter struct {
	Name      string `json:"name"`
	Namespace string `json:"namespace"`
}

// restartPause keeps an agent that cannot start from spinning: one that ended
// sooner than soonAfterStart is started again only then.
const (
	restartPause   = time.Second
	soonAfterStart = 5 * time.Second
)

// Keeper runs a lab's agents, starts an agent again that has ended, and mends
// the hosts whose container was started again, until ctx ends. It reads its
// list of routers again on SIGHUP. It runs inside the lab's own namespace, so
// that it is found, like everything else, by the mark of the namespace.
func Keeper(ctx context.Context, lab string, log *slog.Logger) error {
	k := keeper{lab: lab, log: log, running: map[string]context.CancelFunc{}}
	defer k.wait.Wait()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	k.wait.Go(func() { logfile.Keep(ctx, func() []string { return labLogs(lab) }, log) })
	reload := make(chan os.Signal, 1)
	signal.Notify(reload, syscall.SIGHUP)
	sayName(servingName)
	context.AfterFunc(ctx, func() { sayName(endingName) })
	for {
		// An unreadable list is no reason to end the agents that run.
		if err := k.reload(ctx); err != nil && len(k.running) == 0 {
			return fmt.Errorf("keeper of lab %s: %w", lab, err)
		} else if err != nil {
			log.Error("the list of routers cannot be read", "error", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-reload:
		}
	}
}

type keeper struct {
	lab     string
	log     *slog.Logger
	running map[string]context.CancelFunc
	healing bool
	wait    sync.WaitGroup
}

func (k *keeper) reload(ctx context.Context) error {
	state, err := readJSON[keeperState](keeperFile(k.lab))
	if err != nil {
		return err
	}
	for name, stop := range k.running {
		if !slices.ContainsFunc(state.Routers, func(r keeperRouter) bool { return r.Name == name }) {
			stop()
			delete(k.running, name)
		}
	}
	for _, r := range state.Routers {
		if k.running[r.Name] != nil {
			continue
		}
		agentCtx, stop := context.WithCancel(ctx)
		k.running[r.Name] = stop
		k.wait.Go(func() { k.supervise(agentCtx, r) })
	}
	if !state.Containers || k.healing {
		return nil
	}
	docker, err := hosts.NewDocker(hosts.DockerOptions{Enter: selfCommand})
	if err != nil {
		return err
	}
	k.healing = true
	h := healer{lab: k.lab, docker: docker, log: k.log}
	k.wait.Go(func() { h.run(ctx) })
	return nil
}

func (k *keeper) supervise(ctx context.Context, r keeperRouter) {
	// An earlier keeper that was killed leaves its agents behind.
	if pid := findProcesses().agent(k.lab, r.Name); pid != 0 {
		if err := kill(pid); err != nil {
			k.log.Error("an agent of an earlier keeper", "router", r.Name, "error", err)
		}
	}
	for !goingDown(k.lab) {
		begin := time.Now()
		err := k.runAgent(ctx, r)
		if ctx.Err() != nil {
			return
		}
		k.log.Error("agent ended; it is started again", "router", r.Name, "error", err)
		if time.Since(begin) > soonAfterStart {
			continue
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(restartPause):
		}
	}
}

func (k *keeper) runAgent(ctx context.Context, r keeperRouter) error {
	log, err := logfile.Open(filepath.Join(routerDir(k.lab, r.Name), agentLog))
	if err != nil {
		return err
	}
	defer log.Close()
	cmd := exec.Command(selfPath, agentArgs(k.lab, r.Name)...)
	cmd.Stdout, cmd.Stderr = log, log
	if err := (hosts.Namespace{Name: r.Namespace}).Start(cmd); err != nil {
		return fmt.Errorf("start the agent of %s: %w", r.Name, err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
		cmd.Process.Signal(syscall.SIGTERM)
		return <-ended
	}
}

func readJSON[T any](path string) (T, error) {
	var v T
	data, err := os.ReadFile(path)
	if err != nil {
		return v, err
	}
	if err := json.Unmarshal(data, &v); err != nil {
		return v, fmt.Errorf("%s: %w", path, err)
	}
	return v, nil
}

func writeJSON(path string, v any) error {
	data, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return err
	}
	return writeFile(path, append(data, '\n'))
}
