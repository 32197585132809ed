// Command report makes docs/interop.md of what `go test -json` prints of the
// tests against other software: each subtest is a row, named as the subtest is.
// It owns that page, and knows no test by name but those of other rooms.
//
//	go test -json ./test/interop | go run ./test/interop/report >docs/interop.md
//
// Its exit code is 1 where a test has failed.
package main
