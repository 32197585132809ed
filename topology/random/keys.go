package random

import (
	"fmt"
	"slices"

	"pseudowan/bgp/session"
)

// keys are the keys of the format whose values can change alone. The others are in
// changes.
var keys = slices.Concat(
	policyKeys,
	[]key{
		{"description", within(), among("a random lab", "edited", `ümläut: "quoted"`)},
		{"node-prefix", within(), among("", "x-", "edited.")},
		{"runtime", onContainers(within()), among("netns", "docker")},
		{"label-mode", within(), labelModes},
		{"expect", within(), some(expectation)},
		{"connected", within("redistribute"), connected},
		{"static", within("redistribute"), truth},
		{"as", within("defaults", "router"), asNumber},
		{"labels", within("defaults", "router"), labels},
		{"mtu", within("defaults", "host"), mtus},

		{"as", routers, asNumber},
		{"id", routers, routerID},
		{"loopback6", routers, loopback6},
		{"labels", routers, labels},
		{"maintenance", routers, truth},
		{"uplink-tracking", bothRouters, trackedUplink},
		{"delay", trackings, among(1, "2s", "5s")},

		{"bmp", routers, some(station)},
		{"bmp", within("defaults", "router"), some(station)},
		{"to", stations, stationAddress},
		{"vrf", stations, nameOf("vrfs")},
		{"routes", stations, oneOrSome(among("adj-rib-in-pre", "adj-rib-in-post", "adj-rib-out-pre", "adj-rib-out-post", "loc-rib"))},
		{"statistics", stations, among(0, 1, "30s")},
		{"mrt", routers, mrtDirectory},
		{"mrt", within("defaults", "router"), mrtDirectory},
		{"directory", files6396, mrtDirectory},
		{"updates", files6396, recordsUpdates},
		{"tables", files6396, among(0, 5, "1m")},
		{"rotate", files6396, among(5, "1m", "1h")},
		{"keep", files6396, number(1, 9)},

		{"core", within(), among("labeled-unicast")},
		{"transport", coreSettings, among("labeled-unicast")},
		{"families", coreSettings, oneOrSome(among("ipv4", "ipv6"))},
		{"null", coreSettings, among("implicit", "explicit")},
		{"metric", coreSettings, number(1, 100)},
		{"propagate-ttl", coreSettings, truth},
		{"reflectors", coreSettings, oneOrSome(nameOf("routers"))},
		{"metric", links, linkMetric},
		{"transport", links, linkTransport},
		{"inter-as", links, linkInterAS},

		{"port-type", links, linkPortType},
		{"mtu", links, among(1280, 1400, 1500, 1512, 1600, 9000, 9216)},
		{"subnets", links, core},
		{"subnets", links, core},
		{"bgp", links, linkModes},
		{"peer", outsideBGP, among("192.168.77.2", "2001:db8:ffff:77::2")},
		{"as", outsideBGP, among(64700, 64701)},
		{"limit", outsideBGP, number(1, 3)},
		{"via", outsideBGP, among("192.168.77.2", "2001:db8:ffff:77::2", "192.168.77.5")},
		{"update-source", outsideBGP, among("10.255.77.1", "10.255.77.2", "2001:db8:ffff:ff::1")},
		{"neighbors", outsideBGP, some(outsideNeighbor)},
		{"peer", outsideNeighbors, among("192.168.77.3", "192.168.77.4", "192.168.77.0/28")},
		{"as", outsideNeighbors, among(64702, 64703)},
		{"limit", outsideNeighbors, number(1, 3)},
		{"via", outsideNeighbors, among("192.168.77.2", "2001:db8:ffff:77::2", "192.168.77.5")},
		{"update-source", outsideNeighbors, among("10.255.77.1", "10.255.77.2", "2001:db8:ffff:ff::1")},
		{"address", ends, endAddress},
		{"addresses", ends, some(endAddress)},
		{"mac", ends, macAddress},
		{"bgp", ends, among("none")},
		{"route-reflector", endBGP, truth},

		{"rd", vrfs, distinguisher},
		{"number", vrfs, among(40000, 40001, 50000)},
		{"on", vrfs, oneOrSome(nameOf("routers"))},
		{"rts", vrfs, oneOrSome(routeTarget)},
		{"import", vrfs, oneOrSome(routeTarget)},
		{"export", vrfs, oneOrSome(routeTarget)},
		{"label-mode", vrfs, labelModes},
		{"max-routes", vrfs, among(0, 100, 200)},
		{"max-routes-threshold", vrfs, among(50, 90)},
		{"max-routes-warning-only", vrfs, truth},
		{"default-originate", vrfs, truth},
		{"aggregates", vrfs, oneOrSome(aggregated)},
		{"import-policy", vrfs, oneOrSome(nameOf("policies"))},
		{"export-policy", vrfs, oneOrSome(nameOf("policies"))},
		{"connected", inside(vrfs, "redistribute"), connected},
		{"static", inside(vrfs, "redistribute"), truth},

		{"forward", hosts, truth},
		{"rewrites", hosts, rewrites},
		{"sysctls", hosts, hostSysctls},
		{"lans", hosts, some(lan)},
		{"lans", hosts, some(lan)},
		{"lans-via", hosts, carriers},

		{"to", attachments, nameOf("routers")},
		{"to", attachments, nameOf("routers")},
		{"vrf", attachments, nameOf("vrfs")},
		{"vrf", attachments, nameOf("vrfs")},
		{"rd", attachments, distinguisher},
		{"interface", attachments, interfaceName},
		{"mac", attachments, macAddress},
		{"mtu", attachments, mtus},
		{"dad", attachments, truth},
		{"proxy-nd", attachments, oneOrSome(proxied)},
		{"sysctls", attachments, sysctls},
		{"addresses", attachments, addresses},
		{"addresses", attachments, addresses},
		{"gateway", attachments, oneOrSome(gateway)},
		{"ra", attachments, advertisement},
		{"routes", attachments, routes},
		{"soo", attachments, among("65000:1", "65000:2", "10.0.0.1:3")},
		{"bgp", attachments, hostAS},
		{"bgp", attachments, hostAS},
		{"announce", attachments, oneOrSome(announcement)},

		{"prefix", announcements, announced},

		{"as", customers, hostAS},
		{"families", customers, some(among("ipv4", "ipv6"))},

		{"via", sites, outsideVia},
		{"vrf", sites, nameOf("vrfs")},
		{"addresses", sites, oneOrSome(siteAddress)},

		{"on", byRows, nameOf("routers")},
		{"name", byRows, among("s{i}", "s{i:02}_{vrf}", "s{i}-{on}")},
		{"rd", byRows, among("64900:{vrf}", "64901:{vrf}")},
		{"step", byRows, among("/16", "/24")},
		{"step6", byRows, among("/48", "/64")},
		{"lans", byRows, number(1, 3)},
		{"mtu", byRows, mtus},
		{"vrfs", rows, oneOrSome(rowVRF)},
		{"subnet", rows, seriesSubnet},
		{"subnet6", rows, seriesSubnet6},
		{"lan", rows, seriesLAN},
		{"lan6", rows, seriesLAN6},
	},
	raKeys(advertisements), raPrefixKeys(advertisedPrefixes), segmentKeys, copyKeys,
	hostKeys(hosts), hostKeys(series), hostKeys(within("defaults", "host")),
	sessionKeys(session.Routers, within("defaults", "bgp")), sessionKeys(session.Routers, linkBGP), sessionKeys(session.Routers, endBGP), sessionKeys(session.Routers, outsideNeighbors),
	sessionKeys(session.Hosts, customers),
)

