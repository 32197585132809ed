package impair

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// The bounds of what a wire suffers.
const (
	longestDelay = time.Minute
	leastRate    = 8_000           // bits per second
	mostRate     = 100_000_000_000 // likewise
)

// Parse reads an impairment: the loss as a percentage such as 5%, the delay of each packet
// such as 20ms, and the rate in bits per second such as 512K, 10M or 1G. Each may be "".
func Parse(loss, delay, rate string) (m Impairment, err error) {
	if loss != "" {
		if m.Loss, err = parseLoss(loss); err != nil {
			return m, err
		}
	}
	if delay != "" {
		if m.Delay, err = time.ParseDuration(delay); err != nil || m.Delay == 0 {
			return m, fmt.Errorf("delay %q is not a duration such as 20ms", delay)
		}
	}
	if rate != "" {
		if m.Rate, err = parseRate(rate); err != nil {
			return m, err
		}
	}
	return m, m.Check()
}

// Check refuses what is out of bounds.
func (m Impairment) Check() error {
	switch {
	case !(m.Loss >= 0 && m.Loss <= 1): // nor is NaN
		return fmt.Errorf("loss %g is not a share from 0 to 1", m.Loss)
	case m.Delay < 0 || m.Delay > longestDelay:
		return fmt.Errorf("delay %s is not between 0 and 1m", m.Delay)
	case m.Rate != 0 && (m.Rate < leastRate || m.Rate > mostRate):
		return fmt.Errorf("rate %d is not between 8K and 100G bits per second", m.Rate)
	}
	return nil
}

// parseLoss reads a percentage.
func parseLoss(text string) (float64, error) {
	number, percent := strings.CutSuffix(text, "%")
	v, err := strconv.ParseFloat(number, 64)
	if err != nil || !percent || math.IsNaN(v) || v <= 0 || v > 100 {
		return 0, fmt.Errorf("loss %q is not a percentage above 0, such as 5%%", text)
	}
	return v / 100, nil
}

// parseRate reads bits per second.
func parseRate(text string) (uint64, error) {
	factor := uint64(1)
	number := text
	for suffix, f := range map[string]uint64{"K": 1e3, "M": 1e6, "G": 1e9} {
		if n, ok := strings.CutSuffix(strings.ToUpper(text), suffix); ok {
			number, factor = n, f
		}
	}
	v, err := strconv.ParseUint(number, 10, 32)
	if err != nil || v*factor < leastRate || v*factor > mostRate {
		return 0, fmt.Errorf("rate %q is not between 8K and 100G bits per second", text)
	}
	return v * factor, nil
}
