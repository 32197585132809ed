package hosts

import (
	"bytes"
	"context"
	"errors"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"pseudowan/hosts/hoststest"
)

// aServer is a server with an /etc of its own, and a node of it.
type aServer struct {
	etc   string
	homes Homes
	spec  Spec
	box   Sandbox
}

// newServer makes one whose /etc has the given files; "-> PATH" is a link, "/" a
// directory.
func newServer(t *testing.T, etc map[string]string) *aServer {
	t.Helper()
	needRoot(t)
	ns := newHost(t)
	dir := t.TempDir()
	own, err := os.Executable() // not /proc/self/exe: another program starts it
	if err != nil {
		t.Fatal(err)
	}
	enter := append([]string{own}, hoststest.EnterCommand[1:]...)
	s := &aServer{etc: filepath.Join(dir, "etc"), homes: NewHomes(filepath.Join(dir, "homes"), enter)}
	s.spec = Spec{Lab: ns.Name, Node: "node_1", Files: map[string]string{"/etc/resolv.conf": "nameserver 192.0.2.1\n"}}
	s.box = Sandbox{Lab: ns.Name, Node: "node_1", NetNS: ns.Path()}
	all := map[string]string{"passwd": "root:x:0:0::/:/bin/sh\n", "hosts": "", "hostname": "server\n", "resolv.conf": "nameserver 198.51.100.1\n"}
	maps.Copy(all, etc)
	for name, what := range all {
		s.put(t, name, what)
	}
	return s
}

// put replaces a file of /etc; "" removes it.
func (s *aServer) put(t *testing.T, name, what string) {
	t.Helper()
	path := filepath.Join(s.etc, name)
	err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.RemoveAll(path))
	to, isLink := strings.CutPrefix(what, "-> ")
	switch {
	case isLink:
		err = errors.Join(err, os.Symlink(to, path))
	case what == "/":
		err = errors.Join(err, os.Mkdir(path, 0o755))
	case what != "" || name == "hosts":
		err = errors.Join(err, os.WriteFile(path, []byte(what), 0o644))
	}
	if err != nil {
		t.Fatal(err)
	}
}

// write writes the files of the node.
func (s *aServer) write(t *testing.T, files map[string]string) {
	t.Helper()
	maps.Copy(s.spec.Files, files)
	if err := s.homes.Write(s.spec); err != nil {
		t.Fatal(err)
	}
}

// command prepares a shell command line in the node.
func (s *aServer) command(t *testing.T, line string) *exec.Cmd {
	t.Helper()
	cmd, err := s.homes.Command(context.Background(), s.box, Exec{Argv: []string{"sh", "-c", line}})
	if err != nil {
		t.Fatal(err)
	}
	enter := `mount --make-rprivate / && mount --bind "$0" /etc && exec "$@"`
	outer := exec.Command("unshare", append([]string{"--mount", "sh", "-c", enter, s.etc}, cmd.Args...)...)
	outer.Env = cmd.Env
	return outer
}

// says fails the test unless a command line in the node prints a text.
func (s *aServer) says(t *testing.T, line, want string) {
	t.Helper()
	out, err := s.command(t, line).CombinedOutput()
	if got := strings.TrimSpace(string(out)); err != nil || got != want {
		t.Errorf("%s: %q, %v; want %q", line, got, err, want)
	}
}

