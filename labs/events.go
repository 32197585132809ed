package labs

import (
	"fmt"

	"pseudowan/labs/store"
)

// noteUp records what up has done.
func (a *applier) noteUp() {
	if a.fresh {
		store.NoteCommand(a.plan.Lab, "", fmt.Sprintf("up: lab %s is up", a.plan.Lab))
		return
	}
	for _, line := range a.changed {
		store.NoteCommand(a.plan.Lab, "", "up: "+line)
	}
}
