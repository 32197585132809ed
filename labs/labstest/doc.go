// Package labstest holds what the tests of labs and of the rooms below it share. It
// must not be imported by anything else.
package labstest
