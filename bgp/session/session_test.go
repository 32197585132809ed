package session

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"

	"pseudowan/bgp/vpn"
)

// Every field of Settings is a knob, at most once for each kind of peer, and every
// knob has a description.
func TestEverySettingIsAKnob(t *testing.T) {
	var s Settings
	fields := map[uintptr]string{}
	for i := range reflect.TypeFor[Settings]().NumField() {
		fields[reflect.ValueOf(&s).Elem().Field(i).Addr().Pointer()] = reflect.TypeFor[Settings]().Field(i).Name
	}
	used := map[string]bool{}
	for _, with := range []Peers{Routers, Hosts} {
		seen := map[string]bool{}
		for _, k := range Knobs(with) {
			name := fields[reflect.ValueOf(k.Field(&s)).Pointer()]
			if name == "" || seen[k.Key] || !strings.HasSuffix(k.Doc, ".") {
				t.Errorf("knob %+v of field %q: want a field, one row and a sentence", k, name)
			}
			seen[k.Key], used[name] = true, true
		}
	}
	for _, name := range fields {
		if !used[name] {
			t.Errorf("field %s is not a knob", name)
		}
	}
}

func TestDefaultsAreAllowed(t *testing.T) {
	for _, with := range []Peers{Routers, Hosts} {
		if err := Default(with).Check(); err != nil {
			t.Errorf("defaults of kind %d: %v", with, err)
		}
	}
}

// Hold time 0 means none, and no keepalives (RFC 4271 sections 4.2 and 4.4).
func TestNoHoldTime(t *testing.T) {
	s := Default(Routers)
	s.HoldTime = 0
	s.Keepalive = KeepaliveFor(s.HoldTime)
	if err := s.Check(); err != nil || s.Keepalive != 0 {
		t.Errorf("keepalive %v, %v", s.Keepalive, err)
	}
}

func TestCheck(t *testing.T) {
	for want, change := range map[string]func(*Settings){
		"no keepalives are sent":          func(s *Settings) { s.HoldTime = 0 },
		"hold time 2s is not allowed":     func(s *Settings) { s.HoldTime = 2 * time.Second },
		"hold time 3.5s is not allowed":   func(s *Settings) { s.HoldTime = 3500 * time.Millisecond },
		"keepalive 0s does not fit":       func(s *Settings) { s.Keepalive = 0 },
		"keepalive 40s does not fit":      func(s *Settings) { s.Keepalive = s.HoldTime },
		"connect-retry -1ns":              func(s *Settings) { s.ConnectRetry = -1 },
		"local-pref 0":                    func(s *Settings) { s.LocalPref = new(uint32) },
		"the password has 81 octets":      func(s *Settings) { s.Password.Text = strings.Repeat("x", 81) },
		"the password has several lines":  func(s *Settings) { s.Password.Text = "a\nb" },
		"the description has 201":         func(s *Settings) { s.Description = strings.Repeat("ä", 201) },
		"is not one line of text":         func(s *Settings) { s.Description = "two\nlines" },
		"the shutdown communication has":  func(s *Settings) { s.Shutdown, s.Communication = true, strings.Repeat("x", 129) },
		"max-prefixes-threshold 101":      func(s *Settings) { s.MaxPrefixesThreshold = 101 },
		"max-prefixes-restart 1ms":        func(s *Settings) { s.MaxPrefixesRestart = time.Millisecond },
		"local-as 23456 is reserved":      func(s *Settings) { s.LocalAS = 23456 },
		"add-path-paths 256 is more":      func(s *Settings) { s.AddPathPaths = 256 },
		"allow-own-as 11 is more than 10": func(s *Settings) { s.AllowOwnAS = 11 },
		"255 hops exclude nobody":         func(s *Settings) { s.GTSM = 255 },
		"exclude each other":              func(s *Settings) { s.GTSM, s.Multihop = 2, 2 },
		"multihop 256 is no TTL":          func(s *Settings) { s.Multihop = 256 },
		"restart-time 1h8m16s":            func(s *Settings) { s.RestartTime = 4096 * time.Second },
		"stale-path-time 18h12m16s":       func(s *Settings) { s.StalePathTime = 65536 * time.Second },
		"there is no graceful restart":    func(s *Settings) { s.GracefulRestart, s.RestartNotification = RestartOff, true },
		"no graceful restart (RFC 9494": func(s *Settings) {
			s.GracefulRestart, s.LongLivedStaleTime = RestartOff, time.Hour
		},
		"long-lived-stale-time 4660h20m16s": func(s *Settings) {
			s.LongLivedStaleTime = 16777216 * time.Second
		},
		"long-lived-families names":       func(s *Settings) { s.LongLivedFamilies = []vpn.Family{vpn.IPv4} },
		"bfd-min-tx 5ms":                  func(s *Settings) { s.BFDMinTx = Interval(5 * time.Millisecond) },
		"bfd-min-rx 2m0s":                 func(s *Settings) { s.BFDMinRx = Interval(2 * time.Minute) },
		"bfd-multiplier 256":              func(s *Settings) { s.BFDMultiplier = 256 },
		"graceful-restart-families names": func(s *Settings) { s.RestartFamilies = []vpn.Family{vpn.IPv6} },
	} {
		s := Default(Routers)
		change(&s)
		if err := s.Check(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v; want an error with %q", err, want)
		}
	}
}

