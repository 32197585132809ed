package vm

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"strings"

	"pseudowan/hosts"
)

// overlayDir is where QEMU keeps what a machine writes to its disk. Each host has one
// of its own, on the server's disk: its /tmp is in memory.
const overlayDir = "/var/tmp"

const qcow2 = ".qcow2"

// readable returns an error if a file that a machine starts from cannot be read.
func readable(file string) error {
	if file == "" {
		return nil
	}
	info, err := os.Stat(file)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("there is no file %s", file)
	case err == nil && !info.Mode().IsRegular():
		return fmt.Errorf("%s is not a file", file)
	}
	return err
}

// standsAlone returns an error if a disk is in part another file: QEMU opens as root
// whatever file of the server a disk names, and shows it to the guest.
func standsAlone(file string) error {
	if !strings.HasSuffix(file, qcow2) {
		return nil // QEMU is told that it is raw
	}
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer f.Close()
	header := make([]byte, 80)
	n, err := io.ReadFull(f, header)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF) {
		return err
	}
	if other := otherFile(header[:n]); other != "" {
		return fmt.Errorf("%s has %s, which may be any file of the server; make a disk without: qemu-img convert -O qcow2 %s NEW.qcow2", file, other, file)
	}
	return nil
}

// otherFile says which other file the header of a qcow2 file names, "" if none (QEMU,
// docs/interop/qcow2.txt: the offset of the backing file's name at octet 8, incompatible
// features at octet 72 from version 3 on, of which bit 2 is an external data file).
func otherFile(header []byte) string {
	const externalData = 1 << 2
	if len(header) < 16 || !bytes.HasPrefix(header, []byte("QFI\xfb")) {
		return "" // QEMU refuses it
	}
	switch {
	case binary.BigEndian.Uint64(header[8:]) != 0:
		return "a backing file"
	case binary.BigEndian.Uint32(header[4:]) < 3 || len(header) < 80:
		return ""
	case binary.BigEndian.Uint64(header[72:])&externalData != 0:
		return "an external data file"
	}
	return ""
}

func diskFlags(image string) []string {
	const file = lentDir + "image"
	switch {
	case image == "":
		return nil
	case strings.HasSuffix(image, ".iso"):
		return []string{"-drive", "file=" + file + ",media=cdrom,format=raw,readonly=on"}
	case strings.HasSuffix(image, qcow2):
		return []string{"-drive", "file=" + file + ",if=virtio,format=qcow2,snapshot=on"}
	}
	return []string{"-drive", "file=" + file + ",if=virtio,format=raw,snapshot=on"}
}

// lentDir is where a host sees the files that its machine starts from: it has
// directories of its own over some of the server's.
const lentDir = "/run/machine/"

// lent returns the files that a machine starts from, by where its host sees them.
func lent(x *hosts.Machine) map[string]string {
	out := map[string]string{lentDir + "kernel": x.Kernel, lentDir + "rootfs": x.Rootfs, lentDir + "image": x.Image}
	maps.DeleteFunc(out, func(_, file string) bool { return file == "" })
	return out
}
