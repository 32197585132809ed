package topology

import (
	"fmt"
	"path"
	"strings"
)

// maxFile bounds a file that a lab carries.
const maxFile = 1 << 20

// files checks the files of a host.
func (b *builder) files(raw entries[value[string]], element string) map[string]string {
	var out map[string]string
	for _, e := range raw {
		name := e.key.v
		switch {
		case !path.IsAbs(name) || path.Clean(name) != name || name == "/" || strings.ContainsRune(name, 0):
			b.refuse(e.key.at, element, fmt.Sprintf("%q is not the path of a file", name), "write an absolute path, as /run/bird.conf")
			continue
		case len(e.value.v) > maxFile:
			b.refuse(e.value.at, element, fmt.Sprintf("file %s is larger than %d KiB", name, maxFile>>10), "make it smaller")
			continue
		}
		if out == nil {
			out = make(map[string]string)
		}
		out[name] = e.value.v
	}
	return out
}
