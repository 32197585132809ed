package docker

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/sha256"
	"debug/elf"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"slices"
	"strings"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/image"

	"pseudowan/hosts"
)

// builtinRepository is the name of the built-in image; its tag is a digest of
// its content.
const builtinRepository = "pseudowan/host"

// builtinChanges are the image's settings. Its first process reaps orphans, and
// ends on SIGTERM.
var builtinChanges = []string{
	`ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin`,
	`CMD ["/bin/sh", "-c", "trap 'exit 0' TERM INT; while :; do sleep 3600 & wait $!; done"]`,
}

// Prepare implements Runtime: it pulls or builds missing images of the hosts.
func (d *containers) Prepare(ctx context.Context, specs []hosts.Spec) error {
	for _, s := range specs {
		if _, err := d.ensureImage(ctx, s); err != nil {
			return fmt.Errorf("host %s: %w", s.Node, d.explain(err))
		}
	}
	return nil
}

// ensureImage returns the reference of an available image. It asks the daemon
// once for each.
func (d *containers) ensureImage(ctx context.Context, spec hosts.Spec) (string, error) {
	d.image.Lock()
	defer d.image.Unlock()
	if ref, known := d.images[spec.Image]; known {
		return ref, nil
	}
	ref, err := d.findImage(ctx, spec)
	if err == nil {
		d.images[spec.Image] = ref
	}
	return ref, err
}

func (d *containers) findImage(ctx context.Context, spec hosts.Spec) (string, error) {
	if spec.Image == "" {
		return d.ensureBuiltin(ctx)
	}
	_, err := d.cli.ImageInspect(ctx, spec.Image)
	switch {
	case errdefs.IsNotFound(err) && spec.Build != "":
		if err := d.build(ctx, spec.Build, spec.Image); err != nil {
			return "", fmt.Errorf("build %s: %w", spec.Build, err)
		}
		return spec.Image, nil
	case errdefs.IsNotFound(err):
		err = d.pull(ctx, spec.Image)
	}
	if err != nil {
		return "", fmt.Errorf("image %s: %w", spec.Image, err)
	}
	return spec.Image, nil
}

func (d *containers) ensureBuiltin(ctx context.Context) (string, error) {
	b, err := d.builtin()
	if err != nil {
		return "", fmt.Errorf("built-in image: %w", err)
	}
	ref := b.ref
	_, err = d.cli.ImageInspect(ctx, ref)
	if !errdefs.IsNotFound(err) {
		return ref, err
	}
	d.say("making the image " + ref + " from busybox")
	source := image.ImportSource{Source: bytes.NewReader(b.content), SourceName: "-"}
	answer, err := d.cli.ImageImport(ctx, source, ref, image.ImportOptions{Changes: builtinChanges})
	if err != nil {
		return "", fmt.Errorf("built-in image: %w", err)
	}
	defer answer.Close()
	return ref, d.follow(answer, "built-in image")
}

// builtin is the built-in image as imported.
type builtin struct {
	ref     string
	content []byte
}

func newBuiltin() (builtin, error) {
	content, err := builtinImage()
	if err != nil {
		return builtin{}, err
	}
	sum := sha256.New()
	sum.Write(content)
	sum.Write([]byte(strings.Join(builtinChanges, "\n")))
	return builtin{builtinRepository + ":" + hex.EncodeToString(sum.Sum(nil)[:6]), content}, nil
}

// pull pulls an image from its registry.
func (d *containers) pull(ctx context.Context, name string) error {
	d.say("pulling " + name)
	answer, err := d.cli.ImagePull(ctx, name, image.PullOptions{})
	if err == nil {
		defer answer.Close()
		err = d.followPull(answer, name)
	}
	if err != nil && ctx.Err() == nil {
		return fmt.Errorf("it is not on this server and cannot be pulled; get it with docker pull or docker load, or omit `image:` for the built-in one: %w", err)
	}
	return err
}

