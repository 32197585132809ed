package lab

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"pseudowan/status"
)

const servedHosts = `name: NAME
routers: {pe1: {as: 65000}}
vrfs: {red: {rts: "65000:1"}}
hosts:
  server:
    to: pe1
    vrf: red
    addresses: [10.1.0.2/24]
    services:
      web: {command: [busybox, httpd, -f, -p, "80", -h, /opt/pwt/www], port: tcp 80, after: [setup, log]}
      setup: {command: [sh, -c, "sleep 0.2; echo set up >>/var/lib/pwt/kept"], once: true}
      log: {command: [sh, -c, "cat /etc/pwt.conf; sleep 0.1; echo log is up; exec sleep 1000"], ready: is up, restart: RESTART}
      idle: [sleep, "1000"]
    files:
      /opt/pwt/www/index.html: "a page\n"
      /etc/pwt.conf: "first\n"
    keep: /var/lib/pwt
  client: {to: pe1, vrf: red, addresses: [10.2.0.2/24]}
`

func servedLab(t testing.TB, name string, edits ...string) lab {
	t.Helper()
	return fromText(t, t.TempDir(), name, strings.NewReplacer(append(edits, "NAME", name, "RESTART", "always")...).Replace(servedHosts))
}

// changed edits the file of a lab, and applies it.
func (l lab) changed(t testing.TB, runtime string, edits ...string) string {
	t.Helper()
	text, err := os.ReadFile(l.file)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(l.file, []byte(strings.NewReplacer(edits...).Replace(string(text))), 0o600); err != nil {
		t.Fatal(err)
	}
	return must(t, "up", l.file, "--runtime", runtime)
}

// services returns the services of a host by name.
func services(t testing.TB, l lab, host string) map[string]status.Service {
	t.Helper()
	out := map[string]status.Service{}
	for _, s := range node(t, l, host).Services {
		out[s.Name] = s
	}
	return out
}

// restarted lists the services whose process is another one than before.
func restarted(before, after map[string]status.Service) string {
	var names []string
	for _, name := range []string{"web", "log", "idle"} {
		if before[name].PID != after[name].PID {
			names = append(names, name)
		}
	}
	return strings.Join(names, " ")
}