// raKeys returns the keys of router advertisements.
func raKeys(at func(*editor) []place) []key {
	return []key{
		{"prefix", at, sixes},
		{"prefixes", at, some(advertisedPrefix)},
		{"interval", at, among(4, 20, "1m", 600)},
		{"lifetime", at, among(0, 60, "10m", 1800, 9000)},
		{"rdnss", at, some(among("2001:db8::53", "2001:db8::54", "fe80::53"))},
		{"dnssl", at, some(among("example.org", "lab.example.org"))},
		{"managed", at, truth},
		{"other", at, truth},
		{"preference", at, among("low", "medium", "high")},
	}
}

// raPrefixKeys returns the keys of advertised prefixes.
func raPrefixKeys(at func(*editor) []place) []key {
	return []key{
		{"prefix", at, sixes},
		{"valid", at, among("1h", 86400, "720h")},
		{"preferred", at, among(0, 1800, "1h")},
		{"autonomous", at, truth},
		{"on-link", at, truth},
	}
}

// hostKeys returns the keys that hosts, series and defaults have in common.
func hostKeys(at func(*editor) []place) []key {
	return []key{
		{"command", at, among([]any{"sleep", "1000000"}, []any{"sh", "-c", "exec tail -f /dev/null"})},
		{"env", at, environment},
		{"files", at, files},
		{"services", at, services},
		{"command", served(at), among(serviceCommands...)},
		{"ready", served(at), among("is up", "service is up")},
		{"after", served(at), oneOrSome(among("one", "two", "three"))},
		{"restart", served(at), among("never", "on-failure", "always")},
		{"keep", at, oneOrSome(among("/var/lib/kept", "/srv/kept/a", "/run/kept"))},
		{"packages", at, oneOrSome(among("iproute2", "coreutils"))},
		{"runtime", onContainers(at), among("netns", "docker")},
		{"image", onContainers(at), image},
		{"build", onContainers(at), build},
		{"mounts", onContainers(at), some(among("/tmp:/mnt", "/tmp:/mnt:ro", "/var/tmp:/srv:rw"))},
		{"devices", onContainers(at), some(among("/dev/net/tun", "/dev/null", "/dev/zero", "/dev/full"))},
		{"capabilities", onContainers(at), some(among("SYS_NICE", "IPC_LOCK", "SYS_TIME"))},
		{"memory", onContainers(at), among("64M", "128MiB", 1<<27)},
		{"cpus", onContainers(at), among(0.5, 1, 2)},
	}
}

