package status

// Orphan is something with the mark of a lab that belongs to no lab.
type Orphan struct {
	Lab     string `json:"lab"`
	What    string `json:"what"`    // a namespace, a host, a process, a directory
	Why     string `json:"why"`     // it counts as an orphan
	Removed bool   `json:"removed"` // by this command
}
