package hosts

import (
	"fmt"
	"strings"

	"github.com/safchain/ethtool"
)

// txChecksumOff makes the interface fill in every checksum itself. The kernel
// then turns segmentation offload off too.
func (in *inside) txChecksumOff(name string) error {
	return in.offloadsOff(name, func(feature string) bool {
		return strings.HasPrefix(feature, "tx-checksum-")
	})
}

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
