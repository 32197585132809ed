package lab

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"pseudowan/labs/catalog"
	"pseudowan/status"
)

// What the documents say of the other end of pseudo-wan-eth1, for FRR and Linux, is
// all that it takes: every site of the lab is reached.
func TestRealOtherEndOnLinux(t *testing.T) {
	if _, err := os.Stat("/proc/sys/net/mpls"); err != nil {
		t.Skip("this kernel has no MPLS")
	}
	if _, err := exec.LookPath("/usr/lib/frr/bgpd"); err != nil {
		t.Skip("FRR is not installed")
	}
	const near, far, space = "pwteth0", "pwteth1", "pwt-away"
	run := func(argv ...string) {
		t.Helper()
		if r := command(argv...); r.code != 0 {
			t.Fatalf("%v: %s%s", argv, r.stdout, r.stderr)
		}
	}
	run("ip", "netns", "add", space)
	t.Cleanup(func() { command("ip", "netns", "del", space) })
	run("ip", "link", "add", near, "type", "veth", "peer", "name", far, "netns", space)
	t.Cleanup(func() { command("ip", "link", "del", near) })
	dir := t.TempDir()
	for kind, name := range map[string]string{"linux": "linux.sh", "frr": "frr.conf"} {
		text, err := catalog.OtherEnd("pseudo-wan-eth1", kind)
		if err != nil {
			t.Fatal(err)
		}
		text = bytes.Replace(text, []byte("\ninterface eth1\n"), []byte("\ninterface "+far+"\n"), 1)
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	run("chmod", "-R", "a+rX", filepath.Dir(dir))
	run("ip", "netns", "exec", space, "sh", filepath.Join(dir, "linux.sh"), far)
	run("install", "-d", "-o", "frr", "-g", "frr", "/run/frr", "/run/frr/"+space)
	for _, argv := range [][]string{
		{"/usr/lib/frr/zebra", "-N", space, "-f", "/dev/null"}, {"/usr/lib/frr/bgpd", "-N", space, "-f", filepath.Join(dir, "frr.conf")},
	} {
		cmd := exec.Command("nsenter", append([]string{"--net=/run/netns/" + space}, argv...)...)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	}
	l := fromCatalog(t, t.TempDir(), "pseudo-wan-eth1", "pwt-linux")
	l.up(t, "--nic", "eth1="+near)
	l.waitPeer(t, status.SessionEstablished, "")
	l.verifySoon(t)
}
