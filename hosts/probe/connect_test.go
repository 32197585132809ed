package probe

import (
	"bufio"
	"fmt"
	"strings"
	"testing"
)

func TestAccepted(t *testing.T) {
	const list = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 00000000:0050 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1 1 0 100 0 0 10 0
   1: 0200000A:0050 0201A8C0:D431 01 00000000:00000000 00:00000000 00000000     0        0 2 1 0 20 4 30 10 -1
   2: 0200000A:0016 0301A8C0:D431 01 00000000:00000000 00:00000000 00000000     0        0 2 1 0 20 4 30 10 -1
   3: B80D0120000000000000000002000000:0050 B80D0120000000000000000007000000:9C40 06 00000000:00000000 03:000017A2 00000000     0        0 0 3
   4: 0000000000000000FFFF00000200000A:0050 0000000000000000FFFF00000401A8C0:9C41 01 00000000:00000000 00:00000000 00000000     0        0 2 1 0 20 4 30 10 -1
`
	all, err := socketsIn(bufio.NewScanner(strings.NewReader(list)))
	const want = "[192.168.1.2:54321 [2001:db8::7]:40000 192.168.1.4:40001]"
	for _, port := range []uint16{80, 0} { // the connection at port 22 is one that the host has opened
		if got := acceptedOf(all, port); err != nil || fmt.Sprint(got) != want {
			t.Errorf("port %d: %v, %v; want %s", port, got, err, want)
		}
	}
	if got := acceptedOf(all, 22); len(got) != 1 {
		t.Errorf("port 22: %v", got)
	}
	for _, bad := range []string{"   1: zz:0050 0201A8C0:D431 01", "   1: 0200000A:0050 0201A8C0:D4310 01", "   1: 0200000A:0050 02 01"} {
		if _, err := socketsIn(bufio.NewScanner(strings.NewReader(bad))); err == nil {
			t.Errorf("%q is read", bad)
		}
	}
}
