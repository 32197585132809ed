package docker

import (
	"archive/tar"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/docker/docker/api/types/build"
	"github.com/moby/patternmatcher"
	"github.com/moby/patternmatcher/ignorefile"
)

// buildRepository is the name of images built from Dockerfiles; their tag is a
// digest of the build context.
const buildRepository = "pseudowan/build"

// maxContext bounds the build context of one image: a Dockerfile in the root
// directory must be an error, not a day's work.
const maxContext = 1 << 30

// recipe is a Dockerfile and its build context.
type recipe struct{ dir, file string }

func recipeAt(path string) (recipe, error) {
	info, err := os.Stat(path)
	if err != nil {
		return recipe{}, err
	}
	r := recipe{dir: path, file: "Dockerfile"}
	if !info.IsDir() {
		r.dir, r.file = filepath.Split(path)
	}
	if _, err := os.Stat(filepath.Join(r.dir, r.file)); errors.Is(err, fs.ErrNotExist) {
		return recipe{}, fmt.Errorf("%s has no Dockerfile; name the directory that holds one, or the file", path)
	} else if err != nil {
		return recipe{}, err
	}
	return r, nil
}

// BuildTag implements Containers.
func (d *containers) BuildTag(path string) (string, error) { return buildTag(path) }

func buildTag(path string) (string, error) {
	r, err := recipeAt(path)
	if err != nil {
		return "", fmt.Errorf("build: %w", err)
	}
	sum := sha256.New()
	io.WriteString(sum, r.file+"\n")
	if err := r.pack(sum); err != nil {
		return "", fmt.Errorf("build %s: %w", path, err)
	}
	return buildRepository + ":" + hex.EncodeToString(sum.Sum(nil)[:6]), nil
}

// ignored returns the patterns of the directory's .dockerignore.
func (r recipe) ignored() (*patternmatcher.PatternMatcher, error) {
	file, err := os.Open(filepath.Join(r.dir, ".dockerignore"))
	if errors.Is(err, fs.ErrNotExist) {
		return patternmatcher.New(nil)
	}
	if err != nil {
		return nil, err
	}
	defer file.Close()
	patterns, err := ignorefile.ReadAll(file)
	if err != nil {
		return nil, err
	}
	// The daemon reads these regardless of the patterns.
	ignored, err := patternmatcher.New(append(patterns, "!"+r.file, "!.dockerignore"))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file.Name(), err)
	}
	return ignored, nil
}

// pack writes the directory as an archive that depends on its content alone,
// not on times and owners.
func (r recipe) pack(to io.Writer) error {
	ignored, err := r.ignored()
	if err != nil {
		return err
	}
	w := tar.NewWriter(to)
	left := int64(maxContext)
	err = filepath.WalkDir(r.dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(r.dir, path)
		if err != nil || name == "." {
			return err
		}
		// A directory that is ignored may hold what an exclamation mark keeps.
		if skip, err := ignored.MatchesOrParentMatches(name); err != nil || skip {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		if left -= info.Size(); left < 0 {
			return fmt.Errorf("%s holds more than %d MiB; give the Dockerfile a directory of its own", r.dir, maxContext>>20)
		}
		return addFile(w, path, name, info)
	})
	return errors.Join(err, w.Close())
}

// addFile adds a file, directory or symbolic link; sockets and the like are
// omitted.
func addFile(w *tar.Writer, path, name string, info fs.FileInfo) error {
	h := tar.Header{Name: filepath.ToSlash(name), Mode: int64(info.Mode().Perm()), Format: tar.FormatPAX}
	switch {
	case info.IsDir():
		h.Typeflag, h.Name = tar.TypeDir, h.Name+"/"
		return w.WriteHeader(&h)
	case info.Mode()&fs.ModeSymlink != 0:
		target, err := os.Readlink(path)
		if err != nil {
			return err
		}
		h.Typeflag, h.Linkname = tar.TypeSymlink, target
		return w.WriteHeader(&h)
	case !info.Mode().IsRegular():
		return nil
	}
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	h.Typeflag, h.Size = tar.TypeReg, info.Size()
	if err := w.WriteHeader(&h); err != nil {
		return err
	}
	_, err = io.CopyN(w, file, h.Size)
	return err
}

// build builds the image ref from a Dockerfile.
func (d *containers) build(ctx context.Context, path, ref string) error {
	r, err := recipeAt(path)
	if err != nil {
		return err
	}
	d.say("building " + path)
	archive, pipe := io.Pipe()
	defer archive.Close()
	go func() { pipe.CloseWithError(r.pack(pipe)) }()
	answer, err := d.cli.ImageBuild(ctx, archive, build.ImageBuildOptions{
		Tags: []string{ref}, Dockerfile: r.file, Remove: true, ForceRemove: true,
	})
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	return d.follow(answer.Body, path)
}
