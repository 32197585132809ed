// Package runtimetest is the suite that every runtime must pass, and a host to
// test one with.
package runtimetest