// sessionKeys returns the session settings of a mapping.
func sessionKeys(with session.Peers, at func(*editor) []place) []key {
	var out []key
	for _, k := range session.Knobs(with) {
		out = append(out, key{k.Key, at, knobValues[k.Key]})
	}
	return out
}

var knobValues = map[string]func(*editor, *mapping) any{
	"families":      families,
	"med":           number(0, 3),
	"local-pref":    among(50, 100, 200),
	"hold-time":     among(9, 12, "30s", 40, 90, "2m"),
	"keepalive":     keepalives,
	"connect-retry": retries,
	"passive":       truth,
	"password":      among("secret", "s3cret with spaces", 1234),
	"gtsm":          among(true, false, 1, 2),
	"multihop":      number(1, 3),
	"max-prefixes":  number(1000, 1003),
	"next-hop-self": truth,

	"next-hop-unchanged": truth,

	"ipv6-next-hop":     truth,
	"as-override":       truth,
	"graceful-shutdown": truth,
	"allow-own-as":      number(0, 3),
	"import-policy":     oneOrSome(nameOf("policies")),
	"export-policy":     oneOrSome(nameOf("policies")),
	"default-originate": truth,
	"ibgp":              truth,
	"description":       among("to the other side", "edited", 7),
	"shutdown":          truth,

	"graceful-restart":              among("full", "helper", "off"),
	"graceful-restart-families":     families,
	"restart-time":                  among(30, "2m", 120),
	"stale-path-time":               among(30, "5m", 60),
	"graceful-restart-notification": truth,
	"long-lived-stale-time":         among(0, 60, "1h"),
	"long-lived-families":           families,

	"add-path-receive":          families,
	"add-path-send":             families,
	"add-path-paths":            among(0, 2, 8),
	"rtc":                       truth,
	"rtc-default":               truth,
	"enforce-first-as":          truth,
	"remove-private-as":         truth,
	"local-as":                  among(0, 64990, 64991),
	"local-as-no-prepend":       truth,
	"local-as-replace-as":       truth,
	"max-prefixes-threshold":    among(50, 80, 100),
	"max-prefixes-warning-only": truth,
	"max-prefixes-restart":      among(0, 5, "1m"),
	"bfd":                       truth,
	"bfd-min-tx":                among("100ms", "1s"),
	"bfd-min-rx":                among("100ms", "1s"),
	"bfd-multiplier":            number(3, 5),
	"shutdown-communication":    among("maintenance", "back at six"),
}

var (
	labelModes = among("per-next-hop", "per-ce", "per-vrf", "per-prefix")
	connected  = among("none", "hosts", "subnets")
	linkModes  = among("full-mesh", "none")
	mtus       = among(576, 1280, 1400, 1492, 1500, 9000)
)

