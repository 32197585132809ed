package pipeline

// key is what identifies a flow in a switch.
type key struct {
	table    Table
	priority uint16
	match    string
}

func (f Flow) key() key { return key{f.Table, f.Priority, f.Match} }

// Diff tells what to add and what to remove to get from one set of flows to
// another. A flow that changes its actions or its cookie is added, not removed:
// it replaces the one of the same table, priority and match.
func Diff(from, to []Flow) (add, remove []Flow) {
	existing := make(map[key]Flow, len(from))
	for _, f := range from {
		existing[f.key()] = f
	}
	wanted := make(map[key]bool, len(to))
	for _, f := range to {
		wanted[f.key()] = true
		if existing[f.key()] != f {
			add = append(add, f)
		}
	}
	for _, f := range from {
		if !wanted[f.key()] {
			remove = append(remove, f)
		}
	}
	return add, remove
}
