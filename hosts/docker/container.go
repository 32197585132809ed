package docker

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"path"
	"slices"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/mount"

	"pseudowan/hosts"
)

// newContainer returns the request for a host's container. Its digest label
// identifies a container made for another spec.
func newContainer(spec hosts.Spec, image string) container.CreateRequest {
	var env []string
	for _, key := range slices.Sorted(maps.Keys(spec.Env)) {
		env = append(env, key+"="+spec.Env[key])
	}
	// A foreign image without a command often runs a shell, which ends at once
	// without a terminal.
	shell := spec.Image != "" && len(spec.Command) == 0
	config := &container.Config{
		Hostname: hosts.Hostname(spec.Node), Image: image, Cmd: spec.Command, Env: env, Tty: shell, OpenStdin: shell,
	}
	const nano = 1e9
	host := &container.HostConfig{
		NetworkMode: "none",
		CapAdd:      append([]string{"NET_ADMIN", "NET_RAW"}, spec.Capabilities...),
		LogConfig:   boundedLog,
		Resources:   container.Resources{Memory: spec.Memory, NanoCPUs: int64(spec.CPUs * nano)},
	}
	for _, m := range spec.Mounts {
		host.Mounts = append(host.Mounts, mount.Mount{Type: mount.TypeBind, Source: m.Source, Target: m.Target, ReadOnly: m.ReadOnly})
	}
	for _, d := range spec.Devices {
		host.Devices = append(host.Devices, container.DeviceMapping{PathOnHost: d, PathInContainer: d, CgroupPermissions: "rwm"})
	}
	for _, target := range spec.Keep {
		host.Mounts = append(host.Mounts, mount.Mount{Type: mount.TypeVolume, Source: volumeName(spec.Name, target), Target: target, VolumeOptions: &mount.VolumeOptions{
			Labels: map[string]string{labelLab: spec.Lab, labelNode: spec.Node},
		}})
	}
	digest, err := json.Marshal([]any{config, host, spec.Files})
	if err != nil {
		panic(err) // plain structs of strings
	}
	sum := sha256.Sum256(digest)
	config.Labels = marks(spec)
	config.Labels[labelSpec] = hex.EncodeToString(sum[:8])
	return container.CreateRequest{Config: config, HostConfig: host}
}

// boundedLog keeps the output of a container from filling the disk, whatever
// the daemon's own settings: by default Docker keeps everything.
var boundedLog = container.LogConfig{
	Type:   "json-file",
	Config: map[string]string{"max-size": "1m", "max-file": "2"},
}

// packFiles makes an archive of a host's files.
func packFiles(files map[string]string) ([]byte, error) {
	var buf bytes.Buffer
	w := tar.NewWriter(&buf)
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if !path.IsAbs(name) || path.Clean(name) != name {
			return nil, fmt.Errorf("file %q: not the path of a file", name)
		}
		text := files[name]
		header := tar.Header{Typeflag: tar.TypeReg, Name: name[1:], Mode: int64(hosts.FileMode(text)), Size: int64(len(text))}
		if err := w.WriteHeader(&header); err != nil {
			return nil, fmt.Errorf("file %s: %w", name, err)
		}
		if _, err := w.Write([]byte(text)); err != nil {
			return nil, fmt.Errorf("file %s: %w", name, err)
		}
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return buf.Bytes(), nil
}
