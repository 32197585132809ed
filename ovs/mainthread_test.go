package ovs

import "runtime"

// A process counts as being in the namespaces of its main thread, which Go keeps
// even if the goroutine locked to it ends. So no test may run there.
func init() { runtime.LockOSThread() }
