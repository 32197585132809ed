package docker

import (
	"context"
	"strings"
	"testing"

	"pseudowan/hosts"
	"pseudowan/hosts/runtimetest"
)

// A container has the devices and capabilities of its spec, and is not privileged. A
// spec with others makes another container.
func TestRealDockerDevicesAndCapabilities(t *testing.T) {
	r := newDocker(t)
	h := runtimetest.New(t, r)
	before := h.Sh(t, "grep CapEff /proc/self/status")
	h.Spec.Devices, h.Spec.Capabilities = []string{"/dev/net/tun", "/dev/zero", "/dev/full", "/dev/null"}, []string{"SYS_TIME"}
	if err := r.Check(context.Background(), []hosts.Spec{h.Spec}); err != nil {
		t.Fatal(err)
	}
	h.EnsureCommand(t)
	h.Sh(t, "exec 3<>/dev/net/tun")
	if after := h.Sh(t, "grep CapEff /proc/self/status"); after == before {
		t.Errorf("SYS_TIME changes nothing: %s", after)
	}
	c, err := r.cli.ContainerInspect(context.Background(), h.Box.Name)
	if err != nil || c.HostConfig.Privileged || len(c.HostConfig.CapAdd) != 3 {
		t.Errorf("privileged %v, capabilities %v, %v", c.HostConfig.Privileged, c.HostConfig.CapAdd, err)
	}
}

func TestDevicesThatHostsDoNotGet(t *testing.T) {
	err := hosts.CheckDevices([]string{"/dev/null", "/dev/no-such-device", "/etc/passwd"})
	for _, want := range []string{"device /dev/no-such-device: the server has none", "device /etc/passwd is not a device file"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want %q in %v", want, err)
		}
	}
	if strings.Contains(err.Error(), "/dev/null") {
		t.Error(err)
	}
}
