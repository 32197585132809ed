package hosts

import (
	"bytes"
	"fmt"
	"os"
	"strings"
)

// HostsFile returns the text of a host's /etc/hosts.
func HostsFile(entries []HostsEntry) []byte {
	var b bytes.Buffer
	b.WriteString("127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n")
	for _, e := range entries {
		fmt.Fprintf(&b, "%s\t%s\n", e.Addr, strings.Join(e.Names, " "))
	}
	return b.Bytes()
}

// FileOr returns a file of the host, or else the usual text.
func (s Spec) FileOr(name string, usual []byte) []byte {
	if text, has := s.Files[name]; has {
		return []byte(text)
	}
	return usual
}

// WriteInPlace writes a file that may be mounted elsewhere, unless it has that
// content already.
func WriteInPlace(path string, content []byte) error {
	have, err := os.ReadFile(path)
	if err == nil && bytes.Equal(have, content) {
		return nil
	}
	return os.WriteFile(path, content, 0o644)
}
