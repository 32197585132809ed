package ovs

import (
	"fmt"
	"strings"

	"github.com/safchain/ethtool"
)

// fillChecksums makes the kernel fill in the checksums of what it sends through
// the bridge's internal ports. In later versions (seen with 3.5 of Debian 13, not
// with 3.1) the taps of a netdev datapath offer checksum offload, but the frames
// leave by other ports with the checksums missing. Turning it off also turns off
// segmentation offload.
func (br *bridge) fillChecksums(ports []Port) error {
	if br.cfg.Datapath != Netdev {
		return nil
	}
	for _, p := range ports {
		if !p.Internal {
			continue
		}
		if err := fillChecksums(br.offloads, p.Name); err != nil {
			return fmt.Errorf("port %s: turn off checksum offload: %w", p.Name, err)
		}
	}
	return nil
}

func fillChecksums(e *ethtool.Ethtool, name string) error {
	features, err := e.FeaturesWithState(name)
	if err != nil {
		return err
	}
	off := map[string]bool{}
	for feature, state := range features {
		if strings.HasPrefix(feature, "tx-checksum-") && state.Active && state.Available && !state.NeverChanged {
			off[feature] = false
		}
	}
	if len(off) == 0 {
		return nil
	}
	return e.Change(name, off)
}
