// Package labstest is what tests of the rooms of labs share. It must not be
// imported by anything else.
package labstest
