package server

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/vishvananda/netlink"
)

// setting is a kernel setting by its path under /proc/sys/net.
type setting struct {
	Path  string `json:"path"`
	Value string `json:"value"`
}

// record is what the settings were that labs have changed. Others take what they do
// not find in it for their own.
type record struct {
	Boot    string              `json:"boot"` // in which these settings were read
	Open    bool                `json:"open"` // IPv4 was forwarded in general
	Was     []setting           `json:"was"`
	Closed  []string            `json:"closed"`         // interfaces for which IPv4 was not forwarded
	NICs    map[string]nicState `json:"nics,omitempty"` // of the server, that are ports of segments
	Closed6 bool                `json:"closed6"`        // no IPv6 was forwarded
}

// recordFile is not in a lab's directory: the last lab restores the settings.
const recordFile = "/var/lib/pseudowan/.server.json"

// closed are the interfaces between which the server did not forward before any lab.
type closed struct {
	v4, v6 []string // the latter: all, or none
	all    []string // interfaces of the server
}

// rules keep interfaces apart between which the server did not forward before. Those
// that are made later, such as docker0, are not concerned.
func (c closed) rules() []string {
	var out []string
	for family, names := range map[string][]string{"ipv4": c.v4, "ipv6": c.v6} {
		if len(names) > 0 {
			out = append(out, fmt.Sprintf("meta nfproto %s iifname { %s } oifname { %s } drop", family, quoted(names), quoted(c.all)))
		}
	}
	slices.Sort(out)
	return out
}

func quoted(names []string) string {
	words := make([]string, len(names))
	for i, n := range names {
		words[i] = fmt.Sprintf("%q", n)
	}
	return strings.Join(words, ", ")
}

// planForwarding returns for which interfaces the server does not forward without
// labs. It records what turnOn will change, before that is changed.
func planForwarding() (closed, error) {
	var c closed
	links, err := netlink.LinkList()
	if err != nil {
		return c, fmt.Errorf("list the server's interfaces: %w", err)
	}
	r := loadRecord()
	if len(r.Was) == 0 {
		r.Open = read("ipv4/ip_forward") == "1"
	}
	for _, l := range links {
		name := l.Attrs().Name
		if _, _, ours := marked(l.Attrs().Alias); ours || l.Attrs().Flags&net.FlagLoopback != 0 {
			continue
		}
		c.all = append(c.all, name)
		path := "ipv4/conf/" + name + "/forwarding"
		if read(path) == "0" && hasIPv4(l) {
			r.note(setting{path, "0"})
			r.Closed = append(r.Closed, name)
		}
	}
	slices.Sort(r.Closed)
	r.Closed = slices.Compact(r.Closed)
	if read(all6) == "0" {
		r.Closed6 = true
		r.note(setting{all6, "0"})
		for _, name := range append(slices.Clone(c.all), "default") {
			for _, what := range []string{"/forwarding", "/accept_ra"} {
				if path := "ipv6/conf/" + name + what; read(path) != "" {
					r.note(setting{path, read(path)})
				}
			}
		}
	}
	slices.Sort(c.all)
	c.v4 = slices.DeleteFunc(slices.Clone(r.Closed), func(name string) bool { return !slices.Contains(c.all, name) })
	if r.Closed6 {
		c.v6 = c.all
	}
	return c, r.save()
}

const all6 = "ipv6/conf/all/forwarding"

// turnOn makes the server forward. An interface that takes router advertisements
// keeps its default routes: the kernel would forget them, and take no more
// advertisements, unless accept_ra were 2 for that moment, and forwarding of the
// interface itself 0 afterwards.
func turnOn(c closed) error {
	for _, name := range c.v4 {
		if err := apply([]setting{{"ipv4/conf/" + name + "/forwarding", "1"}}); err != nil {
			return err
		}
	}
	r := loadRecord()
	cut := slices.ContainsFunc(r.Was, isRA) // an earlier process was killed here
	if read(all6) != "0" && !cut {
		return nil
	}
	var keep []setting // of each interface, to be set again
	for _, s := range r.Was {
		if !strings.HasPrefix(s.Path, "ipv6/conf/") || s.Path == all6 {
			continue
		}
		keep = append(keep, s)
		if isRA(s) && s.Value == "1" {
			if err := apply([]setting{{s.Path, "2"}}); err != nil {
				return err
			}
		}
	}
	if err := apply([]setting{{all6, "1"}}); err != nil {
		return err
	}
	slices.SortStableFunc(keep, func(a, b setting) int { return -strings.Compare(filepath.Base(a.Path), filepath.Base(b.Path)) }) // forwarding first
	if err := apply(keep); err != nil {
		return err
	}
	r.Was = slices.DeleteFunc(r.Was, isRA)
	return r.save()
}

