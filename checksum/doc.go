// Package checksum makes the kernel fill in the checksums of what an interface sends.
// It owns two ioctls of ethtool(8), and knows nothing of wires, bridges or labs.
package checksum
