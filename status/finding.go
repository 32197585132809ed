package status

// Finding is one thing that `pseudowan doctor` looked at.
type Finding struct {
	Check  string   `json:"check"`  // what was looked at
	Status Severity `json:"status"` // ok, warn or fail
	Detail string   `json:"detail"` // what was seen
	Cost   string   `json:"cost"`   // what it means for a lab; "" if ok
	Remedy string   `json:"remedy"` // if possible a command; "" if ok
}

// Severity tells whether a lab can run.
type Severity string

// OK needs no remedy. With Warn, a lab runs with restrictions; with Fail, it cannot.
const (
	OK   Severity = "ok"
	Warn Severity = "warn"
	Fail Severity = "fail"
)

// ReadyLab is one lab of the catalogue.
type ReadyLab struct {
	Name        string `json:"name"`
	Description string `json:"description"` // one line
	Group       string `json:"group"`       // of labs about the same

	Packages []string `json:"packages"` // of the distribution, that hosts in namespaces need
	Missing  []string `json:"missing"`  // of these, and those of other programs of hosts: what is not installed on this server
}
