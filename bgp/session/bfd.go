package session

import (
	"cmp"
	"fmt"
	"time"
)

// Interval is a time between packets of BFD, in whole milliseconds.
type Interval time.Duration

// String writes the interval as the file has it.
func (i Interval) String() string { return time.Duration(i).String() }

// Limits and defaults of BFD.
const (
	leastBFD      = Interval(10 * time.Millisecond)
	longestBFD    = Interval(time.Minute)
	defaultBFD    = Interval(300 * time.Millisecond)
	defaultMisses = 3
)

// BFDTimes returns the intervals and the multiplier of BFD, with their defaults.
func (s Settings) BFDTimes() (tx, rx time.Duration, multiplier uint8) {
	return time.Duration(cmp.Or(s.BFDMinTx, defaultBFD)), time.Duration(cmp.Or(s.BFDMinRx, defaultBFD)), uint8(cmp.Or(s.BFDMultiplier, defaultMisses))
}

func checkBFDMinTx(s Settings) *Misfit { return checkInterval("bfd-min-tx", s.BFDMinTx) }

func checkBFDMinRx(s Settings) *Misfit { return checkInterval("bfd-min-rx", s.BFDMinRx) }

func checkInterval(key string, i Interval) *Misfit {
	if i != 0 && (i < leastBFD || i > longestBFD) {
		return &Misfit{fmt.Sprintf("%s %v is not allowed", key, i), "use 10ms to 60s, such as 50ms"}
	}
	return nil
}

func checkBFDMultiplier(s Settings) *Misfit {
	if s.BFDMultiplier > 255 {
		return &Misfit{fmt.Sprintf("bfd-multiplier %d is more than 255", s.BFDMultiplier), "use 3"}
	}
	return nil
}
