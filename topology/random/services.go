package random

// serviceCommands print a line when they are up, and stay. They run in every runtime.
var serviceCommands = []any{
	[]any{"sh", "-c", "echo a service is up; exec sleep 1000000"},
	[]any{"sh", "-c", "echo another service is up; exec tail -f /dev/null"},
}

// services adds a service, changes one or removes it.
func services(e *editor, at *mapping) any {
	var value any = oneOf(e, serviceCommands...)
	if e.chance(2) {
		value = mapped("command", value, "ready", "is up")
	}
	if at.get("services") == nil && e.chance(2) { // services can wait only for each other
		return mapped("one", value, "two", oneOf(e, serviceCommands...), "three", mapped("command", oneOf(e, serviceCommands...), "after", oneOf(e, "one", "two")))
	}
	return edited(e, at.get("services"), oneOf(e, "one", "two", "three"), value)
}

// served returns the services of hosts.
func served(hosts func(*editor) []place) func(*editor) []place {
	return below(hosts, func(m *mapping, name string) []place {
		all, ok := m.get("services").(*mapping)
		if !ok {
			return nil
		}
		var out []place
		for _, f := range all.fields {
			out = append(out, place{name + " service " + f.key, func() *mapping {
				if one, ok := f.value.(*mapping); ok {
					return one
				}
				one := mapped("command", f.value)
				all.set(f.key, one)
				return one
			}})
		}
		return out
	})
}
