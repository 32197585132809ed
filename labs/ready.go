package labs

import (
	"fmt"
	"strings"

	"pseudowan/labs/catalog"
	"pseudowan/topology"
)

// Ready returns the topology file of a lab of the catalogue. The error about
// one that is not there names the nearest.
func Ready(name string) ([]byte, error) {
	if data, ok := catalog.Get(name); ok {
		return data, nil
	}
	return nil, notReady(name, "%s is no lab of the catalogue (%s)")
}

// notReady words that a name is not in the catalogue; the format takes the
// name and the labs that are.
func notReady(name, format string) error {
	msg := fmt.Sprintf(format, name, strings.Join(catalog.Names(), ", "))
	if n := topology.Nearest(name, catalog.Names()); n != "" {
		msg += "; did you mean " + n + "?"
	}
	return notFound(msg)
}
