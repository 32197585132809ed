package plan

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"pseudowan/topology"
)

// What a host's DHCP client, dhcpcd, needs and has.
const (
	clientPackage = "dhcpcd-base"
	clientState   = "/var/lib/dhcpcd"
)

// client gives a host with DHCP what its client needs: its service is in the topology.
// Files of the host's own win over those of the client.
func (b *planner) client(h topology.Host, hp *Host) {
	if !h.AsksDHCP() {
		return
	}
	_, hook := hp.Files[ownHook]
	hook = hook || hp.Image != "" || hp.Build != ""
	files := map[string]string{topology.ClientConfig: clientConfiguration(h, hp.Interfaces), topology.ClientHook: clientScript(hp.Interfaces, hook)}
	maps.Copy(files, hp.Files)
	hp.Files = files
	kept := func(dir string) bool { return dir == clientState || strings.HasPrefix(clientState, dir+"/") }
	if !slices.ContainsFunc(hp.Keep, kept) {
		hp.Keep = append(slices.Clone(hp.Keep), clientState)
	}
	if !slices.Contains(hp.Packages, clientPackage) {
		hp.Packages = append(slices.Clone(hp.Packages), clientPackage)
	}
}

// clientConfiguration returns the file of a host's client (dhcpcd.conf(5)). The kernel
// hears router advertisements; the client leaves them alone.
func clientConfiguration(h topology.Host, interfaces []Interface) string {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	var allowed []string
	duid := h.DUID
	for _, i := range interfaces {
		if i.DHCP != nil || h.Delegates(i.Name) {
			allowed = append(allowed, i.Name)
		}
		if i.DHCP != nil && duid == "" {
			duid = "00:03:00:01:" + i.MAC // DUID-LL (RFC 8415 section 11.4)
		}
	}
	line("allowinterfaces %s", strings.Join(allowed, " "))
	line("duid %s", duid)
	line("nodev\nnoipv6rs\nnoipv4ll\nnodelay\ntimeout 0")
	line("option domain_name_servers, domain_name, domain_search, classless_static_routes")
	line("option dhcp6_name_servers, dhcp6_domain_search")
	for n, i := range interfaces {
		if slices.Contains(allowed, i.Name) {
			clientInterface(line, n+1, i)
		}
	}
	return b.String()
}

// clientInterface writes what the client does on an interface. Prefixes of several
// interfaces have different IAIDs.
func clientInterface(line func(string, ...any), id int, i Interface) {
	line("interface %s", i.Name)
	d := i.DHCP
	if d == nil {
		d = &topology.DHCP{}
	}
	if !d.V4 {
		line("  noipv4")
	} else {
		line("  dhcp")
		if !i.DAD {
			line("  noarp")
		}
	}
	switch {
	case d.Stateless:
		line("  inform6")
	case !d.ByIPv6():
		line("  nodhcp6")
	}
	if d.V6 {
		line("  ia_na")
	}
	if d.Delegated != nil {
		to := ""
		for n, name := range d.Delegated.To {
			to += fmt.Sprintf(" %s/%d/64", name, n)
		}
		line("  ia_pd %d/::/%d%s", id, d.Delegated.Length, to)
	}
}

// clientScript returns the program that the client calls for each event. It leaves the
// names of DNS servers for resolv.conf, and says when all that the host asks for is there.
// The host's own hook is one of its files, or its image's: /etc of others is the server's.
func clientScript(interfaces []Interface, hook bool) string {
	var wanted []string
	for _, i := range interfaces {
		if i.DHCP == nil {
			continue
		}
		if i.DHCP.V4 {
			wanted = append(wanted, i.Name+".dhcp")
		}
		if i.DHCP.ByIPv6() {
			wanted = append(wanted, i.Name+".dhcp6")
		}
	}
	own := ""
	if hook {
		own = "[ ! -x " + ownHook + " ] || " + ownHook + "\n"
	}
	return fmt.Sprintf(clientScriptText, strings.Join(wanted, " "), own, topology.ClientReady)
}

const ownHook = "/etc/dhcpcd.exit-hook"

// The own hook of dhcpcd's users is the distribution's.
const clientScriptText = `#!/bin/sh
wanted="%s"
dir=/run/resolv
name=
case $reason in
BOUND6|RENEW6|REBIND6|REBOOT6|INFORM6)
	name=$interface.dhcp6 servers=$new_dhcp6_name_servers search=$new_dhcp6_domain_search ;;
BOUND|RENEW|REBIND|REBOOT|INFORM|TIMEOUT|STATIC)
	name=$interface.dhcp servers=$new_domain_name_servers search="$new_domain_search $new_domain_name" ;;
EXPIRE6|STOP6|RELEASE6) rm -f $dir/$interface.dhcp6 ;;
EXPIRE|STOP|RELEASE|FAIL|NAK) rm -f $dir/$interface.dhcp ;;
NOCARRIER|DEPARTED|STOPPED) rm -f $dir/$interface.dhcp $dir/$interface.dhcp6 ;;
esac
if [ -n "$name" ]; then
	mkdir -p $dir
	{
		[ -z "${search%% }" ] || echo "search $search"
		for s in $servers; do echo "nameserver $s"; done
	} >$dir/$name
fi
if [ -d $dir ]; then
	cat $dir/* 2>/dev/null | awk '/^search/ { for (i = 2; i <= NF; i++) if (!s[$i]++) l = l " " $i }
		/^nameserver/ { if (!n[$2]++) o = o $0 "\n" }
		END { if (l) print "search" l; printf "%%s", o }' >$dir.new &&
		! cmp -s $dir.new /etc/resolv.conf && cat $dir.new >/etc/resolv.conf
fi
%s[ -n "$name" ] || exit 0
for w in $wanted; do [ -e $dir/$w ] || exit 0; done
echo "%s"
`
