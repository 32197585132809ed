package hosts

// Within runs f on a thread inside the network namespace at path, of a host of
// any runtime. Sockets that f opens stay inside and may be used from anywhere;
// goroutines that f starts are outside.
func Within(path string, f func() error) error { return doIn(path, f) }

// IsOtherNetwork reports whether there is a network namespace at path that is not
// the one of this process.
func IsOtherNetwork(path string) bool {
	id := namespaceID(path)
	return id != nsID{} && id != namespaceID("/proc/self/ns/net")
}
