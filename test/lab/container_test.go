package lab

import (
	"strings"
	"testing"
)

// What a container lacks is said before anything is built, by up as by doctor, with what
// gives it to a pod.
func TestRealPodLacks(t *testing.T) {
	t.Parallel()
	without := func(capability string) string {
		return "setpriv --bounding-set=-" + capability + " --inh-caps=-" + capability + " "
	}
	s := newIsolated(t)
	for name, c := range map[string]struct{ setUp, prefix, want, remedy string }{
		"the device":       {"mount -t tmpfs tmpfs /dev/net", "", "tun", "hostPath: {path: /dev/net/tun, type: CharDevice}"},
		"sysctls":          {"mount -o bind,ro /proc/sys /proc/sys", "", "/proc/sys is read-only", "mount -o remount,bind,rw /proc/sys"},
		"NET_BIND_SERVICE": {"true", without("net_bind_service"), "port 179", "add: [NET_BIND_SERVICE]"},
		"NET_RAW":          {"true", without("net_raw"), "Open vSwitch cannot open its ports", "add: [NET_RAW]"},
		"SYS_ADMIN":        {"true", without("sys_admin"), "network namespaces and mounts", "add: [SYS_ADMIN]"},
		"NET_ADMIN":        {"true", without("net_admin"), "interfaces, addresses and routes", "add: [NET_ADMIN]"},
	} {
		for _, command := range []string{"up", "doctor"} {
			r := s.run("export PW; unshare --mount sh -c 'export KUBERNETES_SERVICE_HOST=10.0.0.1; " + c.setUp + " && " + c.prefix + "$PW " + command + " pseudo-wan'")
			if said := r.stdout + r.stderr; r.code == 0 || !strings.Contains(said, c.want) || !strings.Contains(said, c.remedy) {
				t.Errorf("%s without %s: exit code %d, without %q or %q:\n%s", command, name, r.code, c.want, c.remedy, said)
			}
		}
	}
	if left := strings.TrimSpace(s.must(t, "ls -A /run/netns /run/pseudowan /var/lib/pseudowan 2>/dev/null | grep -v '^out$' | grep -v ':$' || true")); left != "" {
		t.Errorf("an up that is refused leaves %s", left)
	}
}
