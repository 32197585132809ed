package guard

import "runtime"

// A process counts as being in the namespaces of its main thread. Go keeps that
// thread even if its goroutine has left it in another namespace, so no test may
// run there.
func init() { runtime.LockOSThread() }
