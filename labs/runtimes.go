package labs

import (
	"context"
	"fmt"
	"time"

	"pseudowan/hosts"
	"pseudowan/labs/store"
)

// selfCommand starts this program again inside a host, see hosts.Enter.
var selfCommand = []string{"/proc/self/exe", "enter"}

// daemonPatience is how long a Docker daemon may take to say that it is there.
const daemonPatience = 2 * time.Second

// runtimes are the host runtimes that can be used here.
type runtimes struct {
	netns  *hosts.NetNS  // routers are entered as its hosts are
	docker *hosts.Docker // nil where no daemon answers
	absent error         // why docker is nil
}

func findRuntimes(ctx context.Context, say func(string)) runtimes {
	r := runtimes{netns: hosts.NewNetNS(store.RunRoot, selfCommand)}
	docker, err := hosts.NewDocker(hosts.DockerOptions{Enter: selfCommand, Progress: say})
	if err == nil {
		ctx, cancel := context.WithTimeout(ctx, daemonPatience)
		defer cancel()
		err = docker.Ping(ctx)
	}
	if r.absent = err; err == nil {
		r.docker = docker
	}
	return r
}

// all lists the usable runtimes.
func (r runtimes) all() []hosts.Runtime {
	if r.docker == nil {
		return []hosts.Runtime{r.netns}
	}
	return []hosts.Runtime{r.netns, r.docker}
}

// get returns a runtime by name. The error says what can be done.
func (r runtimes) get(name string) (hosts.Runtime, error) {
	for _, usable := range r.all() {
		if usable.Name() == name {
			return usable, nil
		}
	}
	if name == dockerName {
		return nil, fmt.Errorf("runtime docker: %w (--runtime netns does without it)", r.absent)
	}
	return nil, fmt.Errorf("runtime %q is not known; use netns or docker", name)
}

const (
	netnsName  = "netns"
	dockerName = "docker"
)

// choose picks the runtime of hosts that do not name theirs: the one that is
// asked for, the topology's, the one that the lab runs with already, docker
// where a daemon answers, netns.
func (r runtimes) choose(asked, fromFile, running string) string {
	for _, name := range []string{asked, fromFile, running} {
		if name != "" {
			return name
		}
	}
	if r.docker != nil {
		return dockerName
	}
	return netnsName
}

// sandboxes lists the hosts of a lab, or of all labs, in every runtime.
func (r runtimes) sandboxes(ctx context.Context, lab string) ([]hosts.Sandbox, error) {
	var out []hosts.Sandbox
	for _, runtime := range r.all() {
		found, err := runtime.List(ctx, lab)
		if err != nil {
			return nil, fmt.Errorf("list the hosts of runtime %s: %w", runtime.Name(), err)
		}
		out = append(out, found...)
	}
	return out, nil
}