// has returns what is in /etc of the server, links with what they lead to.
func (s *aServer) has(t *testing.T) string {
	t.Helper()
	out, err := exec.Command("find", s.etc, "-printf", `%P %y %l %s\n`).Output()
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

// A node has its own resolv.conf and hostname, and what it writes there is its own,
// whatever the server has in their places.
func TestRealSystemFiles(t *testing.T) {
	name := unique()
	there := filepath.Join("/run", name, "stub.conf")
	for title, etc := range map[string]map[string]string{
		"files":                 nil,
		"nothing":               {"resolv.conf": "", "hostname": ""},
		"a link into /run":      {"resolv.conf": "-> .." + there},
		"a dangling link there": {"resolv.conf": "-> /run/" + name + "/none/stub.conf"},
		"a dangling link":       {"resolv.conf": "-> /var/lib/" + name + "/resolv.conf", "hostname": "-> nosuch"},
	} {
		t.Run(title, func(t *testing.T) {
			s := newServer(t, etc)
			if err := errors.Join(os.MkdirAll(filepath.Dir(there), 0o755), os.WriteFile(there, []byte("the server's"), 0o600)); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { os.RemoveAll(filepath.Dir(there)) })
			s.write(t, nil)
			before := s.has(t)
			s.says(t, "cat /etc/resolv.conf /etc/hostname; grep -c localhost /etc/hosts", "nameserver 192.0.2.1\nnode_1\n2")
			s.says(t, "echo mine >/etc/resolv.conf; cat /etc/resolv.conf", "mine")
			s.says(t, "cat /etc/resolv.conf", "mine")
			if text, err := os.ReadFile(there); err != nil || string(text) != "the server's" {
				t.Errorf("%s: %q, %v", there, text, err)
			}
			if after := s.has(t); after != before {
				t.Errorf("the server has\n%safter\n%s", after, before)
			}
			if left, _ := filepath.Glob("/var/lib/" + name); len(left) > 0 {
				t.Errorf("on the server: %q", left)
			}
		})
	}
}

// Files at places where the server has links to nothing are the node's alone.
func TestRealFilesAtDanglingLinks(t *testing.T) {
	name := unique()
	to := "-> /var/lib/" + name
	s := newServer(t, map[string]string{"file.conf": to, "dir": to + "-dir", "other": to + "-other"})
	s.write(t, map[string]string{"/etc/file.conf": "one\n", "/etc/dir/x.conf": "two\n", "/etc/new.conf": "three\n"})
	before := s.has(t)
	running := s.command(t, "read line; cat /etc/file.conf /etc/dir/x.conf /etc/new.conf")
	var out bytes.Buffer
	running.Stdout, running.Stderr = &out, &out
	in, err := running.StdinPipe()
	if err == nil {
		err = running.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		s.says(t, "cat /etc/file.conf /etc/dir/x.conf /etc/new.conf; readlink /etc/other", "one\ntwo\nthree\n/var/lib/"+name+"-other")
	}
	in.Close()
	if err := running.Wait(); out.String() != "one\ntwo\nthree\n" {
		t.Errorf("a command that runs meanwhile: %q, %v", out.String(), err)
	}
	if after := s.has(t); after != before {
		t.Errorf("the server has\n%safter\n%s", after, before)
	}
	if left, _ := filepath.Glob("/var/lib/" + name + "*"); len(left) > 0 {
		t.Errorf("on the server: %q", left)
	}
	delete(s.spec.Files, "/etc/file.conf")
	s.write(t, nil)
	s.says(t, "readlink /etc/file.conf; cat /etc/new.conf", "/var/lib/"+name+"\nthree")
}

// A directory that replaces one of the server's follows it, and keeps what the node's
// programs have made.
func TestRealShadowFollowsTheServer(t *testing.T) {
	s := newServer(t, map[string]string{
		"a": "-> passwd", "b": "text\n", "c": "/", "d": "-> passwd", "e": "/", "f": "gone\n", "g": "-> gone", "h": "/",
	})
	s.write(t, map[string]string{"/etc/new.conf": "new\n"})
	s.says(t, `: >/etc/empty; ln -s b /etc/own; mkdir /etc/mine; cat /etc/new.conf; readlink /etc/a; cat /etc/b /etc/f; ls -d /etc/c/ /etc/g`, "new\npasswd\ntext\ngone\n/etc/c/\n/etc/g")
	for name, what := range map[string]string{
		"a": "a file\n", "b": "/", "c": "-> passwd", "d": "-> a", "e": "another\n", "f": "", "g": "", "h": "",
		"empty": "the server's, later\n", "own": "the server's, later\n",
	} {
		s.put(t, name, what)
	}
	s.says(t, `cat /etc/new.conf /etc/a /etc/e; ls -d /etc/b/; readlink /etc/c /etc/d /etc/own; ls -d /etc/mine/
		for f in f g h; do [ ! -e /etc/$f ] && [ ! -L /etc/$f ] || echo $f is left; done`,
		"new\na file\nanother\n/etc/b/\npasswd\na\nb\n/etc/mine/")
	s.put(t, "empty", "")
	s.says(t, `ls /etc/empty`, "/etc/empty")
}
