package doctor

import (
	"context"
	"fmt"
	"os/exec"
	"strings"
	"time"

	"github.com/docker/docker/client"
)

// dockerTimeout is how long a daemon has to answer.
const dockerTimeout = 3 * time.Second

// observeDocker asks the daemon that the environment (DOCKER_HOST) names.
func observeDocker(ctx context.Context, images []string) Docker {
	ctx, cancel := context.WithTimeout(ctx, dockerTimeout)
	defer cancel()
	_, err := exec.LookPath("dockerd")
	d := Docker{Asked: true, Daemon: err == nil}
	c, err := client.NewClientWithOpts(client.FromEnv, client.WithAPIVersionNegotiation())
	if err != nil {
		d.Problem = firstLine(err)
		return d
	}
	defer c.Close()
	info, err := c.Info(ctx)
	if err != nil {
		d.Problem = firstLine(err)
		if client.IsErrConnectionFailed(err) {
			d.Problem = "no daemon answers at " + c.DaemonHost()
		}
		return d
	}
	d.Version, d.API = info.ServerVersion, c.ClientVersion()
	d.Cgroup = fmt.Sprintf("v%s by %s", info.CgroupVersion, info.CgroupDriver)
	for _, image := range images {
		if _, err := c.ImageInspect(ctx, image); err != nil {
			d.Absent = append(d.Absent, image)
		}
	}
	return d
}

func firstLine(err error) string {
	line, _, _ := strings.Cut(err.Error(), "\n")
	return line
}
