package docker

import (
	"context"
	"fmt"
	"os/exec"
	"strings"
	"time"

	"github.com/docker/docker/client"

	"pseudowan/hosts"
)

// daemonTimeout is how long a daemon may take to describe itself.
const daemonTimeout = 3 * time.Second

// Daemon implements hosts.Containers.
func (d *containers) Daemon(ctx context.Context, images []string) hosts.Daemon {
	ctx, cancel := context.WithTimeout(ctx, daemonTimeout)
	defer cancel()
	_, err := exec.LookPath("dockerd")
	about := hosts.Daemon{
		Name: "Docker", Installed: err == nil,
		Install: "apt-get install docker.io", Start: "systemctl start docker", Pull: "docker pull",
	}
	info, err := d.cli.Info(ctx)
	if err != nil {
		about.Problem, _, _ = strings.Cut(err.Error(), "\n")
		if client.IsErrConnectionFailed(err) {
			about.Problem = "no daemon answers at " + d.cli.DaemonHost()
		}
		return about
	}
	about.Version, about.API = info.ServerVersion, d.cli.ClientVersion()
	about.Cgroup = fmt.Sprintf("v%s by %s", info.CgroupVersion, info.CgroupDriver)
	for _, image := range images {
		if _, err := d.cli.ImageInspect(ctx, image); err != nil {
			about.Absent = append(about.Absent, image)
		}
	}
	return about
}
