package build

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/netip"
	"path"
	"slices"
	"strings"
	"time"

	"pseudowan/hosts"
	"pseudowan/hosts/service"
	"pseudowan/labs/plan"
	"pseudowan/topology"
)

// Services describes the services of a host. A change of what one was given, its files
// and the environment, restarts it.
func Services(h plan.Host) []service.Service {
	var out []service.Service
	for _, s := range h.Services {
		out = append(out, service.Service{
			Name: s.Name, Command: s.Command, Ready: s.Ready, Port: s.Port, After: s.After, Restart: s.Restart, Once: s.Once,
			Given: given(h, s.Command),
		})
	}
	return out
}

// given is a digest of the kept directories, the environment, and the files that a
// command was given: those that it names, or whose directory it names, and those that no
// service of the host names.
func given(h plan.Host, command []string) string {
	files := map[string]string{}
	for name, text := range h.Files {
		if names(command, name) || !slices.ContainsFunc(h.Services, func(s topology.Service) bool { return names(s.Command, name) }) {
			files[name] = text
		}
	}
	all := []any{files, h.Env}
	switch {
	case len(h.Keep) > 0:
		all = append(all, h.Keep)
	case len(files)+len(h.Env) == 0:
		return ""
	}
	text, err := json.Marshal(all) // maps are sorted by key
	if err != nil {
		return "" // maps of strings always marshal
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:8])
}

// names reports whether a command names a file or a directory that it is in.
func names(command []string, file string) bool {
	for ; len(file) > 1; file = path.Dir(file) {
		if strings.Count(file, "/") < 2 && !slices.Contains(command, file) {
			continue // not every word with /etc in it
		}
		if slices.ContainsFunc(command, func(word string) bool { return mentions(word, file) }) {
			return true
		}
	}
	return false
}

// mentions reports whether a word has a path in it that is not only the begin of
// another one.
func mentions(word, file string) bool {
	for rest := word; ; {
		i := strings.Index(rest, file)
		if i < 0 {
			return false
		}
		rest = rest[i+len(file):]
		after := strings.TrimPrefix(rest, "/")
		if after == "" || strings.ContainsAny(after[:1], " \t\n;,:'\"&|)") {
			return true
		}
	}
}

// addressPatience is how long the addresses may take that a host forms: somebody must
// advertise their prefixes, perhaps a service of another host.
const addressPatience = 10 * time.Second

// AwaitAddresses waits until a host has the addresses that it forms from
// advertisements, but not for ever.
func (b *Builder) AwaitAddresses(ctx context.Context, h plan.Host) {
	network, err := networkOf(h)
	if err != nil {
		return // Configure has reported it
	}
	var formed []netip.Addr
	for _, i := range network.Interfaces {
		for _, p := range i.Learned {
			formed = append(formed, p.Addr())
		}
	}
	hosts.AwaitAddresses(ctx, b.Path(h.Name), formed, addressPatience)
}
