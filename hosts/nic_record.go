package hosts

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// nicRecord is the state of a NIC of the server before it was lent.
type nicRecord struct {
	Name      string       `json:"name"`
	MAC       string       `json:"mac"`
	MTU       int          `json:"mtu"`
	Up        bool         `json:"up"`
	Offloads  []string     `json:"offloads,omitempty"` // those that were on and are turned off
	Alias     string       `json:"alias,omitempty"`
	Addresses []nicAddress `json:"addresses,omitempty"`
	Routes    []nicRoute   `json:"routes,omitempty"`
}

type nicAddress struct {
	Prefix    netip.Prefix `json:"prefix"`
	Flags     int          `json:"flags,omitempty"`
	Scope     int          `json:"scope,omitempty"`
	Label     string       `json:"label,omitempty"`
	Broadcast netip.Addr   `json:"broadcast"`           // 0.0.0.0: none; invalid: the default
	Valid     int          `json:"valid,omitempty"`     // seconds
	Preferred int          `json:"preferred,omitempty"` // seconds
}

type nicRoute struct {
	Prefix   netip.Prefix `json:"prefix"`
	Via      netip.Addr   `json:"via"`
	Source   netip.Addr   `json:"source"`
	Metric   int          `json:"metric,omitempty"`
	Table    int          `json:"table,omitempty"`
	Protocol int          `json:"protocol,omitempty"`
	Scope    int          `json:"scope,omitempty"`
	Type     int          `json:"type,omitempty"`
}

// nicPrefix begins the alias of a lent NIC.
const nicPrefix = markWord + " nic="

// aliasMore ends an alias that has no room for everything.
const aliasMore = " more"

// alias returns the record as compact text for the NIC itself, which survives
// the loss of every file: the essentials first, then as many addresses and
// routes as the kernel keeps.
func (r nicRecord) alias() string {
	text := fmt.Sprintf("%s%s mac=%s mtu=%d", nicPrefix, r.Name, r.MAC, r.MTU)
	if r.Up {
		text += " up"
	}
	var words []string
	for _, a := range r.Addresses {
		words = append(words, " a="+a.Prefix.String())
	}
	for _, route := range r.Routes {
		word := " r=" + route.Prefix.String()
		if route.Via.IsValid() {
			word += ">" + route.Via.String()
		}
		words = append(words, word)
	}
	for _, o := range r.Offloads {
		words = append(words, " off="+o)
	}
	for i, w := range words {
		reserve := len(aliasMore)
		if i == len(words)-1 {
			reserve = 0
		}
		if len(text)+len(w)+reserve > maxAlias {
			return text + aliasMore
		}
		text += w
	}
	return text
}

// parseNICAlias reads what alias writes. ok is false for anything else.
func parseNICAlias(alias string) (r nicRecord, ok bool) {
	text, ok := strings.CutPrefix(alias, nicPrefix)
	if !ok {
		return nicRecord{}, false
	}
	words := strings.Split(text, " ")
	r.Name = words[0]
	if checkLinkName(r.Name) != nil {
		return nicRecord{}, false
	}
	for _, w := range words[1:] {
		if err := r.parseWord(w); err != nil {
			return nicRecord{}, false
		}
	}
	_, err := net.ParseMAC(r.MAC)
	return r, err == nil && r.MTU > 0
}

func (r *nicRecord) parseWord(word string) (err error) {
	key, value, _ := strings.Cut(word, "=")
	switch key {
	case "mac":
		r.MAC = value
	case "mtu":
		r.MTU, err = strconv.Atoi(value)
	case "up":
		r.Up = true
	case "off":
		r.Offloads = append(r.Offloads, value)
	case "a":
		var a nicAddress
		a.Prefix, err = netip.ParsePrefix(value)
		r.Addresses = append(r.Addresses, a)
	case "r":
		prefix, via, routed := strings.Cut(value, ">")
		var route nicRoute
		if route.Prefix, err = netip.ParsePrefix(prefix); err == nil && routed {
			route.Via, err = netip.ParseAddr(via)
		}
		r.Routes = append(r.Routes, route)
	case "more":
	default:
		err = errors.New("unknown word")
	}
	return err
}

func nicFile(stateDir, name string) string {
	return filepath.Join(stateDir, "nic-"+name+".json")
}

// LendsNICs reports whether there are records of lent NICs in a lab's directory.
func LendsNICs(stateDir string) bool {
	records, _ := filepath.Glob(nicFile(stateDir, "*")) // fails only for a bad pattern
	return len(records) > 0
}

func (r nicRecord) save(stateDir string) error {
	b, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(stateDir, 0o755); err != nil {
		return err
	}
	return os.WriteFile(nicFile(stateDir, r.Name), append(b, '\n'), 0o644)
}

// loadNIC prefers the file, which has everything, to the alias.
func loadNIC(stateDir string, fromAlias nicRecord) nicRecord {
	b, err := os.ReadFile(nicFile(stateDir, fromAlias.Name))
	if err != nil {
		return fromAlias
	}
	var r nicRecord
	if json.Unmarshal(b, &r) != nil || r.Name != fromAlias.Name || r.MAC != fromAlias.MAC {
		return fromAlias
	}
	return r
}

func forgetNIC(stateDir, name string) error {
	err := os.Remove(nicFile(stateDir, name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
