package look

import "runtime"

// A process counts as being in the namespaces of its main thread, which Go keeps
// even if the goroutine on it cannot continue. So no test may run there.
func init() { runtime.LockOSThread() }
