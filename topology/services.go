package topology

import (
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Bounds on services.
const (
	maxServices    = 100 // of a host
	maxServiceName = 32
	maxReady       = 256 // octets of the text that a service prints
)

// Service is a program that a host runs, beside its own command and other services.
type Service struct {
	Name    string   `json:"name"`
	Command []string `json:"command"`
	Ready   string   `json:"ready,omitempty"`   // text in its output that says that it is ready
	Port    string   `json:"port,omitempty"`    // that it listens on when it is ready: "tcp 80"
	After   []string `json:"after,omitempty"`   // services that must be ready before
	Restart string   `json:"restart,omitempty"` // "always", "on-failure"; "": never
	Once    bool     `json:"once,omitempty"`    // it is ready when it has ended
}

// Runs reports whether the lab starts a program in the host, such as a BGP daemon.
func (h *Host) Runs() bool { return len(h.Command)+len(h.Services) > 0 }

type (
	restartPolicy string
	servicePort   string
)

// neverRestart is the policy of services that name none.
const neverRestart = restartPolicy("never")

var portForm = regexp.MustCompile(`^(tcp|udp) +([0-9]{1,5})$`)

func parseServicePort(p *servicePort, s string) *fault {
	m := portForm.FindStringSubmatch(s)
	var number int
	if m != nil {
		_, _ = fmt.Sscan(m[2], &number) // digits
	}
	if number < 1 || number > 65535 {
		return &fault{fmt.Sprintf("%q is not a port", s), "write it as tcp 80 or udp 547"}
	}
	*p = servicePort(fmt.Sprintf("%s %d", m[1], number))
	return nil
}

// rawService is a command, or a mapping.
type rawService struct {
	at  pos
	bad bool // it is neither, which has been reported
	serviceSettings
}

func (s *rawService) read(d *decoder, n *yaml.Node) {
	s.at = at(n)
	if n.Kind == yaml.SequenceNode {
		d.list(reflect.ValueOf(&s.Command).Elem(), n)
		return
	}
	if isNull(n) {
		return
	}
	if n.Kind == yaml.ScalarNode {
		s.bad = true
		d.wrong(n, "want a command, not "+kindName(n), "write it as a list, as in [radvd, -n], or as {command: [radvd, -n], ready: TEXT}")
		return
	}
	d.structure(reflect.ValueOf(&s.serviceSettings).Elem(), n)
}

// mergeServices adds the services of base that have no namesake.
func mergeServices(own, base entries[rawService]) entries[rawService] {
	var out entries[rawService]
	for _, e := range base {
		if !slices.ContainsFunc(own, func(o entry[rawService]) bool { return o.key.v == e.key.v }) {
			out = append(out, e)
		}
	}
	return append(out, own...)
}

// services checks the services of a host.
func (b *hostBuilder) services(raw entries[rawService], element string) []Service {
	if len(raw) > maxServices {
		b.refuse(raw[maxServices].key.at, element, fmt.Sprintf("more than %d services", maxServices), "distribute them over several hosts")
		return nil
	}
	names := make(map[string]int)
	for i, e := range raw {
		names[e.key.v] = i
	}
	var out []Service
	for _, e := range raw {
		out = append(out, b.service(e, names, element))
	}
	b.checkOrder(raw, names, element)
	return out
}

func (b *hostBuilder) service(e entry[rawService], names map[string]int, element string) Service {
	where := element + ", service " + e.key.v
	b.checkName(e.key, "service", maxServiceName)
	s := e.value
	switch {
	case s.bad:
	case len(s.Command) == 0:
		b.refuse(s.at, where, "has no command", "add command: [PROGRAM, ARGUMENT]")
	default:
		b.checkCommand(s.Command, where)
	}
	if s.Ready.has && (s.Ready.v == "" || len(s.Ready.v) > maxReady || strings.ContainsRune(s.Ready.v, '\n')) {
		b.refuse(s.Ready.at, where, fmt.Sprintf("ready: is not a part of a line of at most %d octets", maxReady), "write a text that it prints when it is ready")
	}
	policy := s.Restart.or(neverRestart)
	if s.Once.v && policy == "always" {
		b.refuse(s.Restart.at, where, "runs once, and is always restarted", "remove once:, or use restart: on-failure")
	}
	if s.Once.v && (s.Ready.has || s.Port.has) {
		b.refuse(first(s.Ready, given(s.Port.at, "")).at, where, "runs once: it is ready when it has ended", "remove once:, or ready: and port:")
	}
	if policy == neverRestart {
		policy = ""
	}
	return Service{
		Name: e.key.v, Command: texts(s.Command), Ready: s.Ready.v, Port: string(s.Port.v),
		After: texts(s.After), Restart: string(policy), Once: s.Once.v,
	}
}

// checkOrder refuses services that wait for unknown ones, or in a circle.
func (b *hostBuilder) checkOrder(raw entries[rawService], names map[string]int, element string) {
	const (
		visiting = 1 + iota
		done
	)
	state := make([]int, len(raw))
	var visit func(i int, way []string)
	visit = func(i int, way []string) {
		e := raw[i]
		way = append(way, e.key.v)
		state[i] = visiting
		for _, a := range e.value.After {
			k, known := names[a.v]
			switch {
			case !a.has:
			case !known:
				b.refuse(a.at, element+", service "+e.key.v, fmt.Sprintf("the host has no service %q", a.v), suggest(a.v, names))
			case state[k] == visiting:
				circle := append(way[slices.Index(way, a.v):], a.v)
				b.refuse(a.at, element, "its services wait for each other: "+strings.Join(circle, " after "), "remove one after:")
			case state[k] == 0:
				visit(k, way)
			}
		}
		state[i] = done
	}
	for i := range raw {
		if state[i] == 0 {
			visit(i, nil)
		}
	}
}

// keeps checks the directories that a host keeps.
func (b *hostBuilder) keeps(raw []value[string], files map[string]string, mounts []Mount, element string) []string {
	var out []string
	for _, k := range raw {
		if !k.has {
			continue
		}
		if why, remedy := badKeep(k.v); why != "" {
			b.refuse(k.at, element, why, remedy)
			continue
		}
		for _, other := range out {
			if inDir(k.v, other) || inDir(other, k.v) {
				b.refuse(k.at, element, fmt.Sprintf("it keeps %s and %s, which overlap", other, k.v), "keep one of them")
			}
		}
		for name := range files {
			if inDir(name, k.v) {
				b.refuse(k.at, element, fmt.Sprintf("file %s is in %s, which is kept", name, k.v), "put the file elsewhere")
			}
			if inDir(k.v, name) {
				b.refuse(k.at, element, fmt.Sprintf("%s is kept, and %s is a file", k.v, name), "rename one")
			}
		}
		for _, m := range mounts {
			if inDir(k.v, m.Target) || inDir(m.Target, k.v) {
				b.refuse(k.at, element, fmt.Sprintf("%s is kept, and there is a mount on %s", k.v, m.Target), "remove one")
			}
		}
		out = append(out, k.v)
	}
	return out
}

// badKeep returns why a host cannot keep a directory, and the remedy; both are "" if
// it can.
func badKeep(name string) (why, remedy string) {
	const example = "write a directory such as /var/lib/kea"
	for _, dir := range systemDirs {
		if name == dir {
			return fmt.Sprintf("%s cannot be kept: it is the system's", name), example
		}
	}
	if why, _ := badFile(name, ""); why != "" {
		return strings.Replace("keep: "+why, "the path of a file", "the path of a directory", 1), example
	}
	return "", ""
}

var packageName = regexp.MustCompile(`^[a-z0-9][a-z0-9+.-]+$`)

// packages checks the names of the packages that a host needs (Debian policy, section
// 5.6.1).
func (b *hostBuilder) packages(raw []value[string], element string) []string {
	var out []string
	for _, p := range raw {
		switch {
		case !p.has:
		case !packageName.MatchString(p.v) || len(p.v) > maxName:
			b.refuse(p.at, element, fmt.Sprintf("%q is not the name of a package", p.v), "write it as the distribution does, such as kea-dhcp6-server")
		case slices.Contains(out, p.v):
			b.refuse(p.at, element, fmt.Sprintf("package %s is listed twice", p.v), "remove one")
		default:
			out = append(out, p.v)
		}
	}
	return out
}
