package doctor

import (
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// What a container withholds is seen from inside.
func TestRealWithheld(t *testing.T) {
	const inside = "PWT_WITHHELD"
	if os.Getenv(inside) != "" {
		p := observePrivileges()
		if !slices.Equal(p.Lacks, []string{"NET_RAW", "NET_BIND_SERVICE"}) || !p.SysctlsReadOnly || p.Container == "" {
			t.Errorf("%+v", p)
		}
		return
	}
	if os.Geteuid() != 0 {
		t.Skip("only root has something to withhold")
	}
	if p := observePrivileges(); len(p.Lacks) > 0 || p.SysctlsReadOnly {
		t.Fatalf("this server is not fit for labs: %+v", p)
	}
	c := exec.Command("unshare", "--mount", "sh", "-c", `mount -o bind,ro /proc/sys /proc/sys && exec "$@"`, "sh",
		"setpriv", "--bounding-set=-net_raw,-net_bind_service", "--inh-caps=-net_raw,-net_bind_service",
		os.Args[0], "-test.run=^TestRealWithheld$")
	c.Env = append(os.Environ(), inside+"=1", "container=test")
	if out, err := c.CombinedOutput(); err != nil || !strings.HasPrefix(string(out), "PASS") {
		t.Errorf("%v\n%s", err, out)
	}
}
