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

// setting is a kernel setting by its path under /proc/sys/net. One of an interface is
// known by the interface's index, since its name may change.
type setting struct {
	Path  string `json:"path"`
	Value string `json:"value"`
	Index int    `json:"index,omitempty"`
}

// of is a setting of an interface.
func of(l netlink.Link, family, key string) setting {
	return setting{Path: family + "/conf/" + l.Attrs().Name + "/" + key, Index: l.Attrs().Index}
}

// path is where the setting is now; "" if its interface has gone.
func (s setting) path() string {
	if s.Index == 0 {
		return s.Path
	}
	l, err := netlink.LinkByIndex(s.Index)
	if err != nil {
		return ""
	}
	return s.named(l.Attrs().Name)
}

// named is the path with another name of the interface.
func (s setting) named(name string) string {
	words := strings.Split(s.Path, "/")
	words[2] = name
	return strings.Join(words, "/")
}

// same reports whether two settings are values of one, whatever its interface was
// called.
func (s setting) same(o setting) bool {
	return s.Index == o.Index && (s.Path == o.Path || s.Index != 0 && s.named("") == o.named(""))
}

// now is the setting's value now; "" if it has gone.
func (s setting) now() string { return read(s.path()) }

// record is what the settings were that labs have changed. Others take what they do
// not find in it for their own.
type record struct {
	Boot    string              `json:"boot"` // in which these settings were read
	Open    bool                `json:"open"` // IPv4 was forwarded in general
	Was     []setting           `json:"was"`
	NICs    map[string]nicState `json:"nics,omitempty"` // of the server, by index, that are ports of segments
	Turning bool                `json:"turning"`        // IPv6 forwarding of all interfaces is being changed
}

// recordFile is not in a lab's directory: the last lab restores the settings.
const recordFile = "/var/lib/pseudowan/.server.json"

// planForwarding returns for which interfaces the server does not forward without
// labs. It records what turnOn will change, before that is changed.
func planForwarding() (closed, error) {
	var c closed
	links, err := foreign()
	if err != nil {
		return c, err
	}
	r := loadRecord()
	if len(r.Was) == 0 {
		r.Open = read("ipv4/ip_forward") == "1"
	}
	for _, l := range links {
		if l.Attrs().Flags&net.FlagLoopback != 0 {
			continue
		}
		c.all = append(c.all, l.Attrs().Index)
		s := of(l, "ipv4", "forwarding")
		if s.Value = s.now(); s.Value == "0" && hasIPv4(l) {
			r.note(s)
		}
		if !r.opened4() && slices.ContainsFunc(r.Was, s.same) {
			c.v4 = append(c.v4, l.Attrs().Index)
		}
	}
	r.noteIPv6(links)
	c.v6 = r.closed6()
	c.bridged = bridgedPairs(links, read("bridge/bridge-nf-pass-vlan-input-dev") == "1")
	return c, r.save()
}

// foreign lists the interfaces of the server that are not ours. One whose name the
// kernel has for a setting of all has no settings of its own.
func foreign() ([]netlink.Link, error) {
	links, err := netlink.LinkList()
	if err != nil {
		return nil, fmt.Errorf("list the server's interfaces: %w", err)
	}
	return slices.DeleteFunc(links, func(l netlink.Link) bool {
		_, _, ours := marked(l.Attrs().Alias)
		return ours || l.Attrs().Name == "all" || l.Attrs().Name == "default"
	}), nil
}

// opened4 reports whether somebody has turned IPv4 forwarding on in general since the
// first lab, as Docker does: labs never do.
func (r record) opened4() bool { return !r.Open && read("ipv4/ip_forward") == "1" }

// turnOn makes the server forward.
func turnOn(c closed) error {
	for _, s := range loadRecord().Was {
		if slices.Contains(c.v4, s.Index) && !s.is6() {
			s.Value = "1"
			if err := apply([]setting{s}); err != nil {
				return err
			}
		}
	}
	links, err := foreign()
	if err != nil {
		return err
	}
	return turnOnIPv6(links)
}

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
	// Whoever has turned everything on since needs it.
	if !r.opened4() {
		if err := apply(slices.DeleteFunc(slices.Clone(r.Was), setting.is6)); err != nil {
			return err
		}
	}
	others, err := foreign()
	if err != nil {
		return err
	}
	if err := r.turnOffIPv6(others); err != nil {
		return err
	}
	return record{Boot: r.Boot, NICs: r.NICs}.save()
}

func (s setting) is6() bool { return strings.HasPrefix(s.Path, "ipv6/") }

// note keeps the first value of a setting.
func (r *record) note(s setting) {
	if !slices.ContainsFunc(r.Was, s.same) {
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
	if path == "" {
		return ""
	}
	text, _ := os.ReadFile("/proc/sys/net/" + path)
	return string(bytes.TrimSpace(text))
}

// apply sets those settings that differ. What has gone, with its interface or the
// kernel's IPv6, is skipped.
func apply(settings []setting) error {
	for _, s := range settings {
		path := s.path()
		if have := read(path); have == "" || have == s.Value {
			continue
		}
		if err := os.WriteFile("/proc/sys/net/"+path, []byte(s.Value), 0o644); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("set sysctl to %s: %w", s.Value, err)
		}
	}
	return nil
}