// A knob compares and copies only its own field.
func TestKnobsAreApart(t *testing.T) {
	for _, k := range Knobs(Routers | Hosts) {
		from, to := other(), Settings{}
		if k.Equal(from, to) {
			t.Errorf("%s: %+v and the zero settings agree", k.Key, from)
		}
		k.Copy(&to, &from)
		for _, o := range Knobs(Routers | Hosts) {
			if same := o.Equal(from, to); same != (o.Key == k.Key) {
				t.Errorf("%s is the same after a copy of %s: %t", o.Key, k.Key, same)
			}
		}
	}
}

// other returns settings that differ from the zero value in every field.
func other() Settings {
	n := uint32(7)
	return Settings{
		Families: []vpn.Family{vpn.VPNv6}, MED: &n, LocalPref: &n, HoldTime: 9 * time.Second, Keepalive: 4 * time.Second,
		ConnectRetry: 8 * time.Second, Passive: true, Password: Password{Text: "x"}, GTSM: 2, Multihop: 3, MaxPrefixes: 5, NextHopSelf: true, NextHopUnchanged: true, IPv6NextHop: true, ASOverride: true, IBGP: true, DefaultOriginate: true, GracefulShutdown: true, AllowOwnAS: 3,
		ImportPolicy: []string{"a"}, ExportPolicy: []string{"b", "c"},
		LocalAS: 65050, LocalASNoPrepend: true, LocalASReplaceAS: true, AddPathReceive: []vpn.Family{vpn.VPNv6}, AddPathSend: []vpn.Family{vpn.VPNv6}, AddPathPaths: 3, RTC: true, RTCDefault: true, EnforceFirstAS: true, RemovePrivateAS: true,
		GracefulRestart: RestartOff, RestartFamilies: []vpn.Family{vpn.VPNv6}, RestartTime: time.Second, StalePathTime: time.Second,
		RestartNotification: true, LongLivedStaleTime: time.Hour, BFD: true, BFDMinTx: Interval(time.Second), BFDMinRx: Interval(time.Second), BFDMultiplier: 5, LongLivedFamilies: []vpn.Family{vpn.VPNv6},
		Description: "d", MaxPrefixesThreshold: 50, MaxPrefixesWarningOnly: true, MaxPrefixesRestart: time.Minute, Shutdown: true, Communication: "c",
	}
}

// Before there were hops, gtsm was true or false; a router may still have such a
// configuration.
func TestHopsInJSON(t *testing.T) {
	for text, want := range map[string]Hops{`{"gtsm":true}`: 1, `{"gtsm":false}`: 0, `{"gtsm":3}`: 3, `{}`: 0} {
		var s Settings
		if err := json.Unmarshal([]byte(text), &s); err != nil || s.GTSM != want {
			t.Errorf("%s: %d, %v; want %d", text, s.GTSM, err, want)
		}
	}
}

// Every knob has its value in words, and a default is not given.
func TestText(t *testing.T) {
	s := other()
	for _, with := range []Peers{Routers, Hosts} {
		for _, k := range Knobs(with) {
			if k.Text(s) == "" || strings.Contains(k.Text(s), "0x") || k.Key == "password" && k.Text(s) != "set" {
				t.Errorf("%s: %q", k.Key, k.Text(s))
			}
			if k.Key != "families" && k.Key != "next-hop-self" && !k.Given(s, with) || k.Given(Default(with), with) {
				t.Errorf("%s: given %t, the default is given %t", k.Key, k.Given(s, with), k.Given(Default(with), with))
			}
		}
	}
	for key, want := range map[string]string{"med": "7", "gtsm": "2", "families": "vpnv6", "export-policy": "b, c", "restart-time": "1s", "graceful-restart": "off"} {
		for _, k := range Knobs(Routers) {
			if k.Key == key && k.Text(s) != want {
				t.Errorf("%s: %q; want %q", key, k.Text(s), want)
			}
			if k.Key == "graceful-restart" && k.Text(Default(Routers)) != "full" {
				t.Error(k.Text(Default(Routers)))
			}
		}
	}
}

// Settings of before there were these have the defaults.
func TestRestartDefaults(t *testing.T) {
	var s Settings
	d := Default(Routers)
	d.GracefulRestart, d.RestartTime, d.StalePathTime = RestartFull, time.Minute, 6*time.Minute
	if !reflect.DeepEqual(d.Normal(), Default(Routers)) {
		t.Errorf("what is the default anyway is kept: %+v", d.Normal())
	}
	if s.Mode() != d.Mode() || s.OurRestartTime() != d.OurRestartTime() || s.StalePath() != d.StalePath() || !s.Restarts(vpn.VPNv4) {
		t.Errorf("%v %v %v", s.Mode(), s.OurRestartTime(), s.StalePath())
	}
}