// Services start in order and are ready when up returns; an edit restarts those that
// it concerns, and what a host keeps outlives all of it but down.
func TestRealServices(t *testing.T) {
	inBothRuntimes(t, func(t *testing.T, runtime string) {
		l := servedLab(t, "pwt-srv"+runtime)
		l.upIn(t, "--runtime", runtime)
		first := services(t, l, "server")
		for name, s := range first {
			if !s.Up() || s.State == status.ServiceReady && s.PID == 0 || s.Restarts != 0 {
				t.Errorf("%s: %+v", name, s)
			}
		}
		if len(first) != 4 || first["setup"].State != status.ServiceDone {
			t.Errorf("%+v", first)
		}
		if page := l.mustExec(t, "client", "timeout", "10", "busybox", "wget", "-q", "-O", "-", "http://10.1.0.2/"); page != "a page\n" {
			t.Errorf("the page is %q", page)
		}
		if log := must(t, "logs", "--lab", l.name, "server", "log"); log != "first\nlog is up\n" {
			t.Errorf("its log is %q", log)
		}
		if r := pseudowan("logs", "--lab", l.name, "server", "kea"); r.code != 4 || !strings.Contains(r.stderr, "it has web, setup, log, idle") {
			t.Errorf("logs of an unknown service: %+v", r)
		}
		if out := must(t, "up", l.file, "--runtime", runtime); !strings.Contains(out, "nothing to change") {
			t.Errorf("up once more: %s", out)
		}
		if runtime == "netns" {
			for _, path := range []string{"/opt/pwt", "/etc/pwt.conf", "/var/lib/pwt"} {
				if _, err := os.Lstat(path); err == nil {
					t.Errorf("%s is on the server's disk", path)
				}
			}
		}
		l.mustExec(t, "server", "sh", "-c", "echo by hand >>/var/lib/pwt/kept")

		if out := l.changed(t, runtime, `idle: [sleep, "1000"]`, `idle: [sleep, "1001"]`); !strings.Contains(out, "started service idle of host server\n") {
			t.Errorf("up says %q", out)
		}
		second := services(t, l, "server")
		if got := restarted(first, second); got != "idle" {
			t.Errorf("a change of idle restarts %q", got)
		}
		l.changed(t, runtime, `"first\n"`, `"second\n"`)
		third := services(t, l, "server")
		if got := restarted(second, third); runtime == "netns" && got != "log" {
			t.Errorf("a change of the file of log restarts %q", got)
		}
		if log := must(t, "logs", "--lab", l.name, "server", "log"); log != "second\nlog is up\n" {
			t.Errorf("its log is %q", log)
		}
		l.changed(t, runtime, "      idle: [sleep, \"1001\"]\n", "")
		fourth := services(t, l, "server")
		if _, has := fourth["idle"]; has || restarted(third, fourth) != "idle" {
			t.Errorf("without idle: %+v", fourth)
		}
		if left, _ := filepath.Glob("/run/pseudowan/" + l.name + "/server/services/idle*"); len(left) > 0 {
			t.Errorf("left of idle: %q", left)
		}
		if kept := l.mustExec(t, "server", "cat", "/var/lib/pwt/kept"); !strings.HasPrefix(kept, "set up\nby hand\n") {
			t.Errorf("it has kept %q", kept)
		}
		must(t, "down", l.name)
		if left := residue(l); len(left) > 0 {
			t.Errorf("left behind:\n%s", strings.Join(left, "\n"))
		}
		if runtime == "docker" && strings.Contains(docker(t, "volume", "ls"), l.name) {
			t.Errorf("volumes are left:\n%s", docker(t, "volume", "ls"))
		}
		must(t, "up", l.file, "--runtime", runtime)
		if kept := l.mustExec(t, "server", "cat", "/var/lib/pwt/kept"); kept != "set up\n" {
			t.Errorf("after down and up: %q", kept)
		}
	})
}

// up fails if a service ends or does not become ready, says which and why, and leaves
// nothing; so it does if a command ends when the lab has converged.
func TestRealServiceFails(t *testing.T) {
	over := filepath.Join(t.TempDir(), "over")
	for name, tt := range map[string]struct{ old, new, want string }{
		"ends": {`idle: [sleep, "1000"]`, `idle: [sh, -c, "echo no leases; sleep 0.3; exit 3"]`,
			"host server: service idle has ended with exit code 3; its last output:\n    no leases\n"},
		"ends late": {`idle: [sleep, "1000"]`, `idle: {command: [sh, -c, "echo it is up; exit 0"], ready: it is down}`,
			"host server: service idle has ended with exit code 0; its last output:\n    it is up\n"},
		"once": {`"sleep 0.2; echo set up >>/var/lib/pwt/kept"`, `"echo bad; exit 1"`,
			"host server: service setup has ended with exit code 1; its last output:\n    bad\n"},
		"text":    {`ready: is up`, `ready: "is down"`, "host server: service log is not ready: \"is down\" is not in its output; its last output:\n    first\n    log is up\n"},
		"port":    {`port: tcp 80`, `port: tcp 81`, "host server: service web is not ready: it does not listen on tcp 81\n"},
		"missing": {`idle: [sleep, "1000"]`, `idle: {command: [sleep, pwt], restart: on-failure}`, "host server: service idle is not ready: it does not stay up; it has ended "},
		"command": {"    services:\n", "    command: [sh, -c, \"echo soon; sleep 0.2; touch " + over + "; exit 4\"]\n    services:\n" +
			"      last: {command: [sh, -c, \"until [ -e " + over + " ]; do sleep 0.1; done; sleep 0.3; echo it is over\"], once: true}\n", "host server: its command sh has ended with exit code 4; its last output:\n    soon\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := servedLab(t, "pwt-"+strings.ReplaceAll(name, " ", ""), tt.old, tt.new)
			r := command(program, "up", l.file, "--runtime", "netns", "--timeout", "6s")
			if r.code != 3 || !strings.Contains(r.stderr, tt.want) {
				t.Errorf("exit code %d\n%s", r.code, r.stderr)
			}
			if left := residue(l); len(left) > 0 {
				t.Errorf("left behind:\n%s", strings.Join(left, "\n"))
			}
		})
	}
}

