package hosts

// Within runs f on a thread inside the network namespace at path, of a host of
// any runtime. Sockets that f opens stay inside and may be used from anywhere;
// goroutines that f starts are outside.
func Within(path string, f func() error) error { return doIn(path, f) }

// IsOtherNetwork reports whether path is a network namespace other than this
// process's.
func IsOtherNetwork(path string) bool {
	id := namespaceID(path)
	return id != nsID{} && id != namespaceID("/proc/self/ns/net")
}
