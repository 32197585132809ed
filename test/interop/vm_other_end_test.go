package interop

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"pseudowan/labs/catalog"
)

// otherEnd makes the machine what docs/other-end.md says of a Linux box with FRR.
func otherEnd(t *testing.T) string {
	t.Helper()
	read := func(name string) string {
		text, err := os.ReadFile("../../labs/catalog/pseudo-wan-eth1/" + name)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	return `#!/bin/bash
nic=$(basename "$(dirname "$(ls -d /sys/class/net/*/device | head -n 1)")")
ip link set "$nic" name eth1
cat >/tmp/linux.sh <<'END'
` + read("linux.sh") + `
END
cat >/tmp/frr.conf <<'END'
` + read("frr.conf") + `
END
sh /tmp/linux.sh eth1
install -d -o frr -g frr /run/frr /var/tmp/frr
/usr/lib/frr/zebra -d -f /dev/null
/usr/lib/frr/bgpd -d -f /tmp/frr.conf
`
}

// TestRealOtherEnd has the lab pseudo-wan-eth1, and at its other end what its
// documents say.
func TestRealOtherEnd(t *testing.T) {
	if os.Getenv(wholeEnv) == "" {
		t.Skip("takes long: make interop")
	}
	v := boot(t, otherEnd(t), tap)
	text, ok := catalog.Get("pseudo-wan-eth1")
	if !ok {
		t.Fatal("there is no such lab")
	}
	l := upLab(t, labName, strings.Replace(string(text), "name: pseudo-wan-eth1", "name: "+labName, 1), "--nic", "eth1="+tap)
	t.Logf("version: FRR on Linux MPLS %s, Linux %s", versionIn(v.must("/usr/lib/frr/bgpd --version")), strings.TrimSpace(v.must("uname -r")))
	t.Run("pseudo-wan-eth1 and its other end as documented: verify", func(t *testing.T) {
		v.t = t
		l.established(t, farIPv4)
		eventually(t, 90*time.Second, func() error { // until all routes and hosts are known on both sides
			if r := command(program, "verify", l.name); r.code != 0 {
				return fmt.Errorf("verify: exit code %d\n%s%s", r.code, r.stdout, r.stderr)
			}
			return nil
		})
	})
}
