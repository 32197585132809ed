// Package docker is the runtime whose hosts are Docker containers without a
// Docker network: their images, their life cycle, commands inside and their
// logs. It is the only package that talks to a Docker daemon.
//
// It must not contain wires or the configuration of a host's network, which are
// the same for every runtime.
package docker