// linkPortType is system unless the lab is sure to run in user space, and the link has
// small frames and no NIC.
func linkPortType(e *editor, at *mapping) any {
	mtu, given := at.get("mtu").(int)
	if e.file.get("datapath") != "netdev" || at.get("nic") != nil || given && mtu > 3506 {
		return "system"
	}
	return oneOf[any](e, "system", "afxdp")
}

// linkInterAS is valid between two ASes alone.
func linkInterAS(e *editor, at *mapping) any {
	if e.file.get("core") == nil {
		return "b"
	}
	return among("b", "c")(e, at)
}

// environment and files add, remove or change one entry.
func environment(e *editor, at *mapping) any {
	return edited(e, at.get("env"), oneOf(e, "LANG", "EDITED"), oneOf[any](e, "C", 1, true))
}

func files(e *editor, at *mapping) any {
	return edited(e, at.get("files"), oneOf(e, "/run/a.conf", "/tmp/b/c.txt"), oneOf[any](e, "a\n", "one\ntwo\n", "x: y"))
}

// proxied returns addresses that nobody has. Only a host that forwards can answer for
// them.
func proxied(e *editor, at *mapping) any {
	for _, p := range hosts(e) {
		if h := p.get(); h == at || slices.Contains(h.list("attach"), any(at)) {
			h.set("forward", true)
		}
	}
	return fmt.Sprintf("2001:db8:fff%x::/126", e.IntN(8))
}

// rewrites returns whether a host rewrites packets. Only one that forwards can.
func rewrites(e *editor, at *mapping) any {
	at.set("forward", true)
	return truth(e, at)
}

func sysctls(e *editor, at *mapping) any {
	return edited(e, at.get("sysctls"), oneOf(e, "accept_redirects", "ipv4.arp_ignore", "ipv6.hop_limit"), oneOf[any](e, 1, 2))
}

func hostSysctls(e *editor, at *mapping) any {
	return edited(e, at.get("sysctls"), oneOf(e, "net.ipv4.tcp_syncookies", "net.ipv4.ip_default_ttl"), oneOf[any](e, 64, 128))
}

func edited(e *editor, old any, name string, value any) any {
	m, ok := copied(old).(*mapping)
	if !ok {
		return mapped(name, value)
	}
	if m.get(name) != nil && e.chance(4) {
		value = nil
	}
	if m.set(name, value); len(m.fields) == 0 {
		return nil
	}
	return m
}

// aggregated returns an aggregate in one of its two forms.
func aggregated(e *editor, _ *mapping) any {
	prefix := oneOf[any](e, "10.0.0.0/8", "172.16.0.0/12", "2001:db8::/32", "192.0.2.0/24")
	if e.chance(2) {
		return prefix
	}
	return mapped("prefix", prefix, "summary-only", e.chance(2), "as-set", e.chance(2))
}

func outsideNeighbor(e *editor, _ *mapping) any {
	return mapped("peer", oneOf(e, "192.168.77.3", "192.168.77.4", "192.168.77.64/26"), "as", 64702)
}

func endAddress(e *editor, _ *mapping) any {
	return oneOf[any](e, fmt.Sprintf("192.168.%d.%d/28", e.IntN(3), 1+e.IntN(14)), fmt.Sprintf("2001:db8:ffff:%x::%x/64", e.IntN(3), 1+e.IntN(14)))
}

// rowVRF returns a VRF of the lab, or VRFs that a series with rd: defines.
func rowVRF(e *editor, at *mapping) any {
	if e.chance(3) {
		return oneOf[any](e, "11-12", "12-13", 12, 13)
	}
	return nameOf("vrfs")(e, at)
}

func seriesSubnet(e *editor, _ *mapping) any {
	return fmt.Sprintf("10.%d.%d.0/24", 220+e.IntN(9), e.IntN(4))
}
func seriesSubnet6(e *editor, _ *mapping) any { return fmt.Sprintf("2001:db8:22%d::/64", e.IntN(9)) }
func seriesLAN(e *editor, _ *mapping) any     { return fmt.Sprintf("10.%d.0.0/24", 230+e.IntN(9)) }
func seriesLAN6(e *editor, _ *mapping) any    { return fmt.Sprintf("2001:db8:23%d::/64", e.IntN(9)) }
