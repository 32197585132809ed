package topology

import (
	"fmt"
	"slices"
)

// maxInterfaceName is IFNAMSIZ less the terminating zero.
const maxInterfaceName = 15

// Names that no interface can be given: those of the kernel's settings for all
// interfaces, and of devices that the kernel makes in every namespace once their
// module is loaded.
var (
	settingsNames = []string{"all", "default"}
	kernelDevices = []string{"lo", "tunl0", "gre0", "gretap0", "erspan0", "ip_vti0", "ip6_vti0", "ip6tnl0", "ip6gre0", "sit0"}
)

// badInterface returns why a new interface cannot have a name; "" if it can.
func badInterface(name string) string {
	switch {
	case !interfaceName.MatchString(name) || len(name) > maxInterfaceName:
		return fmt.Sprintf("%q is not a name for an interface", name)
	case slices.Contains(settingsNames, name):
		return fmt.Sprintf("%q is not a name for an interface: in the kernel's settings it means all of them", name)
	case slices.Contains(kernelDevices, name):
		return fmt.Sprintf("%q is not a name for an interface: the kernel uses it", name)
	}
	return ""
}