// A service restarts as its policy says, also if its supervisor is killed with it; one
// without a policy stays ended until the next up.
func TestRealServiceRestarts(t *testing.T) {
	l := servedLab(t, "pwt-again")
	l.up(t)
	before := services(t, l, "server")
	kill := func(pid int) {
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
	}
	kill(before["log"].PID)
	kill(before["idle"].PID)
	eventually(t, 15*time.Second, func() error {
		now := services(t, l, "server")
		log, idle := now["log"], now["idle"]
		if log.State != status.ServiceReady || log.PID == before["log"].PID || log.Restarts != 1 || idle.State != status.ServiceEnded || idle.ExitCode == nil || *idle.ExitCode != 137 {
			return fmt.Errorf("%+v, %+v", log, idle)
		}
		return nil
	})
	if r := pseudowan("ps", "--lab", l.name); !strings.Contains(r.stdout, "3/4") || !strings.Contains(r.stderr, "server of lab pwt-again: service idle: ended, exit code 137\n") {
		t.Errorf("ps: %+v", r)
	}
	now := services(t, l, "server")
	kill(supervisorOf(t, l, "server", "log"))
	kill(now["log"].PID)
	eventually(t, 20*time.Second, func() error {
		if s := services(t, l, "server")["log"]; s.State != status.ServiceReady || s.PID == now["log"].PID {
			return fmt.Errorf("%+v", s)
		}
		return nil
	})
	out := must(t, "up", l.file)
	if !strings.Contains(out, "started service idle of host server\n") || !strings.Contains(out, "restarted service log of host server\n") {
		t.Errorf("up says %q", out)
	}
	if s := services(t, l, "server")["idle"]; !s.Up() {
		t.Errorf("after up: %+v", s)
	}
}

// supervisorOf returns the process that waits for a service.
func supervisorOf(t testing.TB, l lab, host, service string) int {
	t.Helper()
	lines, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, path := range lines {
		line, _ := os.ReadFile(path)
		if strings.Contains(string(line), "/run/pseudowan/"+l.name+"/"+host+"/services\x00-name\x00"+service+"\x00") {
			pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(path)))
			return pid
		}
	}
	t.Fatalf("service %s has no supervisor", service)
	return 0
}

// A container that its user restarts gets its services back, and has what it kept.
func TestRealServicesOfARestartedContainer(t *testing.T) {
	useDocker(t)
	l := servedLab(t, "pwt-srvagain")
	l.upIn(t, "--runtime", "docker")
	before := services(t, l, "server")
	docker(t, "restart", "--time", "1", "pw-"+l.name+"-server")
	eventually(t, 30*time.Second, func() error {
		now := services(t, l, "server")
		for name, s := range now {
			if !s.Up() || s.State == status.ServiceReady && s.PID == before[name].PID {
				return fmt.Errorf("%s: %+v", name, s)
			}
		}
		if r := l.exec("server", "cat", "/var/lib/pwt/kept"); r.stdout != "set up\nset up\n" {
			return fmt.Errorf("it has kept %q", r.stdout)
		}
		if r := l.exec("client", "timeout", "5", "busybox", "wget", "-q", "-O", "-", "http://10.1.0.2/"); r.stdout != "a page\n" {
			return fmt.Errorf("the page: %+v", r)
		}
		return nil
	})
}
