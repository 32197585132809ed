package topology

import (
	"fmt"
	"regexp"
	"strings"
)

var (
	sysctlName  = regexp.MustCompile(`^(ipv[46]\.)?[a-z][a-z0-9_]*$`)
	sysctlValue = regexp.MustCompile(`^[-0-9a-fA-F:.]{1,64}$`)
)

// ownSysctls are the settings that other keys are for.
var ownSysctls = map[string]string{
	"accept_ra":     "write slaac in addresses:, or leave it out",
	"accept_dad":    "write dad: true",
	"disable_ipv6":  "give the host no IPv6 address",
	"addr_gen_mode": "use mac: to choose what addresses are formed from",
	"forwarding":    "write forward: true at the host",
	"mtu":           "write mtu:",
}

// sysctls reads the settings of a host's interface.
func (b *attachmentBuilder) sysctls(raw rawAttachment, element string) map[string]string {
	var out map[string]string
	for _, e := range raw.Sysctls {
		name := e.key.v
		bare := strings.TrimPrefix(strings.TrimPrefix(name, "ipv4."), "ipv6.")
		remedy, own := ownSysctls[bare]
		switch {
		case !sysctlName.MatchString(name):
			b.refuse(e.key.at, element, fmt.Sprintf("%q is not the name of a setting of an interface", name), "write it as accept_redirects or ipv6.accept_redirects")
		case own:
			b.refuse(e.key.at, element, fmt.Sprintf("sysctls: %s is for another key", name), remedy)
		case e.value.has && !sysctlValue.MatchString(e.value.v):
			b.refuse(e.value.at, element, fmt.Sprintf("sysctls: %s cannot be %q", name, e.value.v), "write a number")
		case e.value.has:
			if out == nil {
				out = make(map[string]string)
			}
			out[name] = e.value.v
		}
	}
	return out
}
