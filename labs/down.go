package labs

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"pseudowan/hosts"
)

// endGrace is how long a lab's processes have to end by themselves, so that
// outside peers hear a Cease (RFC 4486) from the routers.
const endGrace = 400 * time.Millisecond

// Down removes a lab: its processes, namespaces, wires, containers and files.
// It works from the marks in the kernel alone. With lab empty the only running
// lab is meant.
func Down(ctx context.Context, lab string, p Progress) (string, error) {
	if err := needRoot(); err != nil {
		return "", err
	}
	lab, err := pickLeft(ctx, lab)
	if err != nil {
		return "", err
	}
	held, err := acquire(ctx, lab)
	if err != nil {
		return "", err
	}
	defer held.release()
	p.Step("removing lab " + lab)
	found, err := observe(ctx, lab, silent{})
	if err != nil {
		return "", err
	}
	if err := found.missing(lab); err != nil {
		return "", fmt.Errorf("remove lab %s: %w", lab, err)
	}
	return lab, teardown(ctx, lab, found)
}

// pickLeft is pick for what is left of a lab, too: after a reboot that may be
// its state directory alone.
func pickLeft(ctx context.Context, lab string) (string, error) {
	picked, err := pick(ctx, lab)
	if err == nil || lab == "" {
		return picked, err
	}
	for _, dir := range []string{runDir(lab), stateDir(lab)} {
		if info, statErr := os.Lstat(dir); statErr == nil && info.IsDir() && !strings.ContainsAny(lab, "/") && lab[0] != '.' {
			return lab, nil
		}
	}
	return picked, err
}

// teardown ends and removes everything that carries the lab's mark.
func teardown(ctx context.Context, lab string, found observed) error {
	// The daemon takes its time to remove containers: routers end meanwhile.
	containers := make(chan error, 1)
	go func() { containers <- found.removeHosts(ctx, isContainer) }()
	err := endAll(ctx, found)
	errs := []error{<-containers}
	if err != nil {
		return fmt.Errorf("end the processes of lab %s: %w", lab, errors.Join(append(errs, err)...))
	}
	for _, ns := range found.namespacesBy(hosts.KindRouter) {
		errs = append(errs, hosts.ReturnNICs(ns, stateDir(lab)))
	}
	errs = append(errs, found.removeHosts(ctx, func(s hosts.Sandbox) bool { return !isContainer(s) }))
	for _, ns := range found.namespaces {
		if ns.Mark.Kind != hosts.KindHost {
			errs = append(errs, ns.Delete())
		}
	}
	errs = append(errs, removeLabDirs(lab))
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("remove lab %s: %w", lab, err)
	}
	return nil
}

// endAll ends the keeper, which would start agents again, and then the rest.
func endAll(ctx context.Context, found observed) error {
	if err := hosts.EndProcesses(ctx, found.namespacesBy(hosts.KindLab), endGrace); err != nil {
		return fmt.Errorf("the keeper: %w", err)
	}
	return hosts.EndProcesses(ctx, found.namespaces, endGrace)
}

func isContainer(s hosts.Sandbox) bool { return s.Runtime == dockerName }
