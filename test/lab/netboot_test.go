package lab

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// DHCPv6 sends a UEFI client to iPXE, and iPXE to its script. A real iPXE in a virtual
// machine takes an address from the router advertisement, gets the script and the
// preseed file by HTTP over IPv6, and answers from the other site.
func TestRealNetboot6(t *testing.T) {
	needMachines(t, "/usr/lib/ipxe/ipxe.efi", "/usr/share/ovmf/OVMF.fd")
	l := fromCatalog(t, t.TempDir(), "netboot6", "pwt-netboot")
	l.up(t)
	for _, tt := range [][3]string{
		{"arch", "7", "http://[2001:db8::1]/ipxe.efi\n"}, {"class", "iPXE", "http://[2001:db8::1]/ubuntu.cfg\n"}, {"arch", "0", ""},
	} {
		out := l.mustExec(t, "client", "python3", "/run/solicit.py", tt[0], tt[1])
		if got := strings.Replace(out, "DNS server 2001:db8::1\n", "", 1); got != tt[2] || got == out {
			t.Errorf("%s %s: %q, want %q and the DNS server", tt[0], tt[1], out, tt[2])
		}
	}
	l.advertised(t, "client", 0x40, 180*time.Second) // other configuration; three intervals of 60 s
	l.says(t, "client", []string{"timeout", "5", "busybox", "nslookup", "-type=aaaa", "ipv6router.example.org", "2001:db8::1"}, "Address: 2001:db8::1\n")
	eventually(t, 180*time.Second, func() error {
		log := must(t, "logs", "--lab", l.name, "ipxe")
		for _, want := range []string{
			"Filename: http://[2001:db8::1]/ubuntu.cfg", "the installer of 2001:db8::a00:27ff:fe00:1 would start here", "preseed read",
		} {
			if !strings.Contains(log, want) {
				return fmt.Errorf("no %q on the console:\n%s", want, log)
			}
		}
		return nil
	})
	if log := must(t, "logs", "--lab", l.name, "ipv6router", "web"); !strings.Contains(log, `2001:db8::a00:27ff:fe00:1 - - [`) {
		t.Errorf("the web server has not seen the machine:\n%s", log)
	}
	l.mustExec(t, "admin", "ping", "-n", "-c", "1", "-W", "10", "2001:db8::a00:27ff:fe00:1")
}
