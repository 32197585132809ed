package session

import (
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Check refuses settings that no session can have.
func (s Settings) Check() error {
	for _, k := range Knobs(Routers | Hosts) {
		if k.Key == "password" && !s.Password.Set() {
			continue // none
		}
		if why := k.Check(s); why != nil {
			return errors.New(why.Message)
		}
	}
	return nil
}

func checkLocalPref(s Settings) *Misfit {
	if s.LocalPref != nil && *s.LocalPref == 0 {
		return &Misfit{"local-pref 0 cannot be set", "use 1 for the least"}
	}
	return nil
}

func checkHold(s Settings) *Misfit {
	if hold := s.HoldTime; hold != 0 && (hold < leastHold || hold > longestTime || hold%time.Second != 0) {
		return &Misfit{fmt.Sprintf("hold time %v is not allowed (RFC 4271 section 4.2)", hold), "use 3 to 65535 seconds, or 0 for no keepalives"}
	}
	return nil
}

func checkKeepalive(s Settings) *Misfit {
	switch k := s.Keepalive; {
	case s.HoldTime == 0 && k != 0:
		return &Misfit{fmt.Sprintf("keepalive %v: with hold time 0 no keepalives are sent (RFC 4271 section 4.4)", k), "remove it"}
	case s.HoldTime != 0 && (k <= 0 || k >= s.HoldTime || k%time.Second != 0):
		return &Misfit{fmt.Sprintf("keepalive %v does not fit the hold time of %v", k, s.HoldTime), fmt.Sprintf("use a third of it, %v", KeepaliveFor(s.HoldTime))}
	}
	return nil
}

func checkRetry(s Settings) *Misfit {
	if r := s.ConnectRetry; r < time.Second || r > longestTime {
		return &Misfit{fmt.Sprintf("connect-retry %v is not allowed", r), "use 1 to 65535 seconds"}
	}
	return nil
}

func checkLocalAS(s Settings) *Misfit {
	if as := s.LocalAS; as == 23456 || as == 65535 || as == 1<<32-1 {
		return &Misfit{fmt.Sprintf("local-as %d is reserved", as), "use another AS number"}
	}
	return nil
}

func checkThreshold(s Settings) *Misfit {
	if p := s.MaxPrefixesThreshold; p > 100 {
		return &Misfit{fmt.Sprintf("max-prefixes-threshold %d is no percentage", p), "use 1 to 100, as 80"}
	}
	return nil
}

func checkRestart(s Settings) *Misfit {
	if r := s.MaxPrefixesRestart; r != 0 && (r < time.Second || r > longestTime) {
		return &Misfit{fmt.Sprintf("max-prefixes-restart %v is not allowed", r), "use 1 to 65535 seconds, or 0"}
	}
	return nil
}

func checkPassword(s Settings) *Misfit {
	if s.Password.Elsewhere() {
		return nil
	}
	return CheckText(s.Password.Text)
}

func checkDescription(s Settings) *Misfit {
	if n := utf8.RuneCountInString(s.Description); n > maxText || !isLine(s.Description) {
		return &Misfit{fmt.Sprintf("the description has %d characters, or is not one line of text", n), fmt.Sprintf("use one line of %d at most", maxText)}
	}
	return nil
}

func checkCommunication(s Settings) *Misfit {
	if n := len(s.Communication); n > maxWords || !isLine(s.Communication) {
		return &Misfit{fmt.Sprintf("the shutdown communication has %d octets, or is not one line of text", n), fmt.Sprintf("use one line of %d at most", maxWords)}
	}
	return nil
}

// isLine reports whether a text can be shown in one line.
func isLine(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) })
}

func checkOwnAS(s Settings) *Misfit {
	if s.AllowOwnAS > MaxOwnAS {
		return &Misfit{fmt.Sprintf("allow-own-as %d is more than %d", s.AllowOwnAS, MaxOwnAS), "use 1"}
	}
	return nil
}

func checkPaths(s Settings) *Misfit {
	if n := s.AddPathPaths; n > MaxPaths {
		return &Misfit{fmt.Sprintf("add-path-paths %d is more than %d", n, MaxPaths), "use 4, or 0 for all"}
	}
	return nil
}
