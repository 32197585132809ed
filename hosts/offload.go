package hosts

import (
	"fmt"

	"github.com/safchain/ethtool"
)

// offloadsOff turns off the chosen features of an interface that are on and can
// be changed.
func (in *inside) offloadsOff(name string, chosen func(feature string) bool) error {
	features, err := in.eth.FeaturesWithState(name)
	if err != nil {
		return fmt.Errorf("read offloads: %w", err)
	}
	off := map[string]bool{}
	for feature, state := range features {
		if canTurnOff(state) && chosen(feature) {
			off[feature] = false
		}
	}
	if len(off) == 0 {
		return nil
	}
	if err := in.eth.Change(name, off); err != nil {
		return fmt.Errorf("turn offloads off: %w", err)
	}
	return nil
}

func canTurnOff(s ethtool.FeatureState) bool { return s.Active && s.Available && !s.NeverChanged }
