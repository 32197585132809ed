package catalog

import (
	"embed"
	"fmt"
	"path"
	"slices"
	"strings"

	"pseudowan/status"
	"pseudowan/topology"
)

//go:embed */*
var otherEnds embed.FS

// OtherEnds returns the kinds of routers for which a ready lab has the
// configuration of its other end, sorted: "frr", "linux". Most labs have none.
func OtherEnds(lab string) []string {
	files, _ := otherEnds.ReadDir(lab)
	var kinds []string
	for _, f := range files {
		kinds = append(kinds, strings.TrimSuffix(f.Name(), path.Ext(f.Name())))
	}
	slices.Sort(kinds)
	return kinds
}

// OtherEnd returns the configuration of a kind of router at the other end of a
// ready lab. The error about one that does not exist suggests the nearest.
func OtherEnd(lab, kind string) ([]byte, error) {
	if _, err := Find(lab); err != nil {
		return nil, err
	}
	kinds := OtherEnds(lab)
	if len(kinds) == 0 {
		return nil, status.NotFound(fmt.Sprintf("lab %s has no other end outside the lab", lab))
	}
	files, _ := otherEnds.ReadDir(lab)
	for i := range files {
		if name := files[i].Name(); strings.TrimSuffix(name, path.Ext(name)) == kind {
			return otherEnds.ReadFile(path.Join(lab, name))
		}
	}
	msg := fmt.Sprintf("lab %s has no other end for %s (%s)", lab, kind, strings.Join(kinds, ", "))
	if n := topology.Nearest(kind, kinds); n != "" {
		msg += "; did you mean " + n + "?"
	}
	return nil, status.NotFound(msg)
}
