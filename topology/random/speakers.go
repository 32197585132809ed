package random

import (
	"fmt"
	"slices"
	"strings"

	"pseudowan/topology"
)

const birdConf = "/run/bird.conf"

// speaks makes the hosts that speak BGP run BIRD with the sessions of the file, if
// the server has BIRD and the host is not a container. It reports whether every host
// that the router waits for speaks BGP.
func (e *editor) speaks(lab *topology.Topology) bool {
	for i := range lab.Hosts {
		h := &lab.Hosts[i]
		raw, _ := e.file.sub("hosts").get(h.Name).(*mapping)
		if raw == nil {
			continue // of a series, which has no BGP
		}
		runs, conf := isBIRD(raw), birdConfig(h)
		wanted := conf != "" && e.server.BIRD && (h.Runtime == "netns" || h.Runtime == "" && lab.Runtime == "netns")
		switch {
		case wanted:
			raw.set("command", []any{"bird", "-f", "-c", birdConf, "-s", "/run/bird.ctl"})
			own, _ := raw.get("files").(*mapping)
			if own == nil {
				own = new(mapping)
			}
			own.set(birdConf, conf)
			raw.set("files", own)
		case runs:
			raw.set("command", nil)
			if own, ok := raw.get("files").(*mapping); ok {
				if own.set(birdConf, nil); len(own.fields) == 0 {
					raw.set("files", nil)
				}
			}
			if conf != "" && e.file.sub("defaults").sub("host").get("command") != nil {
				return false
			}
		case conf != "" && len(h.Services) > 0 && len(h.Command) == 0: // the router would wait for it
			raw.set("services", nil)
			e.file.sub("defaults").sub("host").set("services", nil)
		case conf != "" && len(h.Command) > 0:
			return false // the router would wait for it
		}
		if conf != "" && !wanted && tellsLANs(h) {
			return false // its LANs would not be announced
		}
	}
	e.tidy()
	return true
}

func tellsLANs(h *topology.Host) bool {
	return slices.ContainsFunc(h.Attachments, func(a topology.Attachment) bool { return a.BGP != nil && len(a.BGP.Networks) > 0 })
}

func isBIRD(host *mapping) bool {
	command := host.list("command")
	return len(command) > 0 && command[0] == "bird"
}

// birdConfig returns BIRD's configuration for a host, or "" if the host has no BGP.
func birdConfig(h *topology.Host) string {
	var out strings.Builder
	id, n := "10.254.0.1", 0
	for _, a := range h.Attachments {
		for _, p := range a.Addresses {
			if p.Addr().Is4() && id == "10.254.0.1" {
				id = p.Addr().String()
			}
		}
		if a.BGP == nil {
			continue
		}
		for _, s := range a.BGP.Sessions {
			n++
			family := string(s.Family)
			side := "external"
			if a.BGP.IBGP {
				side = "internal"
			}
			fmt.Fprintf(&out, "protocol bgp provider%d {\n  local %s as %d;\n  neighbor %s %s;\n  direct;\n  connect retry time 2;\n  connect delay time 1;\n  error wait time 1, 2;\n",
				n, s.PeerAddress, a.BGP.AS, s.LocalAddress, side)
			if a.BGP.GTSM > 0 {
				out.WriteString("  ttl security;\n")
			}
			if a.BGP.Password.Text != "" {
				fmt.Fprintf(&out, "  password \"%s\";\n", a.BGP.Password.Text)
			}
			fmt.Fprintf(&out, "  %s { import all; export where source = RTS_STATIC; };\n}\n", family)
		}
		for _, p := range a.BGP.Networks {
			n++
			family := "ipv6"
			if p.Addr().Is4() {
				family = "ipv4"
			}
			fmt.Fprintf(&out, "protocol static { %s; route %s unreachable; }\n", family, p)
		}
	}
	if n == 0 {
		return ""
	}
	return "log stderr all;\nrouter id " + id + ";\nprotocol device {}\n" + "protocol kernel { ipv4 { import none; export where source = RTS_BGP; }; }\n" +
		"protocol kernel { ipv6 { import none; export where source = RTS_BGP; }; }\n" + out.String()
}
