package interop

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"pseudowan/status"
)

// The features of a PE behind the NIC that are settings of the router's session.
var settingFeatures = []feature{
	{"password from the environment and from a file", testPasswordElsewhere},
	{"description; shutdown with words (RFC 9003) that the peer shows", testShutdownByUs},
	{"policies edited during the session, seen in the peer's table", testPoliciesEdited},
	{"several neighbors behind one NIC", testSeveralNeighbors},
	{"a dynamic neighbor, from a prefix", testDynamic},
	{"local-as, with no-prepend and replace-as (RFC 7705)", testLocalAS},
	{"allow-own-as: the router's AS in a path", testAllowOwnAS},
	{"remove-private-as", testRemovePrivateAS},
	{"enforce-first-as", testEnforceFirstAS},
	{"max-prefixes: threshold and warning-only", testLimitWarns},
	{"max-prefixes-restart: the session returns by itself", testLimitRestarts},
	{"a loopback behind a router on the link: via, update-source, multihop; GTSM of two hops", testLoopback},
	{"graceful-restart: off, and helper alone", testRestartParts},
	{"long-lived graceful restart of the peer (RFC 9494)", testPeerLongLived},
	{"long-lived graceful restart of the router: the peer keeps its routes as the last resort", testRouterLongLived},
	{"NOTIFICATIONs cost no routes, hard resets do (RFC 8538)", testNotifications},
}

// settings are these features. In brief, they are tested with the quicker of the two
// makes alone.
func settings() []feature {
	var out []feature
	for _, f := range settingFeatures {
		test := f.test
		out = append(out, feature{f.name, func(t *testing.T, s *scene) {
			if s.make() == "FRR" {
				whole(t)
			}
			test(t, s)
		}})
	}
	return out
}

// words are numbers, each with a space in front.
func words(of []uint32) (text string) {
	for _, n := range of {
		text += fmt.Sprintf(" %d", n)
	}
	return text
}

// edited applies other settings, which leave the peer alone.
func (s *scene) edited(t *testing.T, c terms, more string) {
	t.Helper()
	s.apply(t, s.with(c, more))
}

// stood checks that a session has stood since it was seen last.
func (s *scene) stood(t *testing.T, before status.Peer) {
	t.Helper()
	if p := s.session(t, before.RemoteAddress.String()); p.State != "established" || p.Since != before.Since {
		t.Errorf("the session of %s is %s since %s: %s", before.Since, p.State, p.Since, p.LastError)
	}
}

