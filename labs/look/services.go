package look

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"pseudowan/hosts/service"
	"pseudowan/labs/inventory"
	"pseudowan/logfile"
	"pseudowan/status"
	"pseudowan/topology"
)

// servicesOf tells how the services of a host fare, in the order of the topology, if
// that is known.
func servicesOf(lab, node string, t *topology.Topology) (out []status.Service) {
	dir := inventory.ServicesDir(lab, node)
	for _, r := range service.Records(dir) {
		s := status.Service{Name: r.Name, State: status.ServiceState(r.Now()), PID: r.PID, ExitCode: r.Code, Restarts: r.Restarts}
		if !r.Runs() {
			s.PID = 0
		}
		if !s.Up() {
			s.LastLines = lastOf(service.LogFile(dir, r.Name))
		}
		out = append(out, s)
	}
	if t == nil {
		return out
	}
	i := slices.IndexFunc(t.Hosts, func(h topology.Host) bool { return h.Name == node })
	if i < 0 {
		return out
	}
	place := map[string]int{}
	for k, s := range t.Hosts[i].Services {
		place[s.Name] = k
		if !slices.ContainsFunc(out, func(o status.Service) bool { return o.Name == s.Name }) {
			out = append(out, status.Service{Name: s.Name, State: status.ServiceEnded})
		}
	}
	slices.SortStableFunc(out, func(a, b status.Service) int { return place[a.Name] - place[b.Name] })
	return out
}

// lastOf returns the last lines of a service's log.
func lastOf(path string) []string {
	const lines = 5
	var log bytes.Buffer
	_ = logfile.Copy(context.Background(), &log, path, logfile.CopyOptions{Last: lines}) // there may be none
	return inventory.Printable(log.String())
}

// serviceLog writes the output of a service, or of the only one of a host.
func serviceLog(ctx context.Context, lab string, all []status.Service, x LogOptions, w io.Writer) (note string, err error) {
	var names []string
	for _, s := range all {
		names = append(names, s.Name)
	}
	name := x.Service
	if name == "" && len(names) == 1 {
		name = names[0]
	}
	switch {
	case len(names) == 0:
		return "", status.NotFound(fmt.Sprintf("host %s has no services", x.Node))
	case name == "":
		return fmt.Sprintf("host %s has the services %s; name one of them", x.Node, strings.Join(names, ", ")), nil
	case !slices.Contains(names, name):
		return "", status.NotFound(fmt.Sprintf("host %s has no service %s; it has %s", x.Node, name, strings.Join(names, ", ")))
	}
	dir := inventory.ServicesDir(lab, x.Node)
	path := service.LogFile(dir, name)
	if info, err := os.Stat(path); err == nil && info.Size() == 0 {
		note = fmt.Sprintf("service %s of host %s has written nothing", name, x.Node)
	}
	return note, logfile.Copy(ctx, w, path, logfile.CopyOptions{Last: x.Last, Follow: x.Follow, Written: func() bool {
		r, known := service.Read(dir, name)
		return known && r.Now() != service.Ended && r.Now() != service.Done
	}})
}
