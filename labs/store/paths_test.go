package store

import (
	"strings"
	"testing"
)

func TestPathsOfSocketsFit(t *testing.T) {
	if dir := OVSDir(RouterDir(strings.Repeat("l", 32), strings.Repeat("r", 63))); len(dir) > 80 {
		t.Errorf("%s has %d octets, too many for sockets inside", dir, len(dir))
	}
}