func testPasswordElsewhere(t *testing.T, s *scene) {
	const secret = "s3cret-of-two-places"
	t.Setenv("PWT_INTEROP_KEY", secret)
	file := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(file, []byte(secret+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	c := s.terms()
	far := c
	far.password = secret
	for _, place := range []string{"env: PWT_INTEROP_KEY", "file: " + file} {
		s.edited(t, c, "password: {"+place+"}")
		s.announce(farV4)
		s.start(far)
		s.established(t, c.local)
		s.arrives(t, "red", farV4)
	}
	said := command("grep", "-rl", secret, "/var/lib/pseudowan/"+labName, "/run/pseudowan/"+labName)
	for path := range strings.FieldsSeq(said.stdout) {
		info, err := os.Stat(path)
		if err != nil || info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s has the password, and mode %v", path, info.Mode())
		}
	}
	wrong := c
	wrong.password = "another"
	s.start(wrong)
	s.refused(t, c, "TCPMD5Failure")
	if err := os.Chmod(file, 0o644); err != nil {
		t.Fatal(err)
	}
	if r := command(program, "up", s.lab.file, "--runtime", "netns"); r.code == 0 || !strings.Contains(r.stderr, file) {
		t.Errorf("up with a password that everybody reads: exit code %d: %s", r.code, r.stderr)
	}
}

// says waits until the peer, asked or in its log, says something of the session.
func (s *scene) says(t *testing.T, want string) {
	t.Helper()
	eventually(t, 15*time.Second, func() error {
		said := s.told()
		if !strings.Contains(said, want) {
			return fmt.Errorf("%s does not say %q:\n%s", s.make(), want, said[max(0, len(said)-1500):])
		}
		return nil
	})
}

// teller is a peer that says what it has been told of the end of its session.
type teller interface{ told() string }

func (s *scene) told() string { return s.peer.(teller).told() }

func (d *daemon) log() string {
	text, _ := os.ReadFile(filepath.Join(d.dir, "log"))
	return string(text)
}

func (f *frr) told() string {
	return f.log() + f.vtysh("show bgp neighbors "+f.terms.remote)
}

func (b *bird) told() string { return b.log() + b.birdc("show", "protocols", "all", "far") }

func testShutdownByUs(t *testing.T, s *scene) {
	c := s.terms()
	s.begin(t, c, `description: "the far PE"`, farV4)
	s.arrives(t, "red", farV4)
	s.hears(t, ourV4)
	if p := s.session(t, c.local); p.Description != "the far PE" {
		t.Errorf("%+v", p)
	}
	s.edited(t, c, `description: "the far PE", shutdown: true, shutdown-communication: "back at noon"`)
	s.says(t, "back at noon")
	s.goes(t, 5*time.Second, "red", farV4)
	if got := s.heard(ourV4); got != nil {
		t.Errorf("%s still has %+v", s.make(), *got)
	}
	if p := s.session(t, c.local); !p.Shutdown || p.State == "established" || !strings.Contains(p.Reason, "back at noon") {
		t.Errorf("%+v", p)
	}
	s.edited(t, c, `description: "the far PE"`)
	s.established(t, c.local)
	s.arrives(t, "red", farV4)
}

func testPoliciesEdited(t *testing.T, s *scene) {
	const policies = `
policies:
  in:
  - {set: {local-pref: PREF}}
  out:
  - {match: {communities: "65100:7"}, then: reject}
  - {set: {med: MED, communities: {add: "65001:MED"}}}
`
	plain := s.text
	at := func(pref, med string) {
		s.text = plain + strings.NewReplacer("PREF", pref, "MED", med).Replace(policies)
	}
	const use = "import-policy: in, export-policy: out"
	at("300", "77")
	s.begin(t, s.terms(), use, farV4)
	ce := route{rd: "65001:101", prefix: "172.16.1.0/24"}
	sees := func(pref uint32, med int, hears bool) {
		t.Helper()
		eventually(t, 15*time.Second, func() error {
			in, out, other := s.path(t, "red", farV4.prefix, farV4.nextHop), s.heard(ourV4), s.heard(ce)
			switch {
			case in == nil || in.LocalPref == nil && pref != 0 || in.LocalPref != nil && *in.LocalPref != pref:
				return fmt.Errorf("the router has %+v; want local preference %d", in, pref)
			case out == nil || out.med != med && (med != 0 || out.med != -1):
				return fmt.Errorf("%s has heard %+v; want MED %d", s.make(), out, med)
			case med != 0 && !slices.Equal(out.communities, []string{fmt.Sprintf("65001:%d", med)}):
				return fmt.Errorf("%s has heard communities %v", s.make(), out.communities)
			case (other != nil) != hears:
				return fmt.Errorf("%s has heard %+v", s.make(), other)
			}
			return nil
		})
	}
	sees(300, 77, false)
	before := s.session(t, s.terms().local)
	at("200", "78")
	s.edited(t, s.terms(), use)
	sees(200, 78, false)
	s.text = plain
	s.edited(t, s.terms(), "")
	sees(0, 0, true)
	s.stood(t, before)
}

// testSeveralNeighbors has two daemons behind the NIC, with routes and settings of
// their own.
func testSeveralNeighbors(t *testing.T, s *scene) {
	const second = "192.168.0.5"
	plain := strings.ReplaceAll(s.text, "192.168.0.1/30", "192.168.0.1/29")
	s.text = strings.Replace(plain, "bgp: {SETTINGS}",
		`bgp: {hold-time: 30, neighbors: [{peer: 192.168.0.2, as: 65002, med: 5}, {peer: 192.168.0.5, as: 65003, max-prefixes: 9}]}`, 1)
	s.lab.apply(t, s.text)
	mustRun(t, "ip", "-n", farNetns, "addr", "add", second+"/29", "dev", farNIC)
	t.Cleanup(func() { command("ip", "-n", farNetns, "addr", "del", second+"/29", "dev", farNIC) })
	other := newOther(t, s)
	ours, theirs := farV4, farV4
	theirs.rd, theirs.prefix, theirs.nextHop = "65003:101", "30.3.0.0/24", second
	s.announce(ours)
	other.announce(theirs)
	c := s.terms()
	c.bound = true
	s.start(c)
	other.start(terms{as: 65003, local: second, remote: ourIPv4, bound: true})
	for _, peer := range []string{c.local, second} {
		s.established(t, peer)
	}
	s.arrives(t, "red", ours)
	s.arrives(t, "red", theirs)
	if got := s.hears(t, ourV4); got.med != 5 {
		t.Errorf("%s has heard %+v; want MED 5", s.make(), got)
	}
	eventually(t, 15*time.Second, func() error {
		if got := other.heard(ourV4); got == nil || got.med > 0 {
			return fmt.Errorf("%s has heard %+v; want no MED", other.make(), got)
		}
		return nil
	})
	before := s.session(t, second)
	s.kill(t)
	s.goes(t, 3*time.Second, "red", ours)
	s.arrives(t, "red", theirs)
	s.stood(t, before)
	s.apply(t, strings.ReplaceAll(s.text, "{peer: 192.168.0.2, as: 65002, med: 5}, ", "")) // one less
	s.stood(t, before)
	if _, err := s.trySession(c.local); err == nil {
		t.Error("a neighbor that the file no longer has is still shown")
	}
}

// newOther makes a peer beside that of the scene, of the other make.
func newOther(t *testing.T, s *scene) peer {
	if s.make() == "BIRD" {
		return newFRR(t, "/run/netns/"+farNetns)
	}
	return newBIRD(t, "/run/netns/"+farNetns)
}

func testDynamic(t *testing.T, s *scene) {
	c := s.terms()
	settings := `bgp: {peer: "192.168.0.0/30", as: 65002, limit: 1}`
	plain := s.text
	s.text = strings.Replace(plain, "bgp: {SETTINGS}", settings, 1)
	s.apply(t, s.text)
	s.announce(farV4)
	s.start(c)
	eventually(t, 30*time.Second, func() error {
		p, err := s.trySession(c.local)
		if err == nil && (p.State != "established" || p.Dynamic != "192.168.0.0/30") {
			err = fmt.Errorf("the session is %s, and dynamic %q", p.State, p.Dynamic)
		}
		return err
	})
	s.arrives(t, "red", farV4)
	s.hears(t, ourV4)
	s.kill(t)
	s.goes(t, 5*time.Second, "red", farV4)
	s.start(c)
	s.arrives(t, "red", farV4)
	s.apply(t, strings.ReplaceAll(s.text, "as: 65002", "as: 65007")) // it is somebody else's place now
	s.goes(t, 10*time.Second, "red", farV4)
}

func testLocalAS(t *testing.T, s *scene) {
	c := s.terms()
	c.routerAS = 65050
	s.announce(farV4)
	for i, step := range []struct{ more, heard, has string }{
		{"local-as: 65050", "65050 65001", "65050 65002"},
		{"local-as: 65050, local-as-no-prepend: true", "65050 65001", "65002"},
		{"local-as: 65050, local-as-no-prepend: true, local-as-replace-as: true", "65050", "65002"},
	} {
		s.apply(t, s.with(c, step.more))
		if i == 0 {
			s.start(c)
		}
		s.established(t, c.local)
		eventually(t, 15*time.Second, func() error {
			got, has := s.heard(ourV4), s.path(t, "red", farV4.prefix, farV4.nextHop)
			if got == nil || got.asPath != step.heard || has == nil || has.ASPath != step.has {
				return fmt.Errorf("%s: %s has heard %+v, and the router %+v", step.more, s.make(), got, has)
			}
			return nil
		})
	}
}

// unusable waits until a route of the peer is there, and cannot be used.
func (s *scene) unusable(t *testing.T, r route, why string) {
	t.Helper()
	eventually(t, 15*time.Second, func() error {
		if got := s.path(t, "red", r.prefix, r.nextHop); got == nil || !strings.Contains(got.Unusable, why) {
			return fmt.Errorf("the router has %+v; want it unusable: %s", got, why)
		}
		return nil
	})
}

func testAllowOwnAS(t *testing.T, s *scene) {
	looped := farV4
	looped.behind = []uint32{ourAS, 65009}
	s.begin(t, s.terms(), "", looped)
	s.unusable(t, looped, "this router's AS is in its AS path")
	s.edited(t, s.terms(), "allow-own-as: 1")
	s.arrives(t, "red", looped)
	if got := s.path(t, "red", looped.prefix, looped.nextHop); got.ASPath != "65002 65001 65009" {
		t.Errorf("%+v", got)
	}
}

func testRemovePrivateAS(t *testing.T, s *scene) {
	key := route{rd: "65001:101", prefix: "172.16.1.0/24"}
	s.begin(t, s.terms(), "")
	for _, step := range []struct{ more, want string }{{"", "65001 65100"}, {"remove-private-as: true", "65001"}} {
		s.edited(t, s.terms(), step.more)
		eventually(t, 20*time.Second, func() error {
			if got := s.heard(key); got == nil || got.asPath != step.want {
				return fmt.Errorf("%s has heard %+v; want the path %s", s.make(), got, step.want)
			}
			return nil
		})
	}
}

func testEnforceFirstAS(t *testing.T, s *scene) {
	c := s.terms()
	c.transparent = true
	foreign, own := farV4, farV4
	foreign.behind = []uint32{65010}
	own.prefix, own.behind = "31.1.0.0/24", []uint32{c.as}
	s.begin(t, c, "", foreign, own)
	s.arrives(t, "red", foreign)
	s.arrives(t, "red", own)
	if got := s.path(t, "red", foreign.prefix, foreign.nextHop); got.ASPath != "65010" {
		t.Errorf("%+v", got)
	}
	s.edited(t, c, "enforce-first-as: true")
	s.goes(t, 20*time.Second, "red", foreign)
	s.arrives(t, "red", own)
	if p := s.session(t, c.local); p.Malformed.Withdrawn == 0 || !strings.Contains(p.Malformed.Last, "does not begin with AS 65002") {
		t.Errorf("%+v", p.Malformed)
	}
}

// manyRoutes are n routes of the peer.
func manyRoutes(n int) (out []route) {
	for i := range n {
		r := farV4
		r.prefix = fmt.Sprintf("31.%d.0.0/24", i)
		out = append(out, r)
	}
	return out
}

// warns waits for a warning of the session; "": for none.
func (s *scene) warns(t *testing.T, c terms, want string) {
	t.Helper()
	eventually(t, 15*time.Second, func() error {
		if p := s.session(t, c.local); p.Warning != want || p.State != "established" {
			return fmt.Errorf("the session is %s, and warns %q; want %q: %s", p.State, p.Warning, want, p.LastError)
		}
		return nil
	})
}

func testLimitWarns(t *testing.T, s *scene) {
	c := s.terms()
	const settings = "max-prefixes: 10, max-prefixes-threshold: 50"
	s.begin(t, c, settings+", max-prefixes-warning-only: true", manyRoutes(4)...)
	s.arrives(t, "red", manyRoutes(4)[3])
	s.warns(t, c, "")
	before := s.session(t, c.local)
	s.announce(manyRoutes(5)...)
	s.warns(t, c, "5 prefixes received, of at most 10")
	s.announce(manyRoutes(11)...)
	s.warns(t, c, "11 prefixes received, more than 10")
	s.arrives(t, "red", manyRoutes(11)[10])
	s.stood(t, before)
	s.edited(t, c, settings) // and no longer only that
	s.down(t, c)
	if p := s.session(t, c.local); !strings.Contains(p.Reason, "more than 10 prefixes") {
		t.Errorf("%+v", p)
	}
	s.says(t, tooMany[s.make()])
}

// tooMany is how the peers call Cease/1 (RFC 4486).
var tooMany = map[string]string{"FRR": "Maximum Number of Prefixes Reached", "BIRD": "Maximum number of prefixes reached"}

func testLimitRestarts(t *testing.T, s *scene) {
	c := s.terms()
	s.begin(t, c, "max-prefixes: 3, max-prefixes-restart: 2", manyRoutes(3)...)
	s.arrives(t, "red", manyRoutes(3)[2])
	s.announce(manyRoutes(4)[3])
	eventually(t, 10*time.Second, func() error {
		if p := s.session(t, c.local); !strings.Contains(p.Reason, "more than 3 prefixes; tried again after 2s") {
			return fmt.Errorf("the session is %s: %s", p.State, p.Reason)
		}
		return nil
	})
	s.withdraw(manyRoutes(4)[3])
	s.established(t, c.local)
	s.arrives(t, "red", manyRoutes(3)[2])
}