// builtinImage returns a root file system around the server's static busybox:
// the same bytes for the same busybox.
func builtinImage() ([]byte, error) {
	path, program, err := StaticBusybox()
	if err != nil {
		return nil, err
	}
	list, err := exec.Command(path, "--list").Output()
	if err != nil {
		return nil, fmt.Errorf("%s --list: %w", path, err)
	}
	applets := strings.Fields(string(list))
	slices.Sort(applets)
	return rootFS(program, applets)
}

// ownBusybox is where setup.sh puts a static busybox if the server's own is
// dynamic: the two packages exclude each other.
const ownBusybox = "/usr/local/lib/pseudowan/busybox"

// Builtin implements Containers.
func (d *containers) Builtin() error {
	_, _, err := StaticBusybox()
	return err
}

// StaticBusybox finds the busybox of the built-in image, which must run without
// shared libraries. The error says how to install one.
func StaticBusybox() (path string, program []byte, err error) {
	const remedy = "install the static one with: apt-get install busybox-static"
	err = errors.New("busybox is not installed; " + remedy)
	inPath, _ := exec.LookPath("busybox") // "" if there is none
	for _, path := range []string{inPath, ownBusybox} {
		program, readErr := os.ReadFile(path)
		switch {
		case errors.Is(readErr, fs.ErrNotExist):
			continue
		case readErr != nil:
			return "", nil, readErr
		case isStatic(program):
			return path, program, nil
		}
		err = fmt.Errorf("%s needs shared libraries; %s", path, remedy)
	}
	return "", nil, err
}

func isStatic(program []byte) bool {
	f, err := elf.NewFile(bytes.NewReader(program))
	if err != nil {
		return false
	}
	return !slices.ContainsFunc(f.Progs, func(p *elf.Prog) bool { return p.Type == elf.PT_INTERP })
}

// bashScript makes the command work that users of the original know, docker
// exec -it HOST bash. A link would not: busybox runs the applet that it is
// called by, and has no bash.
const bashScript = "#!/bin/sh\nexec sh \"$@\"\n"

// rootFS packs busybox, its applets and the few files that programs expect.
func rootFS(busybox []byte, applets []string) ([]byte, error) {
	var buf bytes.Buffer
	w := tar.NewWriter(&buf)
	var errs []error
	add := func(h tar.Header, content []byte) {
		h.Size, h.Format = int64(len(content)), tar.FormatUSTAR
		errs = append(errs, w.WriteHeader(&h))
		_, err := w.Write(content)
		errs = append(errs, err)
	}
	for _, dir := range []string{"bin", "sbin", "usr", "usr/bin", "usr/sbin", "etc", "dev", "proc", "sys", "root", "run", "var", "var/run"} {
		add(tar.Header{Typeflag: tar.TypeDir, Name: dir + "/", Mode: 0o755}, nil)
	}
	add(tar.Header{Typeflag: tar.TypeDir, Name: "tmp/", Mode: 0o1777}, nil)
	add(tar.Header{Typeflag: tar.TypeReg, Name: "bin/busybox", Mode: 0o755}, busybox)
	for _, a := range applets {
		if a != "busybox" && a != "bash" {
			add(tar.Header{Typeflag: tar.TypeSymlink, Name: "bin/" + a, Linkname: "busybox", Mode: 0o777}, nil)
		}
	}
	add(tar.Header{Typeflag: tar.TypeReg, Name: "bin/bash", Mode: 0o755}, []byte(bashScript))
	add(tar.Header{Typeflag: tar.TypeReg, Name: "etc/passwd", Mode: 0o644}, []byte("root:x:0:0:root:/root:/bin/sh\n"))
	add(tar.Header{Typeflag: tar.TypeReg, Name: "etc/group", Mode: 0o644}, []byte("root:x:0:\n"))
	errs = append(errs, w.Close())
	return buf.Bytes(), errors.Join(errs...)
}
