package hosts

import (
	"errors"
	"fmt"
	"os"
)

// CheckDevices returns an error that names the files that are not character devices
// of this server. Block devices are disks: whoever has one has the server.
func CheckDevices(paths []string) error {
	var errs []error
	for _, p := range paths {
		info, err := os.Stat(p)
		switch {
		case err != nil:
			errs = append(errs, fmt.Errorf("device %s: the server has none; load its module, or remove it", p))
		case info.Mode()&os.ModeDevice == 0:
			errs = append(errs, fmt.Errorf("device %s is not a device file; use mounts: for files", p))
		case info.Mode()&os.ModeCharDevice == 0:
			errs = append(errs, fmt.Errorf("device %s is a block device, which hosts do not get; use mounts: for what is on it", p))
		}
	}
	return errors.Join(errs...)
}
