// Package catalog finds the topology that a command names: one of the ready
// labs that come with the program, a file, or standard input.
//
// It must not contain what a file means, which is the topology room's, nor
// anything of labs that run.
package catalog
