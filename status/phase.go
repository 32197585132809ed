package status

import "time"

// Phase is a part of the work of a command.
type Phase struct {
	Name   string
	Router string        // that it concerned; "" for the whole lab
	Begin  time.Duration // since the command began
	Took   time.Duration
}
