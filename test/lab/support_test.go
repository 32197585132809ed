package lab

import (
	"archive/tar"
	"compress/gzip"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"pseudowan/status"
)

// unpacked reads the files of a support archive.
func unpacked(t testing.TB, file string) map[string]string {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	gz, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	for r := tar.NewReader(gz); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return files
		}
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		files[strings.TrimPrefix(h.Name, "pseudowan-support/")] = string(text)
	}
}

// A support archive has what a bug report needs, and no password, wherever it is kept.
func TestRealSupport(t *testing.T) {
	dir := t.TempDir()
	kept := filepath.Join(dir, "kept")
	if err := os.WriteFile(kept, []byte("ke<pt&elsewhere\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	l := fromText(t, dir, "pwt-support", `name: pwt-support
routers: {pe1: {as: 65000}, pe2: {as: 65000}, pe3: {as: 65000}}
links:
- {ends: [pe1:eth1, pe2:eth1], subnets: [192.168.0.0/30], bgp: {password: written-here}}
- {ends: [pe1:eth2, pe3:eth1], subnets: [192.168.1.0/30], bgp: {password: {file: `+kept+`}}}
vrfs: {red: {rts: "65000:1"}}
hosts:
  h1: {to: pe1, vrf: red, addresses: [10.1.0.2/24], env: {DB_PASSWORD: in-a-variable}, command: [sh, -c, "echo I know $DB_PASSWORD; while :; do sleep 1; done"]}
  h2: {to: pe2, vrf: red, addresses: [10.2.0.2/24]}
`)
	l.up(t)
	file := filepath.Join(dir, "report.tar.gz")
	must(t, "support", l.name, "-o", file)
	files := unpacked(t, file)
	for name, text := range files {
		for _, secret := range []string{"written-here", "elsewhere", "in-a-variable"} {
			if strings.Contains(text, secret) {
				t.Errorf("%s has the password %s", name, secret)
			}
		}
	}
	lab := "labs/" + l.name + "/"
	for name, words := range map[string]string{
		"version.txt": "pseudowan", "doctor.json": "check", "ps.json": "pe1",
		lab + "topology.yaml": "password: ****", lab + "plan.json": `"lab": "pwt-support"`, lab + "audit.json": "[]",
		lab + "show/vrf.json": "10.2.0.0/24", lab + "show/peer.json": "established",
		lab + "routers/pe1/flows.txt": "table=20", lab + "routers/pe1/config.json": "vrfs", lab + "routers/pe2/network.txt": "bgp-eth1",
		lab + "hosts/h1/network.txt": "10.1.0.2", lab + "hosts/h1/command.log": "I know ****",
	} {
		if !strings.Contains(files[name], words) {
			t.Errorf("%s lacks %q:\n%.500s", name, words, files[name])
		}
	}
	if missing := files["not-collected.txt"]; missing != "" {
		t.Errorf("not collected:\n%s", missing)
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the archive: %v, %v", info, err)
	}
	if r := pseudowan("support", "-o", file); r.code != 1 || !strings.Contains(r.stderr, "exists") {
		t.Errorf("over a file that is there: exit code %d\n%s", r.code, r.stderr)
	}
	must(t, "pause", "--lab", l.name, "pe2") // and the archive of a lab that is not well names what it lacks
	broken := filepath.Join(dir, "broken.tar.gz")
	must(t, "support", l.name, "-o", broken)
	if missing := unpacked(t, broken)["not-collected.txt"]; !strings.Contains(missing, "pe2 is paused") {
		t.Errorf("of a paused router: %s", missing)
	}
}

// orphans lists what gc finds of a lab.
func orphans(t testing.TB, l lab, args ...string) []status.Orphan {
	t.Helper()
	var rows, own []status.Orphan
	if err := json.Unmarshal([]byte(must(t, append([]string{"gc", "-o", "json"}, args...)...)), &rows); err != nil {
		t.Fatal(err)
	}
	for _, r := range rows {
		if r.Lab == l.name {
			own = append(own, r)
		}
	}
	return own
}

// gc finds what killed commands leave, removes it only when told, and spares running labs
// and what has no mark.
func TestRealGC(t *testing.T) {
	l, other := smallLab(t, "pwt-gc"), smallLab(t, "pwt-other-gc")
	l.up(t)
	other.up(t)
	if got := orphans(t, l); len(got) > 0 {
		t.Errorf("of a running lab, gc finds %+v", got)
	}
	const foreign = "/run/netns/pw-mine"
	if r := command("ip", "netns", "add", filepath.Base(foreign)); r.code != 0 {
		t.Fatal(r.stderr)
	}
	defer command("ip", "netns", "del", filepath.Base(foreign))
	for what, do := range map[string]string{
		"an interrupted removal": "touch /run/pseudowan/pwt-gc/.down",
		"no files":               "rm -rf /var/lib/pseudowan/pwt-gc; until rm -rf /run/pseudowan/pwt-gc; do :; done; ip netns del pw-pwt-gc-pe1",
	} {
		must(t, "up", l.file, "--runtime", "netns")
		if r := command("sh", "-c", do); r.code != 0 {
			t.Fatalf("%s: %s", what, r.stderr)
		}
		if what == "no files" {
			killProcesses(l.name)
		}
		got := orphans(t, l)
		if len(got) == 0 || got[0].Removed || got[0].Why == "" {
			t.Errorf("%s: gc finds %+v", what, got)
		}
		if again := orphans(t, l); len(again) == 0 {
			t.Errorf("%s: gc without --yes has removed it", what)
		}
		for _, o := range orphans(t, l, "--yes") {
			if !o.Removed {
				t.Errorf("%s: not removed: %+v", what, o)
			}
		}
		l.gone(t)
		if _, err := os.Stat(foreign); err != nil {
			t.Errorf("%s: the foreign namespace: %v", what, err)
		}
		other.works(t)
	}
	if out := must(t, "gc"); strings.Contains(out, other.name) {
		t.Errorf("gc lists a running lab:\n%s", out)
	}
}

// killProcesses kills a lab's own processes until none comes back.
func killProcesses(name string) {
	for range 20 {
		killByArgs(syscall.SIGKILL, "keeper", name)
		killByArgs(syscall.SIGKILL, "agent", name)
	}
}