// isRA reports whether a setting is changed for a moment only.
func isRA(s setting) bool { return strings.HasSuffix(s.Path, "/accept_ra") }

// hasIPv4 reports whether an interface has an IPv4 address.
func hasIPv4(l netlink.Link) bool {
	addresses, err := netlink.AddrList(l, netlink.FAMILY_V4)
	return err == nil && len(addresses) > 0
}

// dropForwarding restores the settings if no other lab has an uplink.
func dropForwarding(lab string) error {
	links, err := netlink.LinkList()
	if err != nil {
		return fmt.Errorf("list the server's interfaces: %w", err)
	}
	if uplinkOfOthers(links, lab) {
		return nil
	}
	r := loadRecord()
	var was4, was6 []setting
	for _, s := range r.Was {
		if strings.HasPrefix(s.Path, "ipv6/") {
			was6 = append(was6, s)
		} else {
			was4 = append(was4, s)
		}
	}
	// Whoever has turned everything on since, as Docker does, needs it.
	if !r.Open && read("ipv4/ip_forward") == "1" {
		was4 = nil
	}
	slices.SortStableFunc(was6, func(a, b setting) int { return len(a.Path) - len(b.Path) }) // all before each
	if i := slices.IndexFunc(was6, func(s setting) bool { return s.Path == all6 }); i > 0 {
		was6[0], was6[i] = was6[i], was6[0]
	}
	if err := errors.Join(apply(was4), apply(was6)); err != nil {
		return err
	}
	return record{Boot: r.Boot, NICs: r.NICs}.save()
}

// note keeps the first value of a setting.
func (r *record) note(s setting) {
	if !slices.ContainsFunc(r.Was, func(o setting) bool { return o.Path == s.Path }) {
		r.Was = append(r.Was, s)
	}
}

// loadRecord returns the record of this boot; an empty one if there is none.
func loadRecord() record {
	boot := bootID()
	var r record
	text, err := os.ReadFile(recordFile)
	if err != nil || json.Unmarshal(text, &r) != nil || r.Boot != boot {
		r = record{Boot: boot}
	}
	if r.NICs == nil {
		r.NICs = map[string]nicState{}
	}
	return r
}

// save writes the record so that it is there even if the process is killed next. An
// empty one is removed.
func (r record) save() error {
	if len(r.Was)+len(r.NICs) == 0 {
		if err := os.Remove(recordFile); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		return nil
	}
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(recordFile), 0o700); err != nil {
		return err
	}
	temporary := recordFile + ".new"
	if err := os.WriteFile(temporary, append(text, '\n'), 0o600); err != nil {
		return err
	}
	return os.Rename(temporary, recordFile)
}

func bootID() string {
	text, _ := os.ReadFile("/proc/sys/kernel/random/boot_id")
	return string(bytes.TrimSpace(text))
}

// read returns the value of a setting; "" if there is none.
func read(path string) string {
	text, _ := os.ReadFile("/proc/sys/net/" + path)
	return string(bytes.TrimSpace(text))
}

// apply sets those settings that differ. What has gone, with its interface or the
// kernel's IPv6, is skipped.
func apply(settings []setting) error {
	for _, s := range settings {
		if have := read(s.Path); have == "" || have == s.Value {
			continue
		}
		if err := os.WriteFile("/proc/sys/net/"+s.Path, []byte(s.Value), 0o644); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("set sysctl to %s: %w", s.Value, err)
		}
	}
	return nil
}
