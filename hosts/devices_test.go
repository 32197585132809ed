package hosts

import (
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// A device is judged by what it is, not by its name.
func TestRealDevicesThatGiveTheServerAway(t *testing.T) {
	var sg uint32
	for major := range uint32(512) {
		if d := characterDriver(major); d == "sg" || d == "bsg" {
			sg = major
		}
	}
	for name, tt := range map[string]struct {
		mode         uint32
		major, minor uint32
		want         string
	}{
		"null":   {unix.S_IFCHR, 1, 3, ""},
		"memory": {unix.S_IFCHR, 1, 1, "the memory of the server"},
		"ports":  {unix.S_IFCHR, 1, 4, "the memory of the server"},
		"disk":   {unix.S_IFBLK, 7, 0, "a block device"},
		"scsi":   {unix.S_IFCHR, sg, 0, "a way to the disks of the server"},
	} {
		if tt.major == 0 {
			t.Log("the kernel has no SCSI devices")
			continue
		}
		path := filepath.Join(t.TempDir(), name)
		if err := unix.Mknod(path, tt.mode|0o600, int(unix.Mkdev(tt.major, tt.minor))); err != nil {
			t.Skip("no device files can be made here: ", err)
		}
		if err := CheckDevices([]string{path}); (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %q", name, err, tt.want)
		}
	}
}
