package interop

import (
	"cmp"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// terms are what a session is configured with, at both its ends.
type terms struct {
	as       uint32 // of the peer
	local    string // the peer's address
	remote   string // the router's
	plain    bool   // a customer's session, of the family of its addresses; else VPNv4 and VPNv6
	password string
	gtsm     bool
	restart  int // seconds of graceful restart; 0: none
	passive  bool

	routerAS    uint32 // of the router, as the peer is told; 0: ourAS
	transparent bool   // the peer does not put its AS in front of paths
	bound       bool   // the peer listens on its address alone
	rtc         bool   // route target constraint, of peers that have it
	addPath     bool   // several paths to a prefix, both ways

	hops      int  // that the peer is away: of TTL security where that is on; 0: it is on the link
	longLived int  // seconds of long-lived graceful restart; 0: none
	notifies  bool // graceful restart over NOTIFICATIONs (RFC 8538)
}

// routersAS is the AS that the peer takes the router's to be.
func (s terms) routersAS() uint32 { return cmp.Or(s.routerAS, ourAS) }

// internal reports whether it is a session within the router's AS.
func (s terms) internal() bool { return s.as == ourAS }

// six reports whether it is a session over IPv6.
func (s terms) six() bool { return strings.Contains(s.local, ":") }

// holdTime is that of the peers, in seconds.
const holdTime = 9

// route is a route as a peer announces it or has heard it.
type route struct {
	rd, prefix  string // rd is "" in a plain family
	nextHop     string
	label       uint32
	rts         []string
	med         int // -1: none
	localPref   int // -1: none
	asPath      string
	communities []string
	large       []string
	behind      []uint32 // ASes in the path, behind the peer's
}

func (r route) six() bool { return strings.Contains(r.prefix, ":") }

// vpnFamily is the address family of a VPN route as most call it.
func (r route) vpnFamily() string {
	if r.six() {
		return "vpnv6"
	}
	return "vpnv4"
}

// What all routes carry that peers announce.
const (
	sentMED       = 50
	sentLocalPref = 150 // within the AS
	sentCommunity = "65002:7"
	sentLarge     = "65002:1:2"
)

// peer is a peer of some make. Its verbs fail the test where they fail.
type peer interface {
	make() string
	version() string
	start(s terms)        // starts it with what was announced so far
	announce(r ...route)  // prefix, RD, label, RTs and next hop; the rest is the same for all
	withdraw(r route)     // by prefix and RD
	heard(r route) *route // the route of that prefix and RD, as it came from the router; nil: none
	refresh()             // asks the router for all its routes again
	updates() int         // counts the routes that came since the start, repeated ones, too
	shutdown(why string)  // ends the session as an operator does, with words for the other side
	process() *os.Process // its BGP daemon
}

// daemon is what peers of all makes have in common.
type daemon struct {
	t      *testing.T
	netns  string // path of the namespace where it runs
	dir    string // what it writes and reads
	terms  terms
	routes []route
	cmd    *exec.Cmd
}

func newDaemon(t *testing.T, netns string) daemon {
	dir, err := os.MkdirTemp("", "pwt-peer-")
	if err != nil {
		t.Fatal(err)
	}
	// Peers may run as users of their own.
	if err := os.Chmod(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return daemon{t: t, netns: netns, dir: dir}
}

// inside returns the command that runs argv in the peer's namespace.
func (d *daemon) inside(argv ...string) []string {
	return append([]string{"nsenter", "--net=" + d.netns}, argv...)
}

// launch starts the daemon, in place of one that has ended.
func (d *daemon) launch(env []string, argv ...string) {
	d.t.Helper()
	d.end(syscall.SIGKILL)
	argv = d.inside(argv...)
	log, err := os.OpenFile(filepath.Join(d.dir, "log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o666)
	if err != nil {
		d.t.Fatal(err)
	}
	defer log.Close()
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.Env = append(os.Environ(), env...)
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		d.t.Fatal(err)
	}
	d.cmd = cmd
	d.t.Cleanup(func() {
		if cmd == d.cmd {
			d.end(syscall.SIGKILL)
		}
		if d.t.Failed() {
			text, _ := os.ReadFile(filepath.Join(d.dir, "log"))
			d.t.Logf("the peer has said:\n%s", text[max(0, len(text)-3000):])
		}
	})
}

// end sends the daemon a signal and waits until it has ended.
func (d *daemon) end(s os.Signal) {
	if d.cmd == nil {
		return
	}
	_ = d.cmd.Process.Signal(s)
	_ = d.cmd.Wait()
	d.cmd = nil
}

func (d *daemon) process() *os.Process { return d.cmd.Process }

// write writes a file of the peer and returns its path.
func (d *daemon) write(name, text string) string {
	d.t.Helper()
	path := filepath.Join(d.dir, name)
	if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
		d.t.Fatal(err)
	}
	return path
}

// run runs a command in the peer's namespace until it succeeds: daemons take a
// while before they answer.
func (d *daemon) run(argv ...string) string {
	d.t.Helper()
	var out string
	eventually(d.t, 20*time.Second, func() error {
		r := command(d.inside(argv...)...)
		if r.code != 0 {
			return fmt.Errorf("%s: exit code %d: %s%s", strings.Join(argv, " "), r.code, r.stdout, r.stderr)
		}
		out = r.stdout
		return nil
	})
	return out
}

// note adds routes to what is announced, in place of those of the same key.
func (d *daemon) note(routes []route) {
	for _, r := range routes {
		d.forget(r)
		d.routes = append(d.routes, r)
	}
}

func (d *daemon) forget(r route) {
	d.routes = slices.DeleteFunc(d.routes, func(o route) bool { return o.rd == r.rd && o.prefix == r.prefix })
}
