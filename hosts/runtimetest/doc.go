// Package runtimetest is the suite that every runtime passes, and a host to test
// one with.
package runtimetest
