package ovs

import "fmt"

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
		if err := br.sums.Fill(p.Name); err != nil {
			return fmt.Errorf("port %s: %w", p.Name, err)
		}
	}
	return nil
}
