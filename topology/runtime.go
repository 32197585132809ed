package topology

import (
	"reflect"
	"slices"
	"strings"

	"github.com/invopop/jsonschema"
)

// Runtime is what the file format needs to know of a runtime of hosts.
type Runtime struct {
	Name       string
	Containers bool // the hosts have programs and files of their own, mounts and limits
	Machines   bool // the hosts are virtual machines
	MinName    int  // length of the shortest name that a host can have
}

// runtimes are those of a server. If none are known, every name is accepted, with
// every setting.
type runtimes []Runtime

// find returns a runtime by name.
func (r runtimes) find(name runtime) (found Runtime, known bool) {
	i := slices.IndexFunc(r, func(x Runtime) bool { return x.Name == string(name) })
	if i < 0 {
		return Runtime{}, false
	}
	return r[i], true
}

// bare reports whether a host of the runtime is not a container.
func (r runtimes) bare(name runtime) bool {
	found, known := r.find(name)
	return known && !found.Containers
}

// machines reports whether hosts of the runtime are virtual machines.
func (r runtimes) machines(name runtime) bool {
	found, known := r.find(name)
	return known && found.Machines || len(r) == 0 && string(name) == r.withMachines()
}

// withMachines names a runtime of virtual machines, for a message.
func (r runtimes) withMachines() string {
	for _, x := range r {
		if x.Machines {
			return x.Name
		}
	}
	return "vm"
}

// withContainers lists the runtimes whose hosts are containers, for a message.
func (r runtimes) withContainers() string {
	var names []string
	for _, x := range r {
		if x.Containers {
			names = append(names, x.Name)
		}
	}
	return strings.Join(names, " or ")
}

// forms returns the form of a runtime's name, if runtimes are known.
func (r runtimes) forms() map[reflect.Type]form {
	if len(r) == 0 {
		return nil
	}
	var names []runtime
	for _, x := range r {
		names = append(names, runtime(x.Name))
	}
	return byType(word(names...))
}

// enumerate adds the runtimes to a schema, wherever it has the key.
func (r runtimes) enumerate(s *jsonschema.Schema) {
	if s == nil {
		return
	}
	if s.Properties != nil {
		for p := s.Properties.Oldest(); p != nil; p = p.Next() {
			if f, known := r.forms()[reflect.TypeFor[runtime]()]; known && p.Key == "runtime" {
				p.Value.Enum = f.schema.Enum
			}
			r.enumerate(p.Value)
		}
	}
	r.enumerate(s.AdditionalProperties)
	r.enumerate(s.Items)
	for _, list := range [][]*jsonschema.Schema{s.AnyOf, s.OneOf, s.AllOf} {
		for _, each := range list {
			r.enumerate(each)
		}
	}
}

func parseRuntime(p *runtime, s string) *fault {
	*p = runtime(s)
	return nil
}
