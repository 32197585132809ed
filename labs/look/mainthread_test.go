package look

import "runtime"

// A process is taken to be in the namespaces of its main thread, which Go keeps
// also where the goroutine on it must not go on. So no test runs there.
func init() { runtime.LockOSThread() }
