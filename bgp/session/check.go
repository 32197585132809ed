package session

import (
	"errors"
	"fmt"
	"time"
)

// Check refuses settings that no session can have.
func (s Settings) Check() error {
	for _, k := range Knobs(Routers | Hosts) {
		if k.Key == "password" && s.Password == "" {
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

func checkPassword(s Settings) *Misfit {
	if n := len(s.Password); n == 0 || n > maxPassword {
		return &Misfit{fmt.Sprintf("the password has %d octets", n), fmt.Sprintf("use 1 to %d", maxPassword)}
	}
	return nil
}

func checkOwnAS(s Settings) *Misfit {
	if s.AllowOwnAS > MaxOwnAS {
		return &Misfit{fmt.Sprintf("allow-own-as %d is more than %d", s.AllowOwnAS, MaxOwnAS), "use 1"}
	}
	return nil
}
