package session

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"pseudowan/bgp/vpn"
)

// RestartMode is a router's part in the graceful restart of a session (RFC 4724);
// "" is RestartFull.
type RestartMode string

// The parts.
const (
	RestartFull   RestartMode = "full"   // the peer is asked to keep routes of ours, and its own are kept
	RestartHelper RestartMode = "helper" // those of the peer are kept, ours are not
	RestartOff    RestartMode = "off"    // neither
)

// Restart times that stand where the settings have none.
const (
	defaultRestartTime = time.Minute     // longer than a router needs to start on a machine that starts a hundred
	defaultStalePath   = 6 * time.Minute // RFC 4724 section 4.2 leaves it open
)

const (
	longestRestart = 4095 * time.Second        // 12 bits (RFC 4724 section 3)
	longestStale   = (1<<24 - 1) * time.Second // 24 bits (RFC 9494 section 3.1)
)

// Mode is the router's part in graceful restart.
func (s Settings) Mode() RestartMode {
	if s.GracefulRestart == "" {
		return RestartFull
	}
	return s.GracefulRestart
}

// OurRestartTime is how long the peer is asked to keep our routes while we do not
// return.
func (s Settings) OurRestartTime() time.Duration {
	if s.RestartTime == 0 {
		return defaultRestartTime
	}
	return s.RestartTime
}

// StalePath is how long routes of a peer that has returned stand which it has not
// sent again.
func (s Settings) StalePath() time.Duration {
	if s.StalePathTime == 0 {
		return defaultStalePath
	}
	return s.StalePathTime
}

// Restarts reports whether graceful restart is for a family of the session.
func (s Settings) Restarts(f vpn.Family) bool {
	return s.Mode() != RestartOff && (len(s.RestartFamilies) == 0 || slices.Contains(s.RestartFamilies, f))
}

// Normal returns the settings without values that are the defaults anyway.
func (s Settings) Normal() Settings {
	if s.GracefulRestart == RestartFull {
		s.GracefulRestart = ""
	}
	if s.RestartTime == defaultRestartTime {
		s.RestartTime = 0
	}
	if s.StalePathTime == defaultStalePath {
		s.StalePathTime = 0
	}
	return s
}

// LongLived is how long routes of a family are kept at most after the restart time,
// by either end; 0: not at all (RFC 9494).
func (s Settings) LongLived(f vpn.Family) time.Duration {
	if s.Mode() == RestartOff || len(s.LongLivedFamilies) > 0 && !slices.Contains(s.LongLivedFamilies, f) {
		return 0
	}
	return s.LongLivedStaleTime
}

// Hops is a number of hops; in JSON also true for one, and false for none.
type Hops uint8

// UnmarshalJSON reads a number, or what was written before there were several.
func (h *Hops) UnmarshalJSON(data []byte) error {
	switch string(data) {
	case "true":
		*h = 1
	case "false":
		*h = 0
	default:
		return json.Unmarshal(data, (*uint8)(h))
	}
	return nil
}

func checkHops(s Settings) *Misfit {
	switch {
	case s.GTSM == 255:
		return &Misfit{"gtsm: 255 hops exclude nobody", "use a number of hops from 1 to 254"}
	case s.GTSM > 0 && s.Multihop > 0:
		return &Misfit{"gtsm and multihop exclude each other: packets of TTL security always start with 255", "remove multihop, and give gtsm the number of hops"}
	}
	return nil
}

func checkMultihop(s Settings) *Misfit {
	if s.Multihop > 255 {
		return &Misfit{fmt.Sprintf("multihop %d is no TTL", s.Multihop), "use 1 to 255"}
	}
	return nil
}

func checkRestartTime(s Settings) *Misfit {
	if r := s.RestartTime; r < 0 || r > longestRestart || r%time.Second != 0 {
		return &Misfit{fmt.Sprintf("restart-time %v is not allowed (RFC 4724 section 3)", r), "use 1 to 4095 seconds, or graceful-restart: helper"}
	}
	return nil
}

func checkStalePath(s Settings) *Misfit {
	if p := s.StalePathTime; p < 0 || p > longestTime {
		return &Misfit{fmt.Sprintf("stale-path-time %v is not allowed", p), "use 1 to 65535 seconds"}
	}
	return nil
}

func checkNotification(s Settings) *Misfit {
	if s.RestartNotification && s.Mode() == RestartOff {
		return &Misfit{"graceful-restart-notification is set, but there is no graceful restart", "remove it, or use graceful-restart: full"}
	}
	return nil
}

func checkLongLived(s Settings) *Misfit {
	switch t := s.LongLivedStaleTime; {
	case t < 0 || t > longestStale || t%time.Second != 0:
		return &Misfit{fmt.Sprintf("long-lived-stale-time %v is not allowed (RFC 9494 section 3.1)", t), "use at most 16777215 seconds, 194 days"}
	case t > 0 && s.Mode() == RestartOff:
		return &Misfit{"long-lived-stale-time is set, but there is no graceful restart (RFC 9494 section 4.1)", "remove it, or use graceful-restart: full"}
	}
	return nil
}

func checkRestartFamilies(s Settings) *Misfit {
	return checkAmong("graceful-restart-families", s.RestartFamilies, s.Families)
}

func checkLongLivedFamilies(s Settings) *Misfit {
	return checkAmong("long-lived-families", s.LongLivedFamilies, s.Families)
}

func checkAmong(key string, list, families []vpn.Family) *Misfit {
	for _, f := range list {
		if len(families) > 0 && !slices.Contains(families, f) {
			return &Misfit{fmt.Sprintf("%s names %s, which the session does not have", key, f), "remove it there"}
		}
	}
	return nil
}
