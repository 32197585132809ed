package random

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	"pseudowan/bgp"
	"pseudowan/bgp/session"

	"pseudowan/topology"
)

// Every knob of the table is a key of the file at each of its levels, has values for
// edits, and reaches the speaker from the validated lab through a router's stored
// configuration.
func TestEveryKnobGetsEverywhere(t *testing.T) {
	paths := schemaPaths(t)
	levels := map[session.Peers][]string{
		session.Routers: {"defaults.bgp.", "links.bgp.", "links.ends.*.bgp.", "links.bgp.neighbors."},
		session.Hosts:   {"hosts.*.bgp.", "hosts.*.attach.bgp."},
	}
	med := uint32(7)
	other := session.Settings{
		Families: session.Default(session.Routers).Families[1:], MED: &med, LocalPref: &med, HoldTime: 9 * time.Second, Keepalive: 4 * time.Second,
		ConnectRetry: 8 * time.Second, Passive: true, Password: session.Password{Text: "x"}, GTSM: 1, MaxPrefixes: 5, NextHopSelf: true, NextHopUnchanged: true, IPv6NextHop: true, ASOverride: true, IBGP: true, DefaultOriginate: true, GracefulShutdown: true, AllowOwnAS: 3,
		ImportPolicy: []string{"a"}, ExportPolicy: []string{"b", "c"},
		LocalAS: 65050, LocalASNoPrepend: true, LocalASReplaceAS: true, AddPathReceive: session.Default(session.Routers).Families[1:], AddPathSend: session.Default(session.Routers).Families[1:], AddPathPaths: 3, RTC: true, RTCDefault: true, EnforceFirstAS: true, RemovePrivateAS: true,
		Description: "d", MaxPrefixesThreshold: 50, MaxPrefixesWarningOnly: true, MaxPrefixesRestart: time.Minute, Shutdown: true, Communication: "c",
		Multihop: 3, GracefulRestart: session.RestartHelper, RestartFamilies: session.Default(session.Routers).Families[1:], RestartTime: 9 * time.Second, StalePathTime: 9 * time.Second,
		BFD: true, BFDMinTx: session.Interval(time.Second), BFDMinRx: session.Interval(time.Second), BFDMultiplier: 5,
		RestartNotification: true, LongLivedStaleTime: time.Hour, LongLivedFamilies: session.Default(session.Routers).Families[1:],
	}
	for with, prefixes := range levels {
		for _, k := range session.Knobs(with) {
			for _, prefix := range prefixes {
				if !slices.Contains(paths, prefix+k.Key) {
					t.Errorf("%s is not in the schema as %s", k.Key, prefix+k.Key)
				}
			}
			if knobValues[k.Key] == nil {
				t.Errorf("%s has no values for edits", k.Key)
			}
			var given session.Settings
			k.Copy(&given, &other)
			if k.Equal(given, session.Settings{}) {
				t.Errorf("%s: this test gives it no value", k.Key)
			}
			stored := reread(t, topology.Session{Settings: given}).Settings
			if with == session.Hosts {
				stored = reread(t, topology.CustomerBGP{Settings: given}).Settings
			}
			if n := (bgp.Neighbor{Settings: stored}); !k.Equal(n.Settings, other) {
				t.Errorf("%s does not reach the speaker: %+v", k.Key, n)
			}
		}
	}
}

// reread returns a value as read back from a stored configuration.
func reread[T any](t *testing.T, v T) (out T) {
	t.Helper()
	data, err := json.Marshal(v)
	if err == nil {
		err = json.Unmarshal(data, &out)
	}
	if err != nil {
		t.Fatal(err)
	}
	return out
}
